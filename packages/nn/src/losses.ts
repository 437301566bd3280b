import { ones, type Tensor, tensor, where, zeros } from "@tributary/autograd";
import { elementCount, shapesEqual, showShape } from "@tributary/program";
import { NnError, requireOption } from "./errors.ts";

/**
 * A loss before it is reduced. The mean of a batch is sum(values) / sum(weights) over its samples, whoever computed which:
 * both sums add up over microbatches and workers. Padding is left out by the run, which multiplies both with 0.
 */
export interface SampleLosses {
  /** float32 [M]: each sample's loss, class weights included, summed over its parts (tokens, pixels). */
  readonly values: Tensor;
  /** float32 [M]: what each sample adds to the divisor: 1, its number of tokens or elements, or its class weight. */
  readonly weights: Tensor;
}

/** A loss as a run takes it, traced. @param outputs what the model made [M, ...]  @param targets the data's field [M, ...] */
export type Loss = (outputs: Tensor, targets: Tensor) => SampleLosses;

/** Options of {@link crossEntropy}, with PyTorch's meaning. */
export interface CrossEntropyOptions {
  /** A target that counts for nothing. Default -100. */
  readonly ignoreIndex?: number;
  /** Share of the target's weight that is spread evenly over all classes. Default 0. */
  readonly labelSmoothing?: number;
  /** Weight of each class, in the loss and in the divisor. Default 1 each. */
  readonly classWeights?: readonly number[];
}

/** Adds up all dimensions but the first. */
function perSample(x: Tensor): Tensor {
  return x.ndim === 1 ? x : x.flatten(1).sum(1);
}

function requireClasses(outputs: Tensor, targets: Tensor): number {
  const [samples = 0, classes = 0, ...rest] = outputs.shape;
  if (outputs.ndim >= 2 && shapesEqual(targets.shape, [samples, ...rest])) return classes;
  throw new NnError(
    "SHAPE_MISMATCH",
    `crossEntropy takes logits [M, C, ...] and class indices [M, ...], but got ${showShape(outputs.shape)} and ${showShape(targets.shape)}: give one index a sample (or place), and put the classes into dimension 1`,
  );
}

/**
 * Softmax cross entropy of logits [M, C, ...] and class indices [M, ...] (integers), in nats, as PyTorch's: for each sample
 * the sum over its places, to be divided by the number of places that are not ignored (or by their class weights).
 * A target outside of 0 ... C - 1 that is not `ignoreIndex` adds 0 to the loss and 1 to the divisor.
 * @throws NnError SHAPE_MISMATCH, INVALID_OPTION; AutogradError DTYPE_MISMATCH when targets are no integers
 */
export function crossEntropy(outputs: Tensor, targets: Tensor, options: CrossEntropyOptions = {}): SampleLosses {
  const { ignoreIndex = -100, labelSmoothing = 0, classWeights } = options;
  requireOption(
    labelSmoothing >= 0 && labelSmoothing <= 1,
    "crossEntropy",
    "labelSmoothing",
    labelSmoothing,
    "from 0 to 1",
  );
  const classes = requireClasses(outputs, targets);
  // [M, C, ...] -> [M ..., C]: rows of logits, one a place.
  const order = outputs.shape.map((_, axis, { length }) => (axis === 0 ? 0 : axis === length - 1 ? 1 : axis + 1));
  const rows = outputs.permute(order).reshape([targets.numel(), classes]);
  const labels = targets.to("int32").reshape([-1]);
  const counted = labels.ne(ignoreIndex);
  const kept = where(counted, labels, -1);
  const weights = classWeights === undefined ? null : tensor(classWeights, { shape: [classes, 1] });
  const rowWeights = weights === null ? counted.to("float32") : weights.take(kept).reshape([-1]);
  const plain = rows.softmaxCrossEntropy(kept);
  const hard = weights === null ? plain : plain.mul(rowWeights);
  const losses = labelSmoothing === 0 ? hard : smoothed(rows, hard, counted, weights, labelSmoothing);
  return { values: perSample(losses.reshape(targets.shape)), weights: perSample(rowWeights.reshape(targets.shape)) };
}

/** (1 - s) loss + s / C times the sum over all classes of -w log p. */
function smoothed(rows: Tensor, hard: Tensor, counted: Tensor, weights: Tensor | null, smoothing: number): Tensor {
  const logarithms = rows.logSoftmax(-1);
  const weighted = weights === null ? logarithms : logarithms.mul(weights.reshape([-1]));
  const spread = where(counted, weighted.sum(-1).neg(), 0);
  return hard.mul(1 - smoothing).add(spread.mul(smoothing / rows.size(1)));
}

/**
 * Squared error of equal shapes [M, ...], as PyTorch's: the mean is over all elements of all samples.
 * @throws NnError SHAPE_MISMATCH
 */
export function mseLoss(outputs: Tensor, targets: Tensor): SampleLosses {
  if (!shapesEqual(outputs.shape, targets.shape) || outputs.ndim === 0) {
    throw new NnError(
      "SHAPE_MISMATCH",
      `mseLoss takes outputs and targets of one shape [M, ...], but got ${showShape(outputs.shape)} and ${showShape(targets.shape)}: reshape one of them`,
    );
  }
  const [samples = 0, ...rest] = outputs.shape;
  const elements = elementCount(rest);
  const values = elements === 0 ? zeros([samples]) : perSample(outputs.sub(targets).square());
  return { values, weights: ones([samples]).mul(elements) };
}
