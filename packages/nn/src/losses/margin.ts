import { ones, type Tensor, where } from "@tributary/autograd";
import { shapesEqual, showShape } from "@tributary/program";
import { NnError } from "../errors.ts";
import { elementLosses, requireAlike, type SampleLosses } from "./loss.ts";

/** Options of {@link hingeEmbeddingLoss} and {@link cosineEmbeddingLoss}. */
export interface MarginOptions {
  /** How far apart a pair that does not belong together must be. Default 1 for hingeEmbeddingLoss, 0 for cosineEmbeddingLoss. */
  readonly margin?: number;
}

/** What PyTorch adds to squared lengths, so that the zero vector has a direction. */
const LENGTH_EPSILON = 1e-12;

/**
 * max(0, 1 - t x) of scores [M, ...] and targets -1 or 1; targets 0 count as -1, as in Keras' hinge. The mean is over all elements.
 * @throws NnError SHAPE_MISMATCH
 */
export function hingeLoss(outputs: Tensor, targets: Tensor): SampleLosses {
  const wanted = requireAlike("hingeLoss", outputs, targets);
  const signs = where(wanted.eq(0), -1, wanted);
  return elementLosses(signs.mul(outputs).neg().add(1).clamp({ min: 0 }));
}

/**
 * x where the target is 1, max(0, margin - x) where it is -1, for distances x [M, ...]; as PyTorch's HingeEmbeddingLoss.
 * @throws NnError SHAPE_MISMATCH
 */
export function hingeEmbeddingLoss(outputs: Tensor, targets: Tensor, { margin = 1 }: MarginOptions = {}): SampleLosses {
  const wanted = requireAlike("hingeEmbeddingLoss", outputs, targets);
  const apart = outputs.neg().add(margin).clamp({ min: 0 });
  return elementLosses(where(wanted.eq(1), outputs, where(wanted.eq(-1), apart, 0)));
}

/** Cosine of the angle between rows. [M, D], [M, D] -> [M] */
function cosine(a: Tensor, b: Tensor): Tensor {
  const squares = a.square().sum(1).add(LENGTH_EPSILON).mul(b.square().sum(1).add(LENGTH_EPSILON));
  return a.mul(b).sum(1).div(squares.sqrt());
}

/**
 * 1 - the cosine of the angle between outputs and targets, each sample [M, ...] as one vector: PyTorch's CosineEmbeddingLoss for
 * pairs that belong together (Keras' CosineSimilarity is this minus 1). The mean is over the samples.
 * @throws NnError SHAPE_MISMATCH
 */
export function cosineLoss(outputs: Tensor, targets: Tensor): SampleLosses {
  const wanted = requireAlike("cosineLoss", outputs, targets);
  const samples = outputs.size(0);
  const rows = (x: Tensor) => x.reshape([samples, -1]);
  return { values: cosine(rows(outputs), rows(wanted)).neg().add(1), weights: ones([samples]) };
}

/**
 * For pairs of vectors [M, 2, D] and targets [M]: 1 - cosine where the target is 1, max(0, cosine - margin) where it is -1;
 * as PyTorch's CosineEmbeddingLoss. The mean is over the samples.
 * @throws NnError SHAPE_MISMATCH
 */
export function cosineEmbeddingLoss(
  outputs: Tensor,
  targets: Tensor,
  { margin = 0 }: MarginOptions = {},
): SampleLosses {
  const [samples = 0, pair = 0] = outputs.shape;
  if (outputs.ndim !== 3 || pair !== 2 || !shapesEqual(targets.shape, [samples])) {
    throw new NnError(
      "SHAPE_MISMATCH",
      `cosineEmbeddingLoss takes pairs [M, 2, D] and targets [M], but got ${showShape(outputs.shape)} and ${showShape(targets.shape)}: stack both vectors of a pair in dimension 1`,
    );
  }
  const similarity = cosine(outputs.select(1, 0), outputs.select(1, 1));
  const apart = similarity.sub(margin).clamp({ min: 0 });
  const together = similarity.neg().add(1);
  const wanted = targets.to("float32");
  return {
    values: where(wanted.eq(1), together, where(wanted.eq(-1), apart, 0)),
    weights: ones([samples]),
  };
}
