import {
  type BinaryName,
  type Comparator,
  type ConvolutionAttributes,
  type DType,
  type OperationAttributes,
  type Shape,
  shapesEqual,
  type UnaryName,
} from "@tributary/program";
import { isOperation, only, record, recordOne, type Value } from "./value.ts";

/*
 * One constructor an operation of the program. They are strict, as the operations are: equal shapes, equal dtypes.
 * Those that change nothing (a reshape to the same shape) give the very same value. Nothing else is simplified here, since
 * a gradient may be asked for any value that was made; simplification.ts does that once the graph is known.
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

/** -x. */
export function neg(x: Value): Value {
  return unary("neg", x);
}

/** e^x. */
export function exp(x: Value): Value {
  return unary("exp", x);
}

/** Natural logarithm. */
export function log(x: Value): Value {
  return unary("log", x);
}

/** Square root. */
export function sqrt(x: Value): Value {
  return unary("sqrt", x);
}

/** Hyperbolic tangent. */
export function tanh(x: Value): Value {
  return unary("tanh", x);
}

/** Error function. */
export function erf(x: Value): Value {
  return unary("erf", x);
}

/** Sine. */
export function sin(x: Value): Value {
  return unary("sin", x);
}

/** Cosine. */
export function cos(x: Value): Value {
  return unary("cos", x);
}

/** |x|. */
export function abs(x: Value): Value {
  return unary("abs", x);
}

/** -1, 0 or 1. */
export function sign(x: Value): Value {
  return unary("sign", x);
}

/** Largest integer that is not larger. */
export function floor(x: Value): Value {
  return unary("floor", x);
}

/** a + b. */
export function add(a: Value, b: Value): Value {
  return binary("add", a, b);
}

/** a - b. */
export function sub(a: Value, b: Value): Value {
  return binary("sub", a, b);
}

/** a b. */
export function mul(a: Value, b: Value): Value {
  return binary("mul", a, b);
}

/** a / b; integers truncate. */
export function div(a: Value, b: Value): Value {
  return binary("div", a, b);
}

/** a to the power b. */
export function pow(a: Value, b: Value): Value {
  return binary("pow", a, b);
}

/** The larger one; NaN wins. */
export function maximum(a: Value, b: Value): Value {
  return binary("maximum", a, b);
}

/** The smaller one; NaN wins. */
export function minimum(a: Value, b: Value): Value {
  return binary("minimum", a, b);
}

/** A comparison, as bool. */
export function compare(comparator: Comparator, a: Value, b: Value): Value {
  return recordOne("compare", { comparator }, a, b);
}

/** a where the condition holds, else b. */
export function where(condition: Value, a: Value, b: Value): Value {
  return recordOne("where", NONE, condition, a, b);
}

/** Another dtype. */
export function cast(x: Value, dtype: DType): Value {
  return x.dtype === dtype ? x : recordOne("cast", { dtype }, x);
}

/** Sum over axes, which vanish. */
export function sum(x: Value, axes: readonly number[]): Value {
  return axes.length === 0 ? x : recordOne("sum", { axes }, x);
}

/** Largest element over axes, which vanish. */
export function max(x: Value, axes: readonly number[]): Value {
  return axes.length === 0 ? x : recordOne("max", { axes }, x);
}

/** Index of the first largest element along an axis, which vanishes. */
export function argmax(x: Value, axis: number): Value {
  return recordOne("argmax", { axis }, x);
}

/** The same elements in row-major order under another shape. */
export function reshape(x: Value, shape: Shape): Value {
  if (shapesEqual(x.shape, shape)) return x;
  return recordOne("reshape", { shape }, x);
}

/** Axes in another order. */
export function permute(x: Value, permutation: readonly number[]): Value {
  return permutation.every((from, to) => from === to) ? x : recordOne("permute", { permutation }, x);
}

/** Copies over axes of 1, and over new leading axes. */
export function broadcast(x: Value, shape: Shape): Value {
  if (shapesEqual(x.shape, shape)) return x;
  return recordOne("broadcast", { shape }, x);
}

