import { elementCount } from "@tributary/program";
import type { ContractKernel } from "../../ir.ts";
import type { LeafKernel } from "./loop-space.ts";

/** Multiplications of a product that take about as long as one element of an elementwise kernel: those wait for memory. */
const PRODUCTS_PER_UNIT = 16;

/** How much a kernel does, in elements of elementwise work. */
export function kernelWork(kernel: LeafKernel): number {
  switch (kernel.kind) {
    case "map":
      return elementCount(kernel.body.shape);
    case "reduce":
      return elementCount(kernel.prologue.shape);
    case "contract":
      return Math.ceil((elementCount(kernel.epilogue.shape) * contractionDepth(kernel)) / PRODUCTS_PER_UNIT);
    case "pool":
      return elementCount(kernel.x.shape);
    case "index":
      return Math.max(elementCount(kernel.output.shape), elementCount(kernel.index.shape));
    case "rows":
      return 2 * elementCount(kernel.inputs[0].shape);
    default:
      return kernel satisfies never;
  }
}

/** Products that are summed for each result. */
export function contractionDepth({ contraction, a, b }: ContractKernel): number {
  switch (contraction.operation) {
    case "matmul":
      return a.shape[a.shape.length - 1];
    case "convolution":
      return elementCount(b.shape.slice(1));
    case "convolutionInputGradient":
      return (b.shape[0] / contraction.attributes.groups) * elementCount(b.shape.slice(2));
    case "convolutionWeightGradient":
      return b.shape[0] * elementCount(b.shape.slice(2));
    default:
      return contraction satisfies never;
  }
}
