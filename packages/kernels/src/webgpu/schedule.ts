import type { Kernel, Place, StorageId } from "../ir.ts";
import { type Access, kernelReads, kernelWrites, rootAccess } from "../kernel-access.ts";
import type { Storages } from "../storages.ts";
import { windowBounds } from "../window.ts";
import type { ChainKernel, GpuFeatures, GpuKernel } from "./kernel-code.ts";

/** A part of a piece of memory, from its first to its last element. */
interface Touch {
  readonly memory: string;
  readonly first: number;
  readonly last: number;
}

/** What a kernel does to memory. */
interface Footprint {
  readonly reads: readonly Touch[];
  readonly writes: readonly Touch[];
}

/** The kernels that make a kernel up, as far as memory is concerned. */
export function wholeKernels(kernel: GpuKernel): readonly Kernel[] {
  return kernel.kind === "chain" ? kernel.whole : [kernel];
}

/** The name of the memory that a storage is in: storages of one name may share elements. */
export function memoryName(place: Place, root: StorageId): string {
  return place.kind === "input" || place.kind === "output" ? `${place.kind}${place.index}` : `storage${root}`;
}

function touches(storages: Storages, accesses: readonly Access[]): Touch[] {
  return accesses.flatMap((access) => {
    const { storage, shape, window } = rootAccess(storages, access);
    const bounds = windowBounds(shape, window);
    if (bounds === null) return [];
    return [{ memory: memoryName(storages.get(storage).place, storage), ...bounds }];
  });
}

function footprint(storages: Storages, kernel: GpuKernel): Footprint {
  const whole = wholeKernels(kernel);
  return {
    reads: touches(storages, whole.flatMap(kernelReads)),
    writes: touches(storages, whole.flatMap(kernelWrites)),
  };
}

const overlap = (a: readonly Touch[], b: readonly Touch[]): boolean =>
  a.some((x) => b.some((y) => x.memory === y.memory && x.first <= y.last && y.first <= x.last));

/** Whether the later of two kernels must wait for the earlier: it reads what that writes, or writes what that reads or writes. */
function mustWait(later: Footprint, earlier: Footprint): boolean {
  return (
    overlap(later.reads, earlier.writes) || overlap(later.writes, earlier.reads) || overlap(later.writes, earlier.writes)
  );
}

/** The buffers that kernels need beside the arena: inputs, outputs and the constants. */
function buffersOf(storages: Storages, kernel: GpuKernel): Set<string> {
  const names = wholeKernels(kernel)
    .flatMap((whole) => [...kernelReads(whole), ...kernelWrites(whole)])
    .map(({ storage }) => storages.get(storages.root(storage)).place);
  return new Set(
    names.flatMap((place) => {
      if (place.kind === "input" || place.kind === "output") return [`${place.kind}${place.index}`];
      return place.kind === "constant" ? ["constants"] : [];
    }),
  );
}

/**
 * How many dispatches a kernel may come earlier than it stands in the list. What is computed early is kept long: a checkpointed layer is
 * computed again just before its gradient, and must not be at once.
 */
const LEAD_MAX = 8;

/**
 * Kernels that run in one dispatch, and the dispatches one after the other. A kernel joins the earliest dispatch behind all
 * that it must wait for, if that is not far back and has room for its buffers.
 */
export function scheduleDispatches(
  storages: Storages,
  kernels: readonly GpuKernel[],
  features: Pick<GpuFeatures, "storageBuffers">,
): readonly (readonly GpuKernel[])[] {
  const dispatches: { kernels: GpuKernel[]; footprints: Footprint[]; buffers: Set<string> }[] = [];
  for (const kernel of kernels) {
    const own = footprint(storages, kernel);
    const buffers = buffersOf(storages, kernel);
    let position = dispatches.length;
    const earliest = Math.max(0, position - LEAD_MAX);
    while (position > earliest && !dispatches[position - 1].footprints.some((earlier) => mustWait(own, earlier))) position--;
    // The arena is the buffer that is counted apart.
    const room = (dispatch: { buffers: ReadonlySet<string> }): boolean =>
      new Set([...dispatch.buffers, ...buffers]).size < features.storageBuffers;
    while (position < dispatches.length && !room(dispatches[position])) position++;
    const dispatch = dispatches[position] ?? { kernels: [], footprints: [], buffers: new Set() };
    if (position === dispatches.length) dispatches.push(dispatch);
    dispatch.kernels.push(kernel);
    dispatch.footprints.push(own);
    for (const buffer of buffers) dispatch.buffers.add(buffer);
  }
  return dispatches.map((dispatch) => dispatch.kernels);
}

/** Whether a chain or a kernel alone. */
export function isChain(kernel: GpuKernel): kernel is ChainKernel {
  return kernel.kind === "chain";
}