/** Elements from starts to before ends by strides. */
export function slice(x: Value, attributes: OperationAttributes["slice"]): Value {
  const { starts, ends, strides } = attributes;
  const whole = x.shape.every((size, axis) => starts[axis] === 0 && ends[axis] === size && strides[axis] === 1);
  return whole ? x : recordOne("slice", attributes, x);
}

/** A literal around and between the elements. */
export function pad(x: Value, attributes: OperationAttributes["pad"]): Value {
  const { low, high, interior } = attributes;
  const nothing = x.shape.every(
    (size, axis) => low[axis] === 0 && high[axis] === 0 && (interior[axis] === 0 || size < 2),
  );
  return nothing ? x : recordOne("pad", attributes, x);
}

/** Joined along an axis. */
export function concat(inputs: readonly Value[], axis: number): Value {
  return inputs.length === 1 ? only(inputs) : recordOne("concat", { axis }, ...inputs);
}

/** Reversed along axes. */
export function flip(x: Value, axes: readonly number[]): Value {
  return axes.length === 0 ? x : recordOne("flip", { axes }, x);
}

/** Matrix product over the last two axes. */
export function matmul(a: Value, b: Value, attributes: OperationAttributes["matmul"]): Value {
  return recordOne("matmul", attributes, a, b);
}

/** Two-dimensional cross-correlation. */
export function convolution(x: Value, kernel: Value, attributes: ConvolutionAttributes): Value {
  return recordOne("convolution", attributes, x, kernel);
}

/** The adjoint of the convolution in x. */
export function convolutionInputGradient(
  dy: Value,
  kernel: Value,
  attributes: OperationAttributes["convolutionInputGradient"],
): Value {
  return recordOne("convolutionInputGradient", attributes, dy, kernel);
}

/** The adjoint of the convolution in the kernel. */
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

/** x's element at each index of the last axis. */
export function gather(x: Value, index: Value): Value {
  return recordOne("gather", NONE, x, index);
}

/** Zeros, plus each update at its index of the last axis. */
export function scatterAdd(updates: Value, index: Value, length: number): Value {
  return recordOne("scatterAdd", { length }, updates, index);
}

/** Rows of a table. */
export function take(table: Value, index: Value): Value {
  return recordOne("take", NONE, table, index);
}

/** Zeros, plus each update row at its index. */
export function scatterAddRows(updates: Value, index: Value, rows: number): Value {
  return recordOne("scatterAddRows", { rows }, updates, index);
}

/** Random words. */
export function threefry(key: Value, counterHigh: Value, counterLow: Value): Value {
  return recordOne("threefry", NONE, key, counterHigh, counterLow);
}

/** Literal elements. */
export function constant(attributes: OperationAttributes["constant"]): Value {
  return recordOne("constant", attributes);
}

/** Every element is `fill`. */
export function full(shape: Shape, fill: number, dtype: DType = "float32"): Value {
  return constant({ dtype, shape, values: [fill] });
}

/** Each element is its index along an axis. */
export function iota(shape: Shape, axis: number, dtype: DType): Value {
  return recordOne("iota", { dtype, shape, axis });
}

/** e^x over its sum along the last axis. */
export function softmax(x: Value): Value {
  return recordOne("softmax", NONE, x);
}

/** Logarithm of softmax along the last axis. */
export function logSoftmax(x: Value): Value {
  return recordOne("logSoftmax", NONE, x);
}

/** Loss of each row of logits. */
export function softmaxCrossEntropy(logits: Value, targets: Value): Value {
  return recordOne("softmaxCrossEntropy", NONE, logits, targets);
}

/** Derivative of the loss of each row. */
export function softmaxCrossEntropyGradient(logits: Value, targets: Value, lossGradient: Value): Value {
  return recordOne("softmaxCrossEntropyGradient", NONE, logits, targets, lossGradient);
}
