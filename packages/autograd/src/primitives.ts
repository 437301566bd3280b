import {
  type BinaryName,
  type Comparator,
  type ConvolutionAttributes,
  type DType,
  elementCount,
  type OperationAttributes,
  type Shape,
  shapesEqual,
  type UnaryName,
} from "@tributary/program";
import { isOperation, only, record, recordOne, type Value } from "./value.ts";

/*
 * One constructor an operation of the program. They are strict, as the operations are: equal shapes, equal dtypes.
 * Those that change nothing (a reshape to the same shape, a product with 1) record nothing.
 */

const NONE = {};

/** The literal with which every element of a value was filled, or null. */
export function fillOf(value: Value): number | null {
  const { origin } = value;
  if (!isOperation(origin, "constant")) return null;
  const [fill] = origin.attributes.values;
  return origin.attributes.values.length === 1 && fill !== undefined ? fill : null;
}

function unary(operation: UnaryName, x: Value): Value {
  return recordOne(operation, NONE, x);
}

function binary(operation: BinaryName, a: Value, b: Value): Value {
  return recordOne(operation, NONE, a, b);
}

export function neg(x: Value): Value {
  return unary("neg", x);
}

export function exp(x: Value): Value {
  return unary("exp", x);
}

export function log(x: Value): Value {
  return unary("log", x);
}

export function sqrt(x: Value): Value {
  return unary("sqrt", x);
}

export function tanh(x: Value): Value {
  return unary("tanh", x);
}

export function erf(x: Value): Value {
  return unary("erf", x);
}

export function sin(x: Value): Value {
  return unary("sin", x);
}

export function cos(x: Value): Value {
  return unary("cos", x);
}

export function abs(x: Value): Value {
  return unary("abs", x);
}

export function sign(x: Value): Value {
  return unary("sign", x);
}

export function floor(x: Value): Value {
  return unary("floor", x);
}

export function add(a: Value, b: Value): Value {
  return binary("add", a, b);
}

export function sub(a: Value, b: Value): Value {
  return binary("sub", a, b);
}

export function mul(a: Value, b: Value): Value {
  // A product with exactly 1 is the other factor, NaN included; cotangents start as ones, so this is common.
  if (a.dtype === b.dtype && shapesEqual(a.shape, b.shape)) {
    if (fillOf(a) === 1) return b;
    if (fillOf(b) === 1) return a;
  }
  return binary("mul", a, b);
}

export function div(a: Value, b: Value): Value {
  return binary("div", a, b);
}

export function pow(a: Value, b: Value): Value {
  return binary("pow", a, b);
}

export function maximum(a: Value, b: Value): Value {
  return binary("maximum", a, b);
}

export function minimum(a: Value, b: Value): Value {
  return binary("minimum", a, b);
}

export function compare(comparator: Comparator, a: Value, b: Value): Value {
  return recordOne("compare", { comparator }, a, b);
}

export function where(condition: Value, a: Value, b: Value): Value {
  return recordOne("where", NONE, condition, a, b);
}

export function cast(x: Value, dtype: DType): Value {
  return x.dtype === dtype ? x : recordOne("cast", { dtype }, x);
}

export function sum(x: Value, axes: readonly number[]): Value {
  return axes.length === 0 ? x : recordOne("sum", { axes }, x);
}

export function max(x: Value, axes: readonly number[]): Value {
  return axes.length === 0 ? x : recordOne("max", { axes }, x);
}

export function argmax(x: Value, axis: number): Value {
  return recordOne("argmax", { axis }, x);
}

export function reshape(x: Value, shape: Shape): Value {
  if (shapesEqual(x.shape, shape)) return x;
  const fill = fillOf(x);
  return fill !== null && elementCount(shape) === elementCount(x.shape)
    ? full(shape, fill, x.dtype)
    : recordOne("reshape", { shape }, x);
}

