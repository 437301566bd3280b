import { type DType, elementCount, type Shape, showShape, showType } from "@tributary/program";
import { AutogradError } from "../errors.ts";
import { broadcast, cast, full } from "../primitives.ts";
import type { Value } from "../value.ts";

/** What a binary operation takes: a value, or a number that becomes a literal. */
export type Scalar = number | boolean;

const COMPUTED: readonly DType[] = ["float32", "int32", "uint32"];

function isValue(operand: Value | Scalar): operand is Value {
  return typeof operand === "object";
}

function show(operand: Value | Scalar): string {
  return isValue(operand) ? showType(operand) : String(operand);
}

/** NumPy's rule: shapes are aligned at their last dimension; each pair is equal, or one of it is 1. @throws AutogradError SHAPE_MISMATCH */
export function broadcastShapes(name: string, a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left === right || right === 1) return left;
    if (left === 1) return right;
    throw new AutogradError(
      "SHAPE_MISMATCH",
      `${name}: a is ${showShape(a)} and b is ${showShape(b)}, but dimension ${axis - rank} must be equal in both, or 1 in one: reshape or unsqueeze one of them`,
    );
  });
}

/** Whether a literal is exactly one of the integers of a dtype. */
function isLiteralOf(dtype: DType, literal: Scalar): boolean {
  switch (dtype) {
    case "float32":
    case "float16":
      return true;
    case "int32":
      return Number(literal) === (Number(literal) | 0);
    case "uint32":
      return Number(literal) === Number(literal) >>> 0;
    case "uint8":
      return Number(literal) === (Number(literal) & 255);
    case "bool":
      return Number(literal) === 0 || Number(literal) === 1;
    default:
      return dtype satisfies never;
  }
}

/** The dtype in which two operands meet: their own, or float32 when one is float32 or a fraction. */
function meet(name: string, a: Value | Scalar, b: Value | Scalar, dtypes: readonly DType[]): DType {
  const [left, right] = [isValue(a) ? a.dtype : null, isValue(b) ? b.dtype : null];
  if (left === null && right === null) return "float32";
  const dtype = left ?? right ?? "float32";
  const literal = isValue(a) ? b : a;
  if (left === "float32" || right === "float32") return "float32";
  if (!isValue(literal) && dtypes.includes(dtype)) return isLiteralOf(dtype, literal) ? dtype : "float32";
  if (left === right && dtypes.includes(dtype)) return dtype;
  throw new AutogradError(
    "DTYPE_MISMATCH",
    `${name}: a is ${show(a)} and b is ${show(b)}, and only int to float32 is converted silently: convert with .to("float32") or .to("int32")`,
  );
}

function stretch(operand: Value | Scalar, dtype: DType, shape: Shape): Value {
  if (!isValue(operand)) return full(shape, Number(operand), dtype);
  return broadcast(cast(operand, dtype), shape);
}

function shapeOf(operand: Value | Scalar): Shape {
  return isValue(operand) ? operand.shape : [];
}

/**
 * Brings two operands to one shape, by NumPy's rule, and one dtype.
 * @param dtypes what the operation takes; a pair that meets in none of them is refused
 * @throws AutogradError SHAPE_MISMATCH, DTYPE_MISMATCH
 */
export function unify(
  name: string,
  a: Value | Scalar,
  b: Value | Scalar,
  dtypes: readonly DType[] = COMPUTED,
): readonly [Value, Value] {
  const dtype = meet(name, a, b, dtypes);
  const shape = broadcastShapes(name, shapeOf(a), shapeOf(b));
  return [stretch(a, dtype, shape), stretch(b, dtype, shape)];
}

/** The value as float32: integers and booleans are converted, as PyTorch does for exp and its like; float16 is refused. @throws AutogradError DTYPE_MISMATCH */
export function asFloat(name: string, x: Value): Value {
  if (x.dtype !== "float16") return cast(x, "float32");
  throw new AutogradError(
    "DTYPE_MISMATCH",
    `${name}: x is ${showType(x)}, and float16 is storage only: convert with .to("float32")`,
  );
}

/** A dimension counted from the end made one counted from the start. @throws AutogradError INVALID_AXIS */
export function axisOf(name: string, dim: number, rank: number): number {
  const axis = dim < 0 ? dim + rank : dim;
  if (Number.isInteger(dim) && axis >= 0 && axis < rank) return axis;
  throw new AutogradError(
    "INVALID_AXIS",
    `${name}: dimension ${dim} does not exist in a tensor of rank ${rank}: use ${rank === 0 ? "none" : `${-rank} ... ${rank - 1}`}`,
  );
}

/** Ascending axes; all of them when `dim` is not given. @throws AutogradError INVALID_AXIS */
export function axesOf(name: string, dim: number | readonly number[] | undefined, rank: number): number[] {
  const dims =
    dim === undefined ? Array.from({ length: rank }, (_, axis) => axis) : typeof dim === "number" ? [dim] : dim;
  const axes = dims.map((each) => axisOf(name, each, rank)).toSorted((a, b) => a - b);
  const repeated = axes.find((axis, position) => axis === axes[position + 1]);
  if (repeated === undefined) return axes;
  throw new AutogradError(
    "INVALID_AXIS",
    `${name}: dimension ${repeated} is named twice in [${dims.join(", ")}]: name it once`,
  );
}

/** A shape in which a single -1 stands for what is left. @throws AutogradError SHAPE_MISMATCH */
export function completeShape(name: string, x: Value, shape: Shape): Shape {
  const count = elementCount(x.shape);
  const known = shape.filter((size) => size !== -1);
  const unknown = shape.length - known.length;
  const rest = unknown === 1 ? count / elementCount(known) : 1;
  const completed = shape.map((size) => (size === -1 ? rest : size));
  if (unknown <= 1 && Number.isInteger(rest) && elementCount(completed) === count) return completed;
  throw new AutogradError(
    "SHAPE_MISMATCH",
    `${name}: ${showShape(x.shape)} has ${count} elements, which do not fill ${showShape(shape)}: use dimensions whose product is ${count}, at most one of them -1`,
  );
}
