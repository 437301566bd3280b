import * as op from "../primitives.ts";
import type { Value } from "../value.ts";
import { oneInput, type Rows } from "./rule.ts";

/** Copies a reduced value back over the axes that had vanished, in the shape of x. */
function spread(reduced: Value, x: Value, axes: readonly number[]): Value {
  const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  return op.broadcast(op.reshape(reduced, kept), x.shape);
}

/** Operations that shrink axes to nothing. */
export const REDUCTIONS: Rows<"sum" | "max" | "argmax"> = {
  // Every element counts once.
  sum: oneInput(
    (x, { axes }) => op.sum(x, axes),
    ({ dy, x, attributes }) => spread(dy, x, attributes.axes),
  ),
  // Evenly to all elements that equal the maximum, as PyTorch's amax.
  max: oneInput(
    (x, { axes }) => op.max(x, axes),
    ({ dy, x, y, attributes: { axes } }) => {
      const ties = op.cast(op.compare("equal", x, spread(y, x, axes)), "float32");
      return op.mul(spread(op.div(dy, op.sum(ties, axes)), x, axes), ties);
    },
  ),
  argmax: oneInput(
    (x, { axis }) => op.argmax(x, axis),
    () => null,
  ),
};
