import { elementCount, type Shape, shapesEqual, showShape } from "@tributary/program";
import { AutogradError } from "../errors.ts";
import * as op from "../primitives.ts";
import type { Value } from "../value.ts";
import { axisOf, completeShape } from "./promotion.ts";

/** Size of one dimension. @throws AutogradError INVALID_AXIS */
export function sizeOf(x: Value, dim: number): number {
  return x.shape[axisOf("size", dim, x.shape.length)] ?? 0;
}

/** The same elements under another shape, in which one -1 stands for what is left. */
export function reshape(x: Value, shape: Shape): Value {
  return op.reshape(x, completeShape("reshape", x, shape));
}

/** Dimensions in another order. @throws AutogradError INVALID_AXIS */
export function permute(x: Value, dims: readonly number[]): Value {
  const rank = x.shape.length;
  const axes = dims.map((dim) => axisOf("permute", dim, rank));
  if (new Set(axes).size !== rank || axes.length !== rank) {
    throw new AutogradError(
      "INVALID_AXIS",
      `permute: [${dims.join(", ")}] does not name each of the ${rank} dimensions of ${showShape(x.shape)} once`,
    );
  }
  return op.permute(x, axes);
}

/** Two dimensions exchanged. */
export function transpose(x: Value, dim0: number, dim1: number): Value {
  const [a, b] = [axisOf("transpose", dim0, x.shape.length), axisOf("transpose", dim1, x.shape.length)];
  return op.permute(
    x,
    x.shape.map((_, axis) => (axis === a ? b : axis === b ? a : axis)),
  );
}

/** Dimensions from `start` to `end`, both included, made one. */
export function flatten(x: Value, start: number, end: number): Value {
  if (x.shape.length === 0) return op.reshape(x, [1]);
  const [first, last] = [axisOf("flatten", start, x.shape.length), axisOf("flatten", end, x.shape.length)];
  const middle = elementCount(x.shape.slice(first, last + 1));
  return op.reshape(x, [...x.shape.slice(0, first), middle, ...x.shape.slice(last + 1)]);
}

/** A dimension of 1 put before `dim`. */
export function unsqueeze(x: Value, dim: number): Value {
  return op.reshape(x, x.shape.toSpliced(axisOf("unsqueeze", dim, x.shape.length + 1), 0, 1));
}

/** Dimensions of 1 removed: all of them, or the one named if it is 1. */
export function squeeze(x: Value, dim: number | undefined): Value {
  if (dim === undefined) {
    return op.reshape(
      x,
      x.shape.filter((size) => size !== 1),
    );
  }
  const axis = axisOf("squeeze", dim, x.shape.length);
  return x.shape[axis] === 1 ? op.reshape(x, x.shape.toSpliced(axis, 1)) : x;
}

/** Dimensions of 1 stretched; -1 keeps a dimension. @throws AutogradError SHAPE_MISMATCH */
export function expand(x: Value, shape: Shape): Value {
  const lead = shape.length - x.shape.length;
  const target = shape.map((size, axis) => (size === -1 ? (x.shape[axis - lead] ?? -1) : size));
  const fits = x.shape.every((size, axis) => size === 1 || size === target[axis + lead]);
  if (lead < 0 || !fits || target.includes(-1)) {
    throw new AutogradError(
      "SHAPE_MISMATCH",
      `expand: ${showShape(x.shape)} cannot become ${showShape(shape)}, since only dimensions of 1 can be stretched: reshape it first`,
    );
  }
  return op.broadcast(x, target);
}

/** Elements start, start + step, ... below end of one dimension; negative bounds count from the end, as in Python. */
export function slice(x: Value, dim: number, start: number, end: number, step: number): Value {
  const axis = axisOf("slice", dim, x.shape.length);
  if (!Number.isInteger(step) || step < 1) {
    throw new AutogradError(
      "INVALID_ARGUMENT",
      `slice: step is ${step}, but must be an integer of at least 1: flip first to go backwards`,
    );
  }
  const size = x.shape[axis] ?? 0;
  const bound = (index: number): number => Math.min(Math.max(index < 0 ? index + size : index, 0), size);
  const from = bound(start);
  const at = <Item>(replaced: Item, others: (size: number) => Item): Item[] =>
    x.shape.map((length, position) => (position === axis ? replaced : others(length)));
  return op.slice(x, {
    starts: at(from, () => 0),
    ends: at(Math.max(bound(end), from), (length) => length),
    strides: at(step, () => 1),
  });
}

/** `length` elements of one dimension, from `start` on. @throws AutogradError INVALID_ARGUMENT when they are not all there */
export function narrow(x: Value, dim: number, start: number, length: number): Value {
  const size = x.shape[axisOf("narrow", dim, x.shape.length)] ?? 0;
  const first = start < 0 ? start + size : start;
  if (!Number.isInteger(first) || !Number.isInteger(length) || first < 0 || length < 0 || first + length > size) {
    throw new AutogradError(
      "INVALID_ARGUMENT",
      `narrow: ${length} elements from ${start} on are not in dimension ${dim} of ${showShape(x.shape)}, which has ${size}`,
    );
  }
  return slice(x, dim, first, first + length, 1);
}

/** One index of a dimension, which vanishes. */
export function select(x: Value, dim: number, index: number): Value {
  const chosen = narrow(x, dim, index, 1);
  return op.reshape(chosen, chosen.shape.toSpliced(axisOf("select", dim, x.shape.length), 1));
}

/** A literal put around: [before, after] of the last dimension, then of the one before it, ... (PyTorch's order). @throws AutogradError INVALID_ARGUMENT */
export function pad(x: Value, pads: readonly number[], value: number): Value {
  const rank = x.shape.length;
  if (pads.length % 2 !== 0 || pads.length > 2 * rank || pads.some((each) => !Number.isInteger(each) || each < 0)) {
    throw new AutogradError(
      "INVALID_ARGUMENT",
      `pad: [${pads.join(", ")}] must be pairs of integers of at least 0, at most ${rank} of them for ${showShape(x.shape)}`,
    );
  }
  const side = (offset: number): number[] => x.shape.map((_, axis) => pads[2 * (rank - 1 - axis) + offset] ?? 0);
  return op.pad(x, { low: side(0), high: side(1), interior: x.shape.map(() => 0), value });
}

/** The order along some dimensions reversed. */
export function flip(x: Value, dims: readonly number[]): Value {
  const axes = dims.map((dim) => axisOf("flip", dim, x.shape.length));
  return op.flip(
    x,
    axes.toSorted((a, b) => a - b),
  );
}

/** Values joined along an existing dimension. @throws AutogradError INVALID_ARGUMENT for none */
export function concat(values: readonly Value[], dim: number): Value {
  const [first] = values;
  if (first === undefined)
    throw new AutogradError("INVALID_ARGUMENT", "concat: there are no tensors: give at least one");
  return op.concat(values, axisOf("concat", dim, first.shape.length));
}

/** Values of one shape joined along a new dimension. @throws AutogradError SHAPE_MISMATCH, INVALID_ARGUMENT */
export function stack(values: readonly Value[], dim: number): Value {
  const [first] = values;
  const odd = values.find((value) => first !== undefined && !shapesEqual(value.shape, first.shape));
  if (first !== undefined && odd !== undefined) {
    throw new AutogradError(
      "SHAPE_MISMATCH",
      `stack: tensors are ${showShape(first.shape)} and ${showShape(odd.shape)}, but must be alike`,
    );
  }
  const axis = first === undefined ? 0 : axisOf("stack", dim, first.shape.length + 1);
  return concat(
    values.map((value) => unsqueeze(value, axis)),
    axis,
  );
}
