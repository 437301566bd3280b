import type { Body, Kernel, Step, Storage, StorageId } from "../../ir.ts";
import { type Access, kernelReads, kernelWrites } from "../../kernel-access.ts";
import { locate } from "./element-sets.ts";

/**
 * What a scan of one turn computes begins when all that it reads is there: a checkpoint computes activations again so that they need not be kept, which would be in vain if that were done
 * early. Its kernels get a load of what was written last.
 * @param earlier what runs before
 */
export function awaitInputs(
  table: readonly Storage[],
  earlier: readonly Kernel[],
  kernels: readonly Kernel[],
): readonly Kernel[] {
  const memory = ({ storage }: Access): string | null => memoryOf(table, storage);
  const reads = kernels.flatMap(kernelReads).filter((access) => memory(access) !== null && !access.shape.includes(0));
  const latest = earlier.findLast((kernel) => {
    const written = new Set(kernelWrites(kernel).map(memory));
    return reads.some((read) => written.has(memory(read)));
  });
  if (latest === undefined) return kernels;
  const written = new Set(kernelWrites(latest).map(memory));
  const awaited = reads.find((read) => written.has(memory(read)));
  if (awaited === undefined) return kernels;
  return kernels.map((kernel) => {
    const overwrites = kernelWrites(kernel).some((write) => memory(write) === memory(awaited));
    return overwrites ? kernel : waiting(kernel, table, awaited);
  });
}

/** The memory of a storage that does not move. */
function memoryOf(table: readonly Storage[], storage: StorageId): string | null {
  const { place } = table[storage];
  if (place.kind === "alias") return memoryOf(table, place.storage);
  return place.kind === "carry" || place.kind === "turn" ? null : (locate(table, storage, [])[0]?.memory ?? null);
}

function waiting(kernel: Kernel, table: readonly Storage[], { storage, window }: Access): Kernel {
  const body = (old: Body): Body => {
    const still = { offset: window.offset, strides: old.shape.map(() => 0) };
    const step: Step = { kind: "load", dtype: table[storage].dtype, storage, window: still };
    return { ...old, steps: [...old.steps, step] };
  };
  switch (kernel.kind) {
    case "map":
      return { ...kernel, body: body(kernel.body) };
    case "reduce":
      return { ...kernel, epilogue: body(kernel.epilogue) };
    case "contract":
      return { ...kernel, epilogue: body(kernel.epilogue) };
    case "pool":
    case "index":
    case "rows":
    case "scan":
      return kernel;
    default:
      return kernel satisfies never;
  }
}
