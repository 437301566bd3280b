import type { StorageId } from "../ir.ts";
import { kernelReads, kernelWrites } from "../kernel-access.ts";
import { packBlocks } from "../memory-plan.ts";
import type { Storages } from "../storages.ts";
import type { GpuKernel } from "./kernel-code.ts";
import { wholeKernels } from "./schedule.ts";

/** In the arena an element of any dtype has a word of its own: neighbours may be written by different invocations. */
export const WORD_BYTES = 4;

/** Where everything in a run's scratch memory lies. */
export interface ArenaPlan {
  readonly bytes: number;
  /** First word of each storage in the arena. */
  readonly words: ReadonlyMap<StorageId, number>;
}

/**
 * Packs the storages of the arena. What one dispatch uses is there all the time of that dispatch, as its kernels run in no order.
 */
export function planArena(storages: Storages, dispatches: readonly (readonly GpuKernel[])[]): ArenaPlan {
  const lives = new Map<StorageId, { first: number; last: number }>();
  const use = (storage: StorageId, position: number): void => {
    const root = storages.root(storage);
    if (storages.get(root).place.kind !== "arena") return;
    const live = lives.get(root);
    if (live === undefined) lives.set(root, { first: position, last: position });
    else live.last = position;
  };
  for (const [position, kernels] of dispatches.entries()) {
    for (const kernel of kernels.flatMap(wholeKernels)) {
      for (const { storage } of [...kernelReads(kernel), ...kernelWrites(kernel)]) use(storage, position);
    }
  }
  const entries = [...lives];
  const blocks = entries.map(([root, live]) => ({ ...live, bytes: storages.get(root).length * WORD_BYTES }));
  const { offsets, bytes } = packBlocks(blocks);
  return { bytes, words: new Map(entries.map(([root], index) => [root, offsets[index] / WORD_BYTES])) };
}

/** The literal elements of all constant storages, a word each, and where each storage's begin. */
export interface ConstantWords {
  readonly words: Uint32Array<ArrayBuffer>;
  readonly starts: ReadonlyMap<StorageId, number>;
}

/** Collects the constants that kernels read. */
export function collectConstants(storages: Storages, kernels: readonly GpuKernel[]): ConstantWords {
  const starts = new Map<StorageId, number>();
  const words: number[] = [];
  const known = new Map<string, number>();
  const bits = new DataView(new ArrayBuffer(WORD_BYTES));
  for (const { storage } of kernels.flatMap(wholeKernels).flatMap(kernelReads)) {
    const root = storages.root(storage);
    const { place, dtype } = storages.get(root);
    if (place.kind !== "constant" || starts.has(root)) continue;
    const own = place.values.map((value) => {
      if (dtype === "float32") bits.setFloat32(0, value);
      else bits.setInt32(0, value);
      return bits.getUint32(0);
    });
    const key = own.join();
    const start = known.get(key) ?? words.length;
    if (!known.has(key)) for (const word of own) words.push(word);
    known.set(key, start);
    starts.set(root, start);
  }
  return { words: Uint32Array.from(words), starts };
}
