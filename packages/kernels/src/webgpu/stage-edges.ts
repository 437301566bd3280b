import type { Kernel, Place, StorageId } from "../ir.ts";
import { kernelReads, kernelWrites } from "../kernel-access.ts";
import { copyBody } from "../placement.ts";
import type { Storages } from "../storages.ts";
import type { GpuFeatures } from "./kernel-code.ts";

/** Buffers that any kernel may need beside inputs and outputs: the arena and the constants. */
const OWN_BUFFERS = 2;

type Edge = Extract<Place, { kind: "input" | "output" }>;

/**
 * Brings inputs and outputs to the arena where one kernel uses more of them than a dispatch may bind: the smallest ones, copied in before the
 * first kernel and out behind the last.
 */
export function stageEdges(
  storages: Storages,
  kernels: readonly Kernel[],
  { storageBuffers }: Pick<GpuFeatures, "storageBuffers">,
): readonly Kernel[] {
  const before: Kernel[] = [];
  const after: Kernel[] = [];
  for (;;) {
    const crowded = kernels.find((kernel) => edgesOf(storages, kernel).size > storageBuffers - OWN_BUFFERS);
    if (crowded === undefined) return [...before, ...kernels, ...after];
    const [smallest] = [...edgesOf(storages, crowded).values()].sort((a, b) => a.length - b.length);
    const { copyIn, copyOut } = stage(storages, kernels, smallest.place);
    before.push(...copyIn);
    after.push(...copyOut);
  }
}

/** The inputs and outputs that a kernel uses, by their names. */
function edgesOf(storages: Storages, kernel: Kernel): Map<string, { readonly place: Edge; readonly length: number }> {
  const edges = new Map<string, { place: Edge; length: number }>();
  for (const { storage } of [...kernelReads(kernel), ...kernelWrites(kernel)]) {
    const { place, length } = storages.get(storages.root(storage));
    if (place.kind === "input" || place.kind === "output") edges.set(`${place.kind}${place.index}`, { place, length });
  }
  return edges;
}

/** Moves an edge to the arena. @returns the kernels that copy it there and back */
function stage(storages: Storages, kernels: readonly Kernel[], edge: Edge): { copyIn: Kernel[]; copyOut: Kernel[] } {
  const own = storages
    .all()
    .flatMap(({ place }, storage) => (place.kind === edge.kind && place.index === edge.index ? [storage] : []));
  const { dtype, length } = storages.get(own[0]);
  const isWritten = kernels.flatMap(kernelWrites).some(({ storage }) => own.includes(storages.root(storage)));
  const outside = storages.add(dtype, length, edge);
  const inside = storages.add(dtype, length);
  for (const storage of own) storages.move(storage, { kind: "alias", storage: inside, offset: 0 });
  const copy = (from: StorageId, to: StorageId): Kernel => ({ kind: "map", body: copyBody(storages, from, to) });
  return {
    copyIn: edge.kind === "input" ? [copy(outside, inside)] : [],
    copyOut: isWritten ? [copy(inside, outside)] : [],
  };
}
