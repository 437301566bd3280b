import type { Kernel, StorageId } from "../ir.ts";
import { kernelReads, kernelWrites } from "../kernel-access.ts";
import { ALIGNMENT_BYTES, packBanks } from "../memory-plan.ts";
import type { Storages } from "../storages.ts";
import type { GpuKernel } from "./kernel-code.ts";
import { wholeKernels } from "./schedule.ts";

/** In the arena an element of any dtype has a word of its own: neighbours may be written by different invocations. */
export const WORD_BYTES = 4;

/** Where everything in a run's scratch memory lies. */
export interface ArenaPlan {
  /** Bytes of each of its banks, which are buffers of their own: one, unless that would be more than a dispatch can reach. */
  readonly banks: readonly number[];
  /** Bank, and first word there, of each storage in the arena. */
  readonly places: ReadonlyMap<StorageId, { readonly bank: number; readonly word: number }>;
}

/**
 * Packs the storages of the arena. What one dispatch uses is there all the time of that dispatch, as its kernels run in no order.
 * @param bankBytes what a dispatch can reach of one buffer; only a storage that is larger makes a larger bank
 */
export function planArena(
  storages: Storages,
  dispatches: readonly (readonly GpuKernel[])[],
  bankBytes: number,
): ArenaPlan {
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
  const plan = (groups: Iterable<readonly StorageId[]>, capacity: number): ArenaPlan => {
    const starts = new Map<StorageId, number>();
    const blocks = [...groups].map((roots) => {
      const block = { first: Number.POSITIVE_INFINITY, last: 0, bytes: 0, roots };
      for (const root of roots) {
        const { first, last } = lives.get(root) ?? { first: 0, last: 0 };
        const start = Math.ceil(block.bytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
        starts.set(root, start);
        block.first = Math.min(block.first, first);
        block.last = Math.max(block.last, last);
        block.bytes = start + storages.get(root).length * WORD_BYTES;
      }
      return block;
    });
    const { places, banks } = packBanks(blocks, capacity);
    const found = blocks.flatMap(({ roots }, index) => {
      const { bank, offset } = places[index];
      return roots.map((root) => [root, { bank, word: (offset + (starts.get(root) ?? 0)) / WORD_BYTES }] as const);
    });
    return { banks, places: new Map(found) };
  };
  const roots = [...lives.keys()];
  const whole = plan(
    roots.map((root) => [root]),
    Number.POSITIVE_INFINITY,
  );
  return whole.banks[0] <= bankBytes
    ? whole
    : plan(new Set(carryGroups(storages, dispatches, roots).values()), bankBytes);
}

/** Of each storage, those that must be in one memory with it: code finds there both that a carry alternates between. */
function carryGroups(
  storages: Storages,
  dispatches: readonly (readonly GpuKernel[])[],
  all: readonly StorageId[],
): ReadonlyMap<StorageId, readonly StorageId[]> {
  const groups = new Map<StorageId, readonly StorageId[]>(all.map((root) => [root, [root]]));
  const note = (kernel: Kernel): void => {
    if (kernel.kind !== "scan") return;
    for (const { last, other } of kernel.carries) {
      const roots = [last, other].map((storage) => storages.root(storage));
      const group = [...new Set(roots.flatMap((root) => groups.get(root) ?? [root]))];
      for (const root of group) groups.set(root, group);
    }
    kernel.kernels.forEach(note);
  };
  dispatches.flat().flatMap(wholeKernels).forEach(note);
  return groups;
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
