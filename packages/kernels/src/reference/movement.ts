import type { PrimitiveAttributes } from "@tributary/program";
import { denseStrides, forEachIndex, type Kernel, positionOf, storedNumber, type Value } from "./value.ts";

/** Fills every output element with the input element whose index `source` tells. */
function moveInto(output: Value, x: Value, source: (index: readonly number[]) => readonly number[]): void {
  const strides = denseStrides(x.shape);
  forEachIndex(output.shape, (index, position) => {
    output.data[position] = x.data[positionOf(source(index), strides)];
  });
}

/** Puts every input element where `target` tells, in an output that may be larger. */
function placeInto(output: Value, x: Value, target: (index: readonly number[]) => readonly number[]): void {
  const strides = denseStrides(output.shape);
  forEachIndex(x.shape, (index, position) => {
    output.data[positionOf(target(index), strides)] = x.data[position];
  });
}

/** A copy: row-major order stays. */
export const reshape: Kernel<PrimitiveAttributes["reshape"]> = (_, [x], [output]) => output.data.set(x.data);

/** Output axis i is input axis permutation[i]. */
export const permute: Kernel<PrimitiveAttributes["permute"]> = ({ permutation }, [x], [output]) => {
  moveInto(output, x, (index) => x.shape.map((_, axis) => index[permutation.indexOf(axis)]));
};

/** An input dimension of 1 is read at 0, and axes that the input lacks are not read at all. */
export const broadcast: Kernel<PrimitiveAttributes["broadcast"]> = (_, [x], [output]) => {
  const added = output.shape.length - x.shape.length;
  moveInto(output, x, (index) => x.shape.map((dimension, axis) => (dimension === 1 ? 0 : index[axis + added])));
};

/** Element i of an axis is input element start + i stride. */
export const slice: Kernel<PrimitiveAttributes["slice"]> = ({ starts, strides }, [x], [output]) => {
  moveInto(output, x, (index) => index.map((i, axis) => starts[axis] + i * strides[axis]));
};

/** Fills with the value, then places the input with gaps. */
export const pad: Kernel<PrimitiveAttributes["pad"]> = ({ low, interior, value }, [x], [output]) => {
  output.data.fill(storedNumber(value, "float32", output.dtype));
  placeInto(output, x, (index) => index.map((i, axis) => low[axis] + i * (interior[axis] + 1)));
};

/** Places one input after the other along the axis. */
export const concat: Kernel<PrimitiveAttributes["concat"]> = ({ axis: along }, inputs, [output]) => {
  let start = 0;
  for (const x of inputs) {
    const offset = start;
    placeInto(output, x, (index) => index.map((i, axis) => (axis === along ? i + offset : i)));
    start += x.shape[along];
  }
};

/** Reads the flipped axes from their ends. */
export const flip: Kernel<PrimitiveAttributes["flip"]> = ({ axes }, [x], [output]) => {
  moveInto(output, x, (index) => index.map((i, axis) => (axes.includes(axis) ? x.shape[axis] - 1 - i : i)));
};
