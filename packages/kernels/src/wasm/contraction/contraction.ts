import type { ContractKernel } from "../../ir.ts";
import type { EmitBody } from "../body-pointers.ts";
import type { KernelContext } from "../context.ts";
import type { Geometry } from "./geometry.ts";
import { emitMatmul, planMatmul } from "./matmul.ts";

/** Bytes of scratch memory that {@link emitContraction} needs for a kernel. */
export function contractionScratchBytes(kernel: ContractKernel, geometry: Geometry): number {
  switch (kernel.contraction.operation) {
    case "matmul":
      return planMatmul(kernel, geometry).scratchBytes;
    default:
      return 0;
  }
}

/**
 * Writes a contraction into the context's function. Vector loads reach up to 12 bytes beyond the end of an operand: memory must not end
 * there.
 */
export function emitContraction(context: KernelContext, kernel: ContractKernel, emitBody: EmitBody): void {
  if (kernel.epilogue.shape.includes(0)) return;
  switch (kernel.contraction.operation) {
    case "matmul":
      emitMatmul(context, kernel, emitBody);
      return;
    default:
      return;
  }
}
