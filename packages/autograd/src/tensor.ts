import type { TensorData } from "@tributary/kernels";
import { type DType, elementCount, type Shape, showType } from "@tributary/program";
import { notANumber, notSingle } from "./asked-values.ts";
import { evaluate } from "./evaluation.ts";
import * as elementwise from "./functions/elementwise.ts";
import * as indexing from "./functions/indexing.ts";
import * as movement from "./functions/movement.ts";
import { matmul } from "./functions/products.ts";
import type { ReductionOptions } from "./functions/reductions.ts";
import * as reductions from "./functions/reductions.ts";
import { type ConvolutionOptions, conv2d, maxPool2d, type Pair, type PoolingOptions } from "./functions/spatial.ts";
import * as op from "./primitives.ts";
import { stop, type Value } from "./value.ts";

/** The other operand of a binary operation: numbers become literals of the tensor's dtype, or float32 for fractions. */
export type Operand = Tensor | number | boolean;

/** One dimension, several, or (left out) all of them; negative ones count from the end. */
export type Dimensions = number | readonly number[];

function valueFrom(operand: Operand): Value | number | boolean {
  return typeof operand === "object" ? operand.value : operand;
}

/**
 * An immutable handle on a recorded value. Methods record operations and compute nothing; names and meaning are
 * PyTorch's, in camelCase. Binary methods broadcast by NumPy's rule and convert integers to float32 where the other side
 * is float32; every other mixture of dtypes is refused.
 */
export class Tensor {
  /** The recorded value; two tensors may share one. */
  readonly value: Value;

  constructor(value: Value) {
    this.value = value;
  }

  get dtype(): DType {
    return this.value.dtype;
  }

  /** Dimensions, outermost first; [] is a scalar. */
  get shape(): Shape {
    return this.value.shape;
  }

  /** Number of dimensions. */
  get ndim(): number {
    return this.shape.length;
  }

  /** Size of one dimension. @throws AutogradError INVALID_AXIS */
  size(dim: number): number {
    return movement.sizeOf(this.value, dim);
  }

  /** Number of elements. */
  numel(): number {
    return elementCount(this.shape);
  }

  /**
   * The elements in row-major order, computed if they have not been; the array belongs to the caller.
   * @throws AutogradError VALUE_IN_TRACE inside a traced function
   */
  data(): Promise<TensorData> {
    return evaluate(this.value).then((elements) => elements.slice());
  }

  /** The element of a tensor that has one. @throws AutogradError INVALID_ARGUMENT, VALUE_IN_TRACE */
  item(): Promise<number> {
    if (this.numel() !== 1) throw notSingle(this.value);
    return evaluate(this.value).then(([element]) => element ?? 0);
  }

  /** Called by the operators of the language, which see no elements. @throws AutogradError NOT_A_NUMBER */
  valueOf(): never {
    throw notANumber(this.value);
  }

  toString(): string {
    return `Tensor ${showType(this.value)}`;
  }

  /** Converted: float to integer truncates and saturates, NaN becomes 0; anything to bool is x != 0. */
  to(dtype: DType): Tensor {
    return new Tensor(op.cast(this.value, dtype));
  }

  /** The same values, through which no gradient flows. */
  detach(): Tensor {
    return new Tensor(stop(this.value));
  }

  /** Sum. */
  add(other: Operand): Tensor {
    return new Tensor(elementwise.binary("add", op.add, this.value, valueFrom(other)));
  }

  /** Difference. */
  sub(other: Operand): Tensor {
    return new Tensor(elementwise.binary("sub", op.sub, this.value, valueFrom(other)));
  }

  /** Product. */
  mul(other: Operand): Tensor {
    return new Tensor(elementwise.binary("mul", op.mul, this.value, valueFrom(other)));
  }

  /** Quotient; of integers too it is float32. */
  div(other: Operand): Tensor {
    return new Tensor(elementwise.divide(this.value, valueFrom(other)));
  }

  /** Power; a negative base with a fraction gives NaN. */
  pow(exponent: Operand): Tensor {
    return new Tensor(elementwise.power(this.value, valueFrom(exponent)));
  }

  /** The larger of two; at a tie the derivative is half each. */
  maximum(other: Operand): Tensor {
    return new Tensor(elementwise.binary("maximum", op.maximum, this.value, valueFrom(other)));
  }

  /** The smaller of two; at a tie the derivative is half each. */
  minimum(other: Operand): Tensor {
    return new Tensor(elementwise.binary("minimum", op.minimum, this.value, valueFrom(other)));
  }

  /** -x. */
  neg(): Tensor {
    return new Tensor(op.neg(this.value));
  }

  /** Absolute value; its derivative at 0 is 0. */
  abs(): Tensor {
    return new Tensor(op.abs(this.value));
  }

  /** -1, 0 or 1; its derivative is 0. */
  sign(): Tensor {
    return new Tensor(op.sign(this.value));
  }

