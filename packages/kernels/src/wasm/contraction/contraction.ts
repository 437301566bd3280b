import type { ContractKernel } from "../../ir.ts";
import type { EmitBody } from "../body-pointers.ts";
import type { KernelContext } from "../context.ts";
import { emitConvolution, planConvolution } from "./convolution.ts";
import type { Geometry } from "./geometry.ts";
import { emitMatmul } from "./matmul.ts";
import { planMatmul } from "./matmul-plan.ts";
import { emitScatter, planScatter, prefersScatter } from "./scatter-gradient.ts";
import { emitWeightGradient } from "./weight-gradient.ts";
import { planWeightGradient } from "./weight-gradient-plan.ts";

/** Bytes of scratch memory that {@link emitContraction} needs for a kernel. */
export function contractionScratchBytes(kernel: ContractKernel, geometry: Geometry): number {
  if (kernel.epilogue.shape.includes(0)) return 0;
  const { contraction } = kernel;
  switch (contraction.operation) {
    case "matmul":
      return planMatmul(kernel, geometry).scratchBytes;
    case "convolution":
      return planConvolution(kernel).scratchBytes;
    case "convolutionInputGradient":
      return prefersScatter(kernel, contraction.attributes)
        ? planScatter(kernel, contraction.attributes).scratchBytes
        : planConvolution(kernel).scratchBytes;
    case "convolutionWeightGradient":
      return planWeightGradient(kernel, contraction.attributes, geometry).scratchBytes;
    default:
      return contraction satisfies never;
  }
}

/**
 * Writes a contraction into the context's function: C[M, N] = A[M, K] B[K, N], followed by the epilogue. Operations differ in how
 * blocks of A and B come to lie for the micro-kernels, and in where C goes. Vector loads reach up to 12 bytes beyond the end of
 * an operand: memory must not end there.
 *
 * @param emitBody writes the epilogue's steps; the locals it relies on are set already
 */
export function emitContraction(context: KernelContext, kernel: ContractKernel, emitBody: EmitBody): void {
  if (kernel.epilogue.shape.includes(0)) return;
  const { contraction } = kernel;
  switch (contraction.operation) {
    case "matmul":
      emitMatmul(context, kernel, emitBody);
      break;
    case "convolution":
      emitConvolution(context, kernel, emitBody);
      break;
    case "convolutionInputGradient":
      if (prefersScatter(kernel, contraction.attributes))
        emitScatter(context, kernel, contraction.attributes, emitBody);
      else emitConvolution(context, kernel, emitBody);
      break;
    case "convolutionWeightGradient":
      emitWeightGradient(context, kernel, contraction.attributes, emitBody);
      break;
    default:
      contraction satisfies never;
  }
}
