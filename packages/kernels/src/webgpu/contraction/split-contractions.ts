import { elementCount } from "@tributary/program";
import type { Body, ContractKernel, Kernel, ReduceKernel } from "../../ir.ts";
import { denseWindow } from "../../window.ts";
import type { GpuFeatures, GpuStorages } from "../kernel-code.ts";
import { productsOf } from "./contraction-products.ts";
import { planProduct } from "./geometry.ts";
import { outputShape, PART_MULTIPLE, type PartialContraction, type Product, partLength } from "./product.ts";

/** Least length of a part of the depth: shorter ones would cost more in sums to write and read than they save. */
const PART_DEPTH_MIN = 256;
/** Most parts: their sums are added one after the other. */
const SPLITS_MAX = 128;
/** Most elements of all parts' sums: 64 MiB. */
const PARTIAL_ELEMENTS_MAX = 1 << 24;
/** What a further dispatch costs, and what an element costs that it reads, in the unit of a plan's cost: about 7 microseconds, and 8 bytes. */
const DISPATCH_COST = 1_500_000;
const ELEMENT_COST = 2;

/**
 * Cuts the depth of contractions with few outputs and a long depth (gradients of weights) into parts, so that there is work for a whole GPU: a
 * partial contraction writes the parts' sums, and a reduction adds them and does the epilogue. How many parts there are follows
 * from shapes alone, so results are the same in every run.
 */
export function splitContractions(
  storages: GpuStorages,
  kernels: readonly Kernel[],
  features: Pick<GpuFeatures, "bindingBytes">,
): readonly Kernel[] {
  return kernels.flatMap((kernel): readonly Kernel[] => {
    if (kernel.kind !== "contract") return [kernel];
    const splits = splitCount(kernel, features);
    return splits === 1 ? [kernel] : splitOne(storages, kernel, splits);
  });
}

/** Into how many parts a contraction's depth is cut. 1: not at all. */
export function splitCount(kernel: ContractKernel, features: Pick<GpuFeatures, "bindingBytes">): number {
  const [product, ...others] = productsOf(kernel);
  if (product === undefined || others.length > 0 || product.depth < 2 * PART_DEPTH_MIN) return 1;
  const elements = elementCount(kernel.epilogue.shape);
  const most = Math.min(PARTIAL_ELEMENTS_MAX, features.bindingBytes / 16);
  let best = { splits: 1, cost: planProduct(product, false).cost };
  for (let aim = 2; aim <= SPLITS_MAX; aim *= 2) {
    const splits = usedParts(product, aim);
    const part = partLength({ depth: product.depth, splits });
    const plan = planProduct({ ...product, splits }, false);
    if (part < PART_DEPTH_MIN || splits * elements > most) break;
    const cost = plan.cost + DISPATCH_COST + splits * elements * ELEMENT_COST;
    if (cost < best.cost) best = { splits, cost };
  }
  return best.splits;
}

/** Parts that are not empty when the depth is cut into about so many. */
function usedParts({ depth }: Product, aim: number): number {
  const part = Math.ceil(depth / aim / PART_MULTIPLE) * PART_MULTIPLE;
  return Math.ceil(depth / part);
}

function splitOne(storages: GpuStorages, kernel: ContractKernel, splits: number): [PartialContraction, ReduceKernel] {
  const shape = [splits, ...outputShape(kernel)];
  const window = denseWindow(shape);
  const storage = storages.add({ dtype: "float32", length: elementCount(shape) });
  const parts: Body = {
    shape,
    steps: [{ kind: "result", dtype: "float32", number: 0 }],
    stores: [{ step: 0, storage, window }],
  };
  const prologue: Body = { shape, steps: [{ kind: "load", dtype: "float32", storage, window }], stores: [] };
  return [
    { ...kernel, epilogue: parts, splits },
    {
      kind: "reduce",
      prologue,
      axes: [0],
      reductions: [{ reducer: "sum", step: 0, dtype: "float32" }],
      epilogue: kernel.epilogue,
    },
  ];
}