  /** e^x. */
  exp(): Tensor {
    return new Tensor(elementwise.unary("exp", op.exp, this.value));
  }

  /** Natural logarithm. */
  log(): Tensor {
    return new Tensor(elementwise.unary("log", op.log, this.value));
  }

  /** Square root; its derivative at 0 is infinite. */
  sqrt(): Tensor {
    return new Tensor(elementwise.unary("sqrt", op.sqrt, this.value));
  }

  /** Hyperbolic tangent. */
  tanh(): Tensor {
    return new Tensor(elementwise.unary("tanh", op.tanh, this.value));
  }

  /** Error function. */
  erf(): Tensor {
    return new Tensor(elementwise.unary("erf", op.erf, this.value));
  }

  /** Sine of radians. */
  sin(): Tensor {
    return new Tensor(elementwise.unary("sin", op.sin, this.value));
  }

  /** Cosine of radians. */
  cos(): Tensor {
    return new Tensor(elementwise.unary("cos", op.cos, this.value));
  }

  /** Largest integer that is not larger; its derivative is 0. */
  floor(): Tensor {
    return new Tensor(elementwise.unary("floor", op.floor, this.value));
  }

  /** x where it is above 0, else 0; its derivative at 0 is 0. */
  relu(): Tensor {
    return new Tensor(elementwise.relu(this.value));
  }

  /** 1 / (1 + e^-x). */
  sigmoid(): Tensor {
    return new Tensor(elementwise.sigmoid(this.value));
  }

  /** x Phi(x), exact (with erf). */
  gelu(): Tensor {
    return new Tensor(elementwise.gelu(this.value));
  }

  /** Between two limits; the derivative is 1 at the limits. */
  clamp(limits: { readonly min?: number; readonly max?: number }): Tensor {
    return new Tensor(elementwise.clamp(this.value, limits));
  }

  /** x x. */
  square(): Tensor {
    return new Tensor(op.mul(this.value, this.value));
  }

  /** Whether equal, as bool. */
  eq(other: Operand): Tensor {
    return new Tensor(elementwise.compare("equal", this.value, valueFrom(other)));
  }

  /** Whether different, as bool; true for NaN. */
  ne(other: Operand): Tensor {
    return new Tensor(elementwise.compare("notEqual", this.value, valueFrom(other)));
  }

  /** Whether less, as bool. */
  lt(other: Operand): Tensor {
    return new Tensor(elementwise.compare("less", this.value, valueFrom(other)));
  }

  /** Whether less or equal, as bool. */
  le(other: Operand): Tensor {
    return new Tensor(elementwise.compare("lessEqual", this.value, valueFrom(other)));
  }

  /** Whether greater, as bool. */
  gt(other: Operand): Tensor {
    return new Tensor(elementwise.compare("greater", this.value, valueFrom(other)));
  }

  /** Whether greater or equal, as bool. */
  ge(other: Operand): Tensor {
    return new Tensor(elementwise.compare("greaterEqual", this.value, valueFrom(other)));
  }

  /** Whether NaN, as bool. */
  isnan(): Tensor {
    return new Tensor(op.compare("notEqual", this.value, this.value));
  }

  /** Whether neither infinite nor NaN, as bool. */
  isfinite(): Tensor {
    return new Tensor(elementwise.finite(this.value));
  }

  /** The other boolean. */
  logicalNot(): Tensor {
    return new Tensor(elementwise.logicalNot(this.value));
  }

  /** Of this bool tensor: a where true, else b. */
  where(a: Operand, b: Operand): Tensor {
    return new Tensor(elementwise.where(this.value, valueFrom(a), valueFrom(b)));
  }

  /** Sum over `dim`, or over everything; bool and uint8 are summed in int32. */
  sum(dim?: Dimensions, options: ReductionOptions = {}): Tensor {
    return new Tensor(reductions.sum(this.value, dim, options));
  }

  /** Mean over `dim`, or over everything; float32 only. */
  mean(dim?: Dimensions, options: ReductionOptions = {}): Tensor {
    return new Tensor(reductions.mean(this.value, dim, options));
  }

  /** Largest over `dim`, or over everything; ties share the derivative evenly. */
  amax(dim?: Dimensions, options: ReductionOptions = {}): Tensor {
    return new Tensor(reductions.amax(this.value, dim, options));
  }

  /** Smallest over `dim`, or over everything; ties share the derivative evenly. */
  amin(dim?: Dimensions, options: ReductionOptions = {}): Tensor {
    return new Tensor(reductions.amin(this.value, dim, options));
  }

  /** As {@link amax}: the values alone; their places are argmax. */
  max(dim?: Dimensions, options: ReductionOptions = {}): Tensor {
    return new Tensor(reductions.amax(this.value, dim, options));
  }

