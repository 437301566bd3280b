import { ones, type Tensor, tensor, where } from "@tributary/autograd";
import { shapesEqual, showShape, showType } from "@tributary/program";
import { NnError, requireOption } from "../errors.ts";
import { expectIndices } from "../scope.ts";
import { perSample, type SampleLosses } from "./loss.ts";

/** Options of {@link nllLoss}, with PyTorch's meaning. */
export interface NllOptions {
  /** A target that counts for nothing. Default -100. */
  readonly ignoreIndex?: number;
  /** Weight of each class, in the loss and in the divisor. Default 1 each. */
  readonly classWeights?: readonly number[];
}

/** Options of {@link crossEntropy}, with PyTorch's meaning. */
export interface CrossEntropyOptions extends NllOptions {
  /** Share of the target's weight that is spread evenly over all classes. Default 0. */
  readonly labelSmoothing?: number;
  /**
   * What the outputs are. "probabilities" is Keras' categorical cross entropy: p / sum p, clipped to 1e-7 ... 1 - 1e-7, for models
   * that end in a softmax. Default "logits".
   */
  readonly from?: "logits" | "probabilities";
}

/** Where Keras clips probabilities: this far from 0 and from 1. */
const KERAS_EPSILON = 1e-7;

/** Outputs with one row a place. */
interface Places {
  /** [R, C]. */
  readonly rows: Tensor;
  /** [M, ...]: the shape of the places. */
  readonly shape: readonly number[];
}

/** [M, C, ...] -> [M ..., C]. */
function classesLast(x: Tensor): Tensor {
  const order = x.shape.map((_, axis, { length }) => (axis === 0 ? 0 : axis === length - 1 ? 1 : axis + 1));
  return x.permute(order);
}

function placesOf(owner: string, outputs: Tensor, targets: Tensor): Places {
  if (["float32", "float16", "bool"].includes(targets.dtype)) {
    const probabilities = owner === "crossEntropy" ? `, or probabilities float32 ${showShape(outputs.shape)}` : "";
    throw new NnError(
      "DTYPE_MISMATCH",
      `${owner} takes class indices as integers, but the targets are ${showType(targets)}: store them as int32 (Int32Array)${probabilities}`,
    );
  }
  const [samples = 0, classes = 0, ...rest] = outputs.shape;
  const shape = [samples, ...rest];
  if (outputs.ndim >= 2 && shapesEqual(targets.shape, shape)) {
    return { rows: classesLast(outputs).reshape([targets.numel(), classes]), shape };
  }
  const oneHot = owner === "crossEntropy" && shapesEqual(outputs.shape, targets.shape);
  const remedy = oneHot
    ? "give one index a sample, or store one-hot targets as float32"
    : "give one index a sample (or place), and put the classes into dimension 1";
  throw new NnError(
    "SHAPE_MISMATCH",
    `${owner} takes outputs [M, C, ...] and class indices [M, ...], but got outputs ${showShape(outputs.shape)} and targets ${showShape(targets.shape)}: ${remedy}`,
  );
}

function classWeightsOf(owner: string, classes: number, weights: readonly number[] | undefined): Tensor | null {
  if (weights === undefined) return null;
  requireOption(weights.length === classes, owner, "classWeights", `[${weights.join(", ")}]`, `${classes} numbers`);
  return tensor(weights, { shape: [classes, 1] });
}

/** Class indices [R] ready to pick with: what is ignored becomes -1, which picks nothing. */
interface Labels {
  /** int32 [R]. */
  readonly kept: Tensor;
  /** bool [R]. */
  readonly counted: Tensor;
  /** float32 [R]: class weight of each place, 0 where it is ignored. */
  readonly weights: Tensor;
}

function labelsOf(targets: Tensor, ignoreIndex: number, classWeights: Tensor | null): Labels {
  const labels = targets.to("int32").reshape([-1]);
  const counted = labels.ne(ignoreIndex);
  const kept = where(counted, labels, -1);
  const weights = classWeights === null ? counted.to("float32") : classWeights.take(kept).reshape([-1]);
  return { kept, counted, weights };
}

function reduced(losses: Tensor, weights: Tensor, shape: readonly number[]): SampleLosses {
  return { values: perSample(losses.reshape(shape)), weights: perSample(weights.reshape(shape)) };
}

/** -(logarithm of the target's class), 0 where the target picks none. [R, C], [R] -> [R] */
function picked(logarithms: Tensor, kept: Tensor): Tensor {
  return logarithms.gather(1, kept.unsqueeze(1)).squeeze(1).neg();
}

