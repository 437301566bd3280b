import type { Kernel, Place } from "../ir.ts";
import { kernelReads, kernelWrites } from "../kernel-access.ts";
import type { Storages } from "../storages.ts";
import { dependencies } from "./chain/dependencies.ts";
import type { GpuFeatures, GpuKernel } from "./kernel-code.ts";

/** The kernels that make a kernel up, as far as memory is concerned. */
export function wholeKernels(kernel: GpuKernel): readonly Kernel[] {
  return kernel.kind === "chain" ? kernel.whole : [kernel];
}

/** The buffers that a kernel needs beside the arena: inputs, outputs and the constants. */
function buffersOf(storages: Storages, kernel: GpuKernel): Set<string> {
  const names = wholeKernels(kernel)
    .flatMap((whole) => [...kernelReads(whole), ...kernelWrites(whole)])
    .flatMap(({ storage }) => bufferName(storages.get(storages.root(storage)).place));
  return new Set(names);
}

function bufferName(place: Place): string[] {
  if (place.kind === "input" || place.kind === "output") return [`${place.kind}${place.index}`];
  return place.kind === "constant" ? ["constants"] : [];
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
  const { before } = dependencies(storages.all(), kernels.map(wholeKernels));
  const dispatches: { kernels: GpuKernel[]; buffers: Set<string> }[] = [];
  /** By number of the kernel: the dispatch it is in. */
  const places: number[] = [];
  for (const [number, kernel] of kernels.entries()) {
    const buffers = buffersOf(storages, kernel);
    // The arena is the buffer that is counted apart.
    const hasRoom = (dispatch: { buffers: ReadonlySet<string> }): boolean =>
      new Set([...dispatch.buffers, ...buffers]).size < features.storageBuffers;
    let position = Math.max(0, dispatches.length - LEAD_MAX);
    for (const earlier of before[number]) position = Math.max(position, places[earlier] + 1);
    while (position < dispatches.length && !hasRoom(dispatches[position])) position++;
    if (position === dispatches.length) dispatches.push({ kernels: [], buffers: new Set() });
    const dispatch = dispatches[position];
    dispatch.kernels.push(kernel);
    for (const buffer of buffers) dispatch.buffers.add(buffer);
    places[number] = position;
  }
  return dispatches.map((dispatch) => dispatch.kernels);
}