  /** Index of the first largest along `dim` (int32); without it, in the flattened tensor. */
  argmax(dim?: number, options: ReductionOptions = {}): Tensor {
    return new Tensor(reductions.argmax(this.value, dim, options));
  }

  /** e^x over its sum along `dim`. */
  softmax(dim: number): Tensor {
    return new Tensor(reductions.softmax(this.value, dim));
  }

  /** Logarithm of softmax along `dim`. */
  logSoftmax(dim: number): Tensor {
    return new Tensor(reductions.logSoftmax(this.value, dim));
  }

  /** The same elements in row-major order under another shape; one dimension may be -1. */
  reshape(shape: Shape): Tensor {
    return new Tensor(movement.reshape(this.value, shape));
  }

  /** As {@link reshape}. */
  view(shape: Shape): Tensor {
    return new Tensor(movement.reshape(this.value, shape));
  }

  /** Dimensions in another order: output i is input dims[i]. */
  permute(dims: readonly number[]): Tensor {
    return new Tensor(movement.permute(this.value, dims));
  }

  /** Two dimensions exchanged. */
  transpose(dim0: number, dim1: number): Tensor {
    return new Tensor(movement.transpose(this.value, dim0, dim1));
  }

  /** A matrix transposed. */
  t(): Tensor {
    return new Tensor(movement.transpose(this.value, 0, 1));
  }

  /** Dimensions startDim ... endDim made one. */
  flatten(startDim = 0, endDim = -1): Tensor {
    return new Tensor(movement.flatten(this.value, startDim, endDim));
  }

  /** A dimension of 1 put before `dim`. */
  unsqueeze(dim: number): Tensor {
    return new Tensor(movement.unsqueeze(this.value, dim));
  }

  /** Without dimensions of 1: all of them, or `dim` if it is one. */
  squeeze(dim?: number): Tensor {
    return new Tensor(movement.squeeze(this.value, dim));
  }

  /** Dimensions of 1 stretched; -1 keeps a dimension. */
  expand(shape: Shape): Tensor {
    return new Tensor(movement.expand(this.value, shape));
  }

  /** Elements start, start + step, ... below end of one dimension; negative bounds count from the end. */
  slice(dim: number, start: number, end = Number.MAX_SAFE_INTEGER, step = 1): Tensor {
    return new Tensor(movement.slice(this.value, dim, start, end, step));
  }

  /** `length` elements of one dimension from `start` on. */
  narrow(dim: number, start: number, length: number): Tensor {
    return new Tensor(movement.narrow(this.value, dim, start, length));
  }

  /** One index of a dimension, which vanishes. */
  select(dim: number, index: number): Tensor {
    return new Tensor(movement.select(this.value, dim, index));
  }

  /** A literal around: [before, after] of the last dimension, then of the one before it, ... as PyTorch's pad. */
  pad(pads: readonly number[], value = 0): Tensor {
    return new Tensor(movement.pad(this.value, pads, value));
  }

  /** The order along some dimensions reversed. */
  flip(dims: readonly number[]): Tensor {
    return new Tensor(movement.flip(this.value, dims));
  }

  /** Matrix product; 1-D, 2-D or batched with broadcasting of the leading dimensions. */
  matmul(other: Tensor): Tensor {
    return new Tensor(matmul(this.value, other.value));
  }

  /** Cross-correlation of [N, C, H, W] with a kernel [O, C / groups, KH, KW] -> [N, O, OH, OW], without bias. */
  conv2d(kernel: Tensor, options: ConvolutionOptions = {}): Tensor {
    return new Tensor(conv2d(this.value, kernel.value, options));
  }

  /** Largest of each window of [N, C, H, W]; the first one wins ties, and gets the derivative. */
  maxPool2d(window: Pair, options: PoolingOptions = {}): Tensor {
    return new Tensor(maxPool2d(this.value, window, options));
  }

  /** The element at each index of one dimension; `index` has this shape but for `dim`. Out of range gives 0. */
  gather(dim: number, index: Tensor): Tensor {
    return new Tensor(indexing.gather(this.value, dim, index.value));
  }

  /** This tensor, with each update added at its index of one dimension. Out of range is dropped. */
  scatterAdd(dim: number, index: Tensor, updates: Tensor): Tensor {
    return new Tensor(indexing.scatterAdd(this.value, dim, index.value, updates.value));
  }

  /** Rows of this table [V, ...rest] by an index of any shape -> [...index, ...rest]. Out of range gives zeros. */
  take(index: Tensor): Tensor {
    return new Tensor(indexing.embedding(this.value, index.value));
  }

  /** Per-row loss -log softmax(this)[target]: logits [B, C], targets int32 [B] -> [B], in nats. A target out of range gives 0. */
  softmaxCrossEntropy(targets: Tensor): Tensor {
    return new Tensor(indexing.softmaxCrossEntropy(this.value, targets.value));
  }
}
