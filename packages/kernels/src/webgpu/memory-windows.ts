import { kernelReads, kernelWrites, rootAccess } from "../kernel-access.ts";
import type { Storages } from "../storages.ts";
import { windowBounds } from "../window.ts";
import { WORD_BYTES } from "./arena.ts";
import type { GpuKernel } from "./kernel-code.ts";
import { type Memory, type MemoryLayout, memoryVariable } from "./memory-layout.ts";
import { wholeKernels } from "./schedule.ts";

/** Ranges that are bound begin at multiples of this many bytes: the least that every GPU takes (WebGPU's minStorageBufferOffsetAlignment). */
const BINDING_ALIGNMENT_BYTES = 256;

/** The bytes of a memory that are bound to a dispatch. */
export interface MemoryWindow {
  readonly memory: Memory;
  /** Byte at which it begins. */
  readonly start: number;
  readonly bytes: number;
}

/** What the memories of a program are bound by. */
export interface WindowTarget {
  readonly storages: Storages;
  readonly layout: MemoryLayout;
  /** Bytes of one buffer that a dispatch can reach. */
  readonly bindingBytes: number;
}

/**
 * What of each memory is bound to kernels that share a dispatch, by the memory's name: all of it, where the GPU reaches so much at once; of a larger one, the
 * range that the kernels touch, which may be too much as well.
 */
export function memoryWindows(
  kernels: readonly GpuKernel[],
  { storages, layout, bindingBytes }: WindowTarget,
): ReadonlyMap<string, MemoryWindow> {
  const windows = new Map<string, MemoryWindow>();
  const accesses = kernels.flatMap(wholeKernels).flatMap((kernel) => [...kernelReads(kernel), ...kernelWrites(kernel)]);
  for (const access of accesses) {
    const { storage, shape, window } = rootAccess(storages, access);
    const { place, length } = storages.get(storage);
    // The two places of a carry are told of by its scan.
    if (place.kind === "carry") continue;
    const { memory, start, packing, bytes } = layout.home(storage);
    const name = memoryVariable(memory);
    if (bytes <= bindingBytes) {
      windows.set(name, { memory, start: 0, bytes });
      continue;
    }
    // Code may name what it then reads nothing of.
    const bounds = windowBounds(shape, window) ?? { first: 0, last: 0 };
    const wordOf = (element: number): number => Math.floor((start + element) / packing);
    const first = wordOf(Math.max(0, bounds.first)) * WORD_BYTES;
    const end = (wordOf(Math.min(length - 1, bounds.last)) + 1) * WORD_BYTES;
    windows.set(name, joined(windows.get(name), { memory, first, end }));
  }
  return windows;
}

function joined(
  known: MemoryWindow | undefined,
  { memory, first, end }: { readonly memory: Memory; readonly first: number; readonly end: number },
): MemoryWindow {
  const own = first - (first % BINDING_ALIGNMENT_BYTES);
  const start = Math.min(own, known?.start ?? own);
  return { memory, start, bytes: Math.max(end, known === undefined ? end : known.start + known.bytes) - start };
}
