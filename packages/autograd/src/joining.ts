import * as elementwise from "./functions/elementwise.ts";
import * as movement from "./functions/movement.ts";
import { type Operand, Tensor } from "./tensor.ts";

/** a where the condition (bool) holds, else b, with broadcasting over all three. @throws AutogradError DTYPE_MISMATCH, SHAPE_MISMATCH */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  const valueFrom = (operand: Operand) => (typeof operand === "object" ? operand.value : operand);
  return new Tensor(elementwise.where(condition.value, valueFrom(a), valueFrom(b)));
}

function joined(tensors: readonly Tensor[], dim: number, join: typeof movement.concat): Tensor {
  return new Tensor(
    join(
      tensors.map(({ value }) => value),
      dim,
    ),
  );
}

/** Tensors joined along an existing dimension; they are alike in all others. @throws AutogradError INVALID_AXIS, INVALID_ARGUMENT; ProgramError SHAPE_MISMATCH */
export function concat(tensors: readonly Tensor[], dim = 0): Tensor {
  return joined(tensors, dim, movement.concat);
}

/** Tensors of one shape joined along a new dimension. @throws AutogradError SHAPE_MISMATCH, INVALID_AXIS, INVALID_ARGUMENT */
export function stack(tensors: readonly Tensor[], dim = 0): Tensor {
  return joined(tensors, dim, movement.stack);
}
