import type { DType, Shape } from "./dtype.ts";
import type { Graph } from "./graph.ts";

/**
 * The vocabulary of a program: every operation's name and its attributes.
 *
 * Primitives are closed under differentiation: the gradient of each is written in primitives again. Binary operations
 * take equal shapes and equal dtypes; stretching is a `broadcast` of its own, so that its gradient is a `sum`.
 * Composites are whole only for speed and stability; each has an expansion into primitives (see composites.ts).
 */

/** float32 -> float32; neg, abs and sign also int32 -> int32. */
export const UNARY_OPERATIONS = [
  "neg",
  "exp",
  "log",
  "sqrt",
  "tanh",
  "erf",
  "sin",
  "cos",
  "abs",
  "sign",
  "floor",
] as const;

/** Two values of one shape and dtype (float32, int32 or uint32) -> the same. Integers wrap; integer div truncates, and x / 0 is 0. */
export const BINARY_OPERATIONS = ["add", "sub", "mul", "div", "pow", "maximum", "minimum"] as const;

/** How `compare` compares. Any comparison with a NaN is false, except notEqual. */
export const COMPARATORS = ["equal", "notEqual", "less", "lessEqual", "greater", "greaterEqual"] as const;

/** One of {@link UNARY_OPERATIONS}. */
export type UnaryName = (typeof UNARY_OPERATIONS)[number];
/** One of {@link BINARY_OPERATIONS}. */
export type BinaryName = (typeof BINARY_OPERATIONS)[number];
/** One of {@link COMPARATORS}. */
export type Comparator = (typeof COMPARATORS)[number];

/** No attributes. */
export type None = Readonly<Record<string, never>>;

/** Geometry of a two-dimensional convolution, NCHW, cross-correlation. */
export interface ConvolutionAttributes {
  /** [height, width]. */
  readonly strides: readonly [number, number];
  /** Zeros before and after: [[top, bottom], [left, right]]. */
  readonly padding: readonly [readonly [number, number], readonly [number, number]];
  /** Distance between the taps of the kernel: [height, width]. */
  readonly dilation: readonly [number, number];
  readonly groups: number;
}

/** Attributes of each primitive. Axes are never negative here. */
export interface PrimitiveAttributes extends Record<UnaryName | BinaryName, None> {
  /** (a, b) -> bool of the same shape. a and b: any one dtype. */
  compare: { readonly comparator: Comparator };
  /** (condition: bool, a, b), all of one shape -> a where condition, else b. a and b: any one dtype. */
  where: None;
  /** Any dtype to any. float -> integer truncates and saturates, NaN is 0; anything -> bool is x != 0; float32 -> float16 rounds to nearest even. */
  cast: { readonly dtype: DType };

  /** Sum over `axes` (ascending, no repeats), which vanish. float32, int32, uint32. No axes: a copy. */
  sum: { readonly axes: readonly number[] };
  /** Largest element over `axes`, which vanish and must not have 0 elements. float32, int32. NaN wins. */
  max: { readonly axes: readonly number[] };
  /** Index of the first largest element along `axis`, which vanishes -> int32. NaN counts as largest. float32, int32. */
  argmax: { readonly axis: number };

  /** Same elements in row-major order under another shape of as many elements. */
  reshape: { readonly shape: Shape };
  /** Output axis i is input axis permutation[i]. */
  permute: { readonly permutation: readonly number[] };
  /** NumPy's rule: shapes are aligned at their last axis, each input dimension equals the output's or is 1. */
  broadcast: { readonly shape: Shape };
  /** Elements starts, starts + strides, ... below ends; one entry an axis; strides at least 1. */
  slice: { readonly starts: readonly number[]; readonly ends: readonly number[]; readonly strides: readonly number[] };
  /** `value` put before (low), after (high) and between (interior) the elements of each axis; entries at least 0. */
  pad: {
    readonly low: readonly number[];
    readonly high: readonly number[];
    readonly interior: readonly number[];
    readonly value: number;
  };
  /** Any number (at least 1) of inputs, alike but for their size along `axis`. */
  concat: { readonly axis: number };
  /** Reverses the order along each of `axes`. */
  flip: { readonly axes: readonly number[] };

