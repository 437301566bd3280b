import { elementCount, showType } from "@tributary/program";
import { AutogradError } from "../errors.ts";
import * as op from "../primitives.ts";
import type { Value } from "../value.ts";
import { asFloat, axesOf, axisOf } from "./promotion.ts";

/** Options of every reduction. */
export interface ReductionOptions {
  /** Whether reduced dimensions stay, with size 1. Default false. */
  readonly keepdim?: boolean;
}

type Dim = number | readonly number[] | undefined;

function restored(reduced: Value, x: Value, axes: readonly number[], options: ReductionOptions): Value {
  if (options.keepdim !== true) return reduced;
  const shape = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  return op.reshape(reduced, shape);
}

/** Sum over `dim`; booleans and uint8 are counted in int32. */
export function sum(x: Value, dim: Dim, options: ReductionOptions): Value {
  const axes = axesOf("sum", dim, x.shape.length);
  const summed = x.dtype === "bool" || x.dtype === "uint8" ? op.cast(x, "int32") : x;
  return restored(op.sum(summed, axes), x, axes, options);
}

/** Sum over `dim` divided by the number of elements. @throws AutogradError DTYPE_MISMATCH for integers */
export function mean(x: Value, dim: Dim, options: ReductionOptions): Value {
  if (x.dtype !== "float32") {
    throw new AutogradError(
      "DTYPE_MISMATCH",
      `mean: x is ${showType(x)}, but must be float32: convert with .to("float32")`,
    );
  }
  const total = sum(x, dim, options);
  const count = elementCount(x.shape) / elementCount(total.shape);
  return op.mul(total, op.full(total.shape, 1 / count));
}

/** Largest element over `dim`. */
export function amax(x: Value, dim: Dim, options: ReductionOptions): Value {
  const axes = axesOf("amax", dim, x.shape.length);
  return restored(op.max(x, axes), x, axes, options);
}

/** Smallest element over `dim`. */
export function amin(x: Value, dim: Dim, options: ReductionOptions): Value {
  return op.neg(amax(op.neg(x), dim, options));
}

/** Index of the first largest element along `dim`; without it, in the flattened tensor. */
export function argmax(x: Value, dim: number | undefined, options: ReductionOptions): Value {
  if (dim === undefined) return op.argmax(op.reshape(x, [elementCount(x.shape)]), 0);
  const axis = axisOf("argmax", dim, x.shape.length);
  return restored(op.argmax(x, axis), x, [axis], options);
}

/** Applies an operation of the last axis along another one. */
function along(x: Value, dim: number, name: string, ofLastAxis: (x: Value) => Value): Value {
  const axis = axisOf(name, dim, x.shape.length);
  const last = x.shape.length - 1;
  const swapped = x.shape.map((_, position) => (position === axis ? last : position === last ? axis : position));
  return op.permute(ofLastAxis(op.permute(x, swapped)), swapped);
}

/** e^x over its sum along `dim`. */
export function softmax(x: Value, dim: number): Value {
  return along(asFloat("softmax", x), dim, "softmax", op.softmax);
}

/** The logarithm of softmax along `dim`. */
export function logSoftmax(x: Value, dim: number): Value {
  return along(asFloat("logSoftmax", x), dim, "logSoftmax", op.logSoftmax);
}