/** Logarithms of probabilities as Keras takes them. [R, C] */
function kerasLogarithms(rows: Tensor): Tensor {
  const shares = rows.div(rows.sum(-1, { keepdim: true }));
  return shares.clamp({ min: KERAS_EPSILON, max: 1 - KERAS_EPSILON }).log();
}

/**
 * Cross entropy of logits [M, C, ...] in nats, as PyTorch's. Targets are class indices [M, ...] (integers), or probabilities
 * float32 [M, C, ...]. For each sample it is the sum over its places, to be divided by the number of places that are not
 * ignored (or by their class weights); with probabilities as targets, by the number of places.
 * A target outside of 0 ... C - 1 that is not `ignoreIndex` adds 0 to the loss and 1 to the divisor; a run refuses data with one.
 * @throws NnError SHAPE_MISMATCH, INVALID_OPTION, DTYPE_MISMATCH when targets are no integers
 */
export function crossEntropy(outputs: Tensor, targets: Tensor, options: CrossEntropyOptions = {}): SampleLosses {
  const { ignoreIndex = -100, labelSmoothing = 0, from = "logits" } = options;
  const owner = "crossEntropy";
  requireOption(labelSmoothing >= 0 && labelSmoothing <= 1, owner, "labelSmoothing", labelSmoothing, "from 0 to 1");
  if (targets.dtype === "float32" && outputs.ndim >= 2 && shapesEqual(outputs.shape, targets.shape)) {
    return ofProbabilities(outputs, targets, options);
  }
  const { rows, shape } = placesOf(owner, outputs, targets);
  expectIndices({ indices: targets, count: rows.size(1), except: ignoreIndex, owner, of: "classes" });
  const classWeights = classWeightsOf(owner, rows.size(1), options.classWeights);
  const { kept, counted, weights } = labelsOf(targets, ignoreIndex, classWeights);
  const plain = from === "logits" ? rows.softmaxCrossEntropy(kept) : picked(kerasLogarithms(rows), kept);
  const hard = classWeights === null ? plain : plain.mul(weights);
  if (labelSmoothing === 0) return reduced(hard, weights, shape);
  // (1 - s) loss + s / C times the sum over all classes of -w log p.
  const logarithms = from === "logits" ? rows.logSoftmax(-1) : kerasLogarithms(rows);
  const weighted = classWeights === null ? logarithms : logarithms.mul(classWeights.reshape([-1]));
  const spread = where(counted, weighted.sum(-1).neg(), 0);
  return reduced(hard.mul(1 - labelSmoothing).add(spread.mul(labelSmoothing / rows.size(1))), weights, shape);
}

/** The sum over all classes of -w t log p, where the targets t are probabilities of the outputs' shape. */
function ofProbabilities(outputs: Tensor, targets: Tensor, options: CrossEntropyOptions): SampleLosses {
  const { labelSmoothing = 0, from = "logits" } = options;
  const [samples = 0, classes = 0, ...rest] = outputs.shape;
  const shape = [samples, ...rest];
  const rows = classesLast(outputs).reshape([-1, classes]);
  const wanted = classesLast(targets).reshape([-1, classes]);
  const smoothed = labelSmoothing === 0 ? wanted : wanted.mul(1 - labelSmoothing).add(labelSmoothing / classes);
  const logarithms = from === "logits" ? rows.logSoftmax(-1) : kerasLogarithms(rows);
  const classWeights = classWeightsOf("crossEntropy", classes, options.classWeights);
  const weighted = classWeights === null ? smoothed : smoothed.mul(classWeights.reshape([-1]));
  return reduced(weighted.mul(logarithms).sum(-1).neg(), ones([rows.size(0)]), shape);
}

/**
 * Negative log likelihood of log-probabilities [M, C, ...] (a LogSoftmax layer's) and class indices [M, ...], as PyTorch's NLLLoss.
 * @throws NnError SHAPE_MISMATCH, INVALID_OPTION, DTYPE_MISMATCH when targets are no integers
 */
export function nllLoss(outputs: Tensor, targets: Tensor, options: NllOptions = {}): SampleLosses {
  const { rows, shape } = placesOf("nllLoss", outputs, targets);
  const classWeights = classWeightsOf("nllLoss", rows.size(1), options.classWeights);
  const { ignoreIndex = -100 } = options;
  expectIndices({ indices: targets, count: rows.size(1), except: ignoreIndex, owner: "nllLoss", of: "classes" });
  const { kept, weights } = labelsOf(targets, ignoreIndex, classWeights);
  const losses = picked(rows, kept);
  return reduced(classWeights === null ? losses : losses.mul(weights), weights, shape);
}
