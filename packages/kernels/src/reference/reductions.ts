import type { PrimitiveAttributes, Shape } from "@tributary/program";
import { denseStrides, forEachIndex, type Kernel, positionOf } from "./value.ts";

/** The index of the output element that an input index falls on: the input's without the axes that vanish. */
function withoutAxes(index: readonly number[], axes: readonly number[]): number[] {
  return index.filter((_, axis) => !axes.includes(axis));
}

/** Calls `visit` with the positions of every input element and of the output element it is reduced into, in input order. */
function forEachReduced(
  shape: Shape,
  axes: readonly number[],
  visit: (from: number, into: number, index: readonly number[]) => void,
): void {
  const strides = denseStrides(withoutAxes(shape, axes));
  forEachIndex(shape, (index, from) => visit(from, positionOf(withoutAxes(index, axes), strides), index));
}

/** Whether `candidate` takes the place of `best`: larger, or the first NaN. */
export function isLarger(candidate: number, best: number): boolean {
  return candidate > best || (Number.isNaN(candidate) && !Number.isNaN(best));
}

/** Floats in float64, rounded once; integers wrap. */
export const sum: Kernel<PrimitiveAttributes["sum"]> = ({ axes }, [x], [output]) => {
  if (output.dtype === "float32") {
    const totals = new Float64Array(output.data.length);
    forEachReduced(x.shape, axes, (from, into) => {
      totals[into] += x.data[from];
    });
    output.data.set(totals);
    return;
  }
  // Storing into an integer array wraps at every step, as the operation asks.
  forEachReduced(x.shape, axes, (from, into) => {
    output.data[into] += x.data[from];
  });
};

/** The largest element; a NaN is larger than all. */
export const max: Kernel<PrimitiveAttributes["max"]> = ({ axes }, [x], [output]) => {
  output.data.fill(output.dtype === "float32" ? Number.NEGATIVE_INFINITY : -(2 ** 31));
  forEachReduced(x.shape, axes, (from, into) => {
    if (isLarger(x.data[from], output.data[into])) output.data[into] = x.data[from];
  });
};

/** The place of the first largest element. */
export const argmax: Kernel<PrimitiveAttributes["argmax"]> = ({ axis }, [x], [output]) => {
  const best = new Float64Array(output.data.length);
  forEachReduced(x.shape, [axis], (from, into, index) => {
    if (index[axis] === 0 || isLarger(x.data[from], best[into])) {
      best[into] = x.data[from];
      output.data[into] = index[axis];
    }
  });
};
