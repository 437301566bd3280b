import type { Shape } from "@tributary/program";
import { ElementwiseTensor, type OperandOf } from "./elementwise-tensor.ts";
import * as indexing from "./functions/indexing.ts";
import * as movement from "./functions/movement.ts";
import { matmul } from "./functions/products.ts";
import type { ReductionOptions } from "./functions/reductions.ts";
import * as reductions from "./functions/reductions.ts";
import { type ConvolutionOptions, conv2d, maxPool2d, type Pair, type PoolingOptions } from "./functions/spatial.ts";
import type { Value } from "./value.ts";

/** The other operand of a binary operation: numbers become literals of the tensor's dtype, or float32 for fractions. */
export type Operand = OperandOf<Tensor>;

/** One dimension, several, or (left out) all of them; negative ones count from the end. */
export type Dimensions = number | readonly number[];

/**
 * An immutable handle on a recorded value. Methods record operations and compute nothing; names and meaning are
 * PyTorch's, in camelCase. Binary methods broadcast by NumPy's rule and convert integers to float32 where the other side
 * is float32; every other mixture of dtypes is refused.
 */
export class Tensor extends ElementwiseTensor<Tensor> {
  protected override recorded(value: Value): Tensor {
    return new Tensor(value);
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
