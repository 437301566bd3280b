import type { TensorType } from "../dtype.ts";
import type { PrimitiveAttributes } from "../operations.ts";
import { requireAxes, requireAxis, requireDType, requireOne, requireShapes } from "./checks.ts";

function without(type: TensorType, axes: readonly number[]): number[] {
  return type.shape.filter((_, axis) => !axes.includes(axis));
}

function inferSum(inputs: readonly TensorType[], attributes: PrimitiveAttributes["sum"]): TensorType[] {
  const x = requireOne("sum", inputs);
  requireDType("sum", "the input", x, ["float32", "int32", "uint32"]);
  requireAxes("sum", x, attributes.axes);
  return [{ dtype: x.dtype, shape: without(x, attributes.axes) }];
}

function requireElements(operation: string, x: TensorType, axes: readonly number[]): void {
  requireShapes(
    operation,
    [x],
    axes.every((axis) => x.shape[axis] !== 0),
    `the axes [${axes.join(", ")}] must have at least 1 element each: there is no largest of none`,
  );
}

function inferMax(inputs: readonly TensorType[], attributes: PrimitiveAttributes["max"]): TensorType[] {
  const x = requireOne("max", inputs);
  requireDType("max", "the input", x, ["float32", "int32"]);
  requireAxes("max", x, attributes.axes);
  requireElements("max", x, attributes.axes);
  return [{ dtype: x.dtype, shape: without(x, attributes.axes) }];
}

function inferArgmax(inputs: readonly TensorType[], attributes: PrimitiveAttributes["argmax"]): TensorType[] {
  const x = requireOne("argmax", inputs);
  requireDType("argmax", "the input", x, ["float32", "int32"]);
  requireAxis("argmax", x, attributes.axis);
  requireElements("argmax", x, [attributes.axis]);
  return [{ dtype: "int32", shape: without(x, [attributes.axis]) }];
}

/** Axes vanish. */
export const REDUCTION_INFERENCE = { sum: inferSum, max: inferMax, argmax: inferArgmax };