  /** [...batch, M, K] x [...batch, K, N] -> [...batch, M, N], float32; with transposeA the input is [..., K, M], with transposeB [..., N, K]. Batch dimensions are equal. */
  matmul: { readonly transposeA: boolean; readonly transposeB: boolean };
  /** (x [N, C, H, W], kernel [O, C / groups, KH, KW]) -> y [N, O, OH, OW]. */
  convolution: ConvolutionAttributes;
  /** (dy [N, O, OH, OW], kernel [O, C / groups, KH, KW]) -> dx [N, C, H, W], where inputSize is [H, W]. Gradient of convolution for x; also the transposed convolution. */
  convolutionInputGradient: ConvolutionAttributes & { readonly inputSize: readonly [number, number] };
  /** (x [N, C, H, W], dy [N, O, OH, OW]) -> dkernel [O, C / groups, KH, KW], where kernelSize is [KH, KW]. Gradient of convolution for the kernel. */
  convolutionWeightGradient: ConvolutionAttributes & { readonly kernelSize: readonly [number, number] };
  /**
   * x [N, C, H, W] -> two outputs [N, C, OH, OW]: the largest of each window, and its flat index in its H x W plane (int32).
   * The first in row-major order wins ties, NaN wins over all; padding never wins. float32.
   */
  maxPool: {
    readonly window: readonly [number, number];
    readonly strides: readonly [number, number];
    readonly padding: readonly [readonly [number, number], readonly [number, number]];
    readonly dilation: readonly [number, number];
  };

  /** (x [...batch, L], index int32 [...batch, K]) -> [...batch, K]: x's element at each index of the last axis. Out of range gives 0. */
  gather: None;
  /** (updates [...batch, K], index int32 [...batch, K]) -> [...batch, length]: zeros, plus each update at its index. Out of range is dropped. float32. */
  scatterAdd: { readonly length: number };
  /** (table [V, ...rest], index int32 [...outer]) -> [...outer, ...rest]: rows of the table. Out of range gives zeros. */
  take: None;
  /** (updates [...outer, ...rest], index int32 [...outer]) -> [rows, ...rest]: zeros, plus each update row, added in order. Out of range is dropped. float32. */
  scatterAddRows: { readonly rows: number };

  /**
   * (key uint32 [2], counterHigh uint32 [...], counterLow uint32 [...]) -> uint32 [...]: the first word of
   * Threefry-2x32 with 20 rounds (Salmon et al., 2011, "Parallel Random Numbers: As Easy as 1, 2, 3").
   */
  threefry: None;
  /** No inputs: literal elements in row-major order; `values` has one entry an element, or a single one for all. */
  constant: { readonly dtype: DType; readonly shape: Shape; readonly values: readonly number[] };
  /** No inputs: element = its index along `axis`. float32, int32, uint32. */
  iota: { readonly dtype: DType; readonly shape: Shape; readonly axis: number };

  /**
   * A loop over time. Inputs: the initial carries, then arrays with a leading time axis, then values that every turn sees.
   * The body's inputs are carries, one slice (without the time axis) of each array, and those values; its outputs are the
   * next carries, then the slices that are stacked. Outputs: the last carries, then the stacks, each with a leading time axis.
   * With `reverse` time runs from the end; stacks keep the position of their slice.
   */
  scan: {
    readonly length: number;
    readonly carries: number;
    readonly sliced: number;
    readonly reverse: boolean;
    readonly body: Graph;
  };
}

/** Attributes of each composite. */
export interface CompositeAttributes {
  /** x [..., C] -> exp(x - max) / sum, over the last axis. */
  softmax: None;
  /** x [..., C] -> x - max - log(sum(exp(x - max))), over the last axis. */
  logSoftmax: None;
  /** (logits [B, C], targets int32 [B]) -> losses [B] in nats. A target outside 0 ... C - 1 gives 0. */
  softmaxCrossEntropy: None;
  /** (logits [B, C], targets int32 [B], dloss [B]) -> dlogits [B, C] = (softmax(logits) - onehot(targets)) * dloss; a row whose target is out of range is 0. */
  softmaxCrossEntropyGradient: None;
}

/** Attributes of every operation, by name. */
export type OperationAttributes = PrimitiveAttributes & CompositeAttributes;
/** Name of an operation that every backend must have. */
export type PrimitiveName = keyof PrimitiveAttributes;
/** Name of an operation that a backend may take whole or expanded. */
export type CompositeName = keyof CompositeAttributes;
/** Name of any operation that a graph may hold. */
export type OperationName = PrimitiveName | CompositeName;