export function permute(x: Value, permutation: readonly number[]): Value {
  return permutation.every((from, to) => from === to) ? x : recordOne("permute", { permutation }, x);
}

export function broadcast(x: Value, shape: Shape): Value {
  if (shapesEqual(x.shape, shape)) return x;
  const fill = fillOf(x);
  return fill !== null ? full(shape, fill, x.dtype) : recordOne("broadcast", { shape }, x);
}

export function slice(x: Value, attributes: OperationAttributes["slice"]): Value {
  const { starts, ends, strides } = attributes;
  const whole = x.shape.every((size, axis) => starts[axis] === 0 && ends[axis] === size && strides[axis] === 1);
  return whole ? x : recordOne("slice", attributes, x);
}

export function pad(x: Value, attributes: OperationAttributes["pad"]): Value {
  const { low, high, interior } = attributes;
  const nothing = x.shape.every(
    (size, axis) => low[axis] === 0 && high[axis] === 0 && (interior[axis] === 0 || size < 2),
  );
  return nothing ? x : recordOne("pad", attributes, x);
}

export function concat(inputs: readonly Value[], axis: number): Value {
  return inputs.length === 1 ? only(inputs) : recordOne("concat", { axis }, ...inputs);
}

export function flip(x: Value, axes: readonly number[]): Value {
  return axes.length === 0 ? x : recordOne("flip", { axes }, x);
}

export function matmul(a: Value, b: Value, attributes: OperationAttributes["matmul"]): Value {
  return recordOne("matmul", attributes, a, b);
}

export function convolution(x: Value, kernel: Value, attributes: ConvolutionAttributes): Value {
  return recordOne("convolution", attributes, x, kernel);
}

export function convolutionInputGradient(
  dy: Value,
  kernel: Value,
  attributes: OperationAttributes["convolutionInputGradient"],
): Value {
  return recordOne("convolutionInputGradient", attributes, dy, kernel);
}

export function convolutionWeightGradient(
  x: Value,
  dy: Value,
  attributes: OperationAttributes["convolutionWeightGradient"],
): Value {
  return recordOne("convolutionWeightGradient", attributes, x, dy);
}

/** [the largest of each window, its index in its plane]. */
export function maxPool(x: Value, attributes: OperationAttributes["maxPool"]): readonly Value[] {
  return record("maxPool", attributes, [x]);
}

export function gather(x: Value, index: Value): Value {
  return recordOne("gather", NONE, x, index);
}

export function scatterAdd(updates: Value, index: Value, length: number): Value {
  return recordOne("scatterAdd", { length }, updates, index);
}

export function take(table: Value, index: Value): Value {
  return recordOne("take", NONE, table, index);
}

export function scatterAddRows(updates: Value, index: Value, rows: number): Value {
  return recordOne("scatterAddRows", { rows }, updates, index);
}

export function threefry(key: Value, counterHigh: Value, counterLow: Value): Value {
  return recordOne("threefry", NONE, key, counterHigh, counterLow);
}

export function constant(attributes: OperationAttributes["constant"]): Value {
  return recordOne("constant", attributes);
}

/** Every element is `fill`. */
export function full(shape: Shape, fill: number, dtype: DType = "float32"): Value {
  return constant({ dtype, shape, values: [fill] });
}

export function iota(shape: Shape, axis: number, dtype: DType): Value {
  return recordOne("iota", { dtype, shape, axis });
}

export function softmax(x: Value): Value {
  return recordOne("softmax", NONE, x);
}

export function logSoftmax(x: Value): Value {
  return recordOne("logSoftmax", NONE, x);
}

export function softmaxCrossEntropy(logits: Value, targets: Value): Value {
  return recordOne("softmaxCrossEntropy", NONE, logits, targets);
}

export function softmaxCrossEntropyGradient(logits: Value, targets: Value, lossGradient: Value): Value {
  return recordOne("softmaxCrossEntropyGradient", NONE, logits, targets, lossGradient);
}
