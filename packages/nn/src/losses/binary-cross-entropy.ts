import { type Tensor, tensor, where } from "@tributary/autograd";
import { requireOption } from "../errors.ts";
import { alongClasses, elementLosses, requireAlike, type SampleLosses } from "./loss.ts";
import { log1p, softplus } from "./stable-logarithms.ts";

/** Options of {@link binaryCrossEntropy}. */
export interface BinaryCrossEntropyOptions {
  /** What each index of dimension 1 is multiplied with; as in PyTorch, the divisor stays the number of elements. Default 1 each. */
  readonly classWeights?: readonly number[];
  /** Share of each target that is drawn to 1/2: t (1 - s) + s / 2, as in Keras. Default 0. */
  readonly labelSmoothing?: number;
}

/** Options of {@link binaryCrossEntropyWithLogits}. */
export interface BinaryLogitsOptions extends BinaryCrossEntropyOptions {
  /** What the loss of positive targets is multiplied with: one number, or one for each index of dimension 1. Default 1. */
  readonly posWeight?: number | readonly number[];
}

/** Below this, PyTorch's derivative of the logarithms divides by it instead of by p (1 - p). */
const SPREAD_MIN = 1e-12;
/** Where PyTorch cuts the logarithm of a probability off. */
const LOGARITHM_MIN = -100;

function smoothedTargets(owner: string, targets: Tensor, labelSmoothing: number): Tensor {
  requireOption(labelSmoothing >= 0 && labelSmoothing <= 1, owner, "labelSmoothing", labelSmoothing, "from 0 to 1");
  return labelSmoothing === 0 ? targets : targets.mul(1 - labelSmoothing).add(labelSmoothing / 2);
}

function weighted(owner: string, losses: Tensor, weights: readonly number[] | undefined): SampleLosses {
  return elementLosses(weights === undefined ? losses : losses.mul(alongClasses(owner, losses, tensor(weights))));
}

/**
 * -(t ln p + (1 - t) ln(1 - p)) of probabilities [M, ...] and targets from 0 to 1, in nats; the mean is over all elements.
 * As PyTorch's BCELoss, no logarithm falls below -100, and the derivative is (p - t) / max(p (1 - p), 1e-12). Where that limit
 * holds, the second derivative is 0. Prefer {@link binaryCrossEntropyWithLogits}, which needs no limits.
 * @throws NnError SHAPE_MISMATCH, INVALID_OPTION
 */
export function binaryCrossEntropy(
  outputs: Tensor,
  targets: Tensor,
  options: BinaryCrossEntropyOptions = {},
): SampleLosses {
  const owner = "binaryCrossEntropy";
  const wanted = smoothedTargets(owner, requireAlike(owner, outputs, targets), options.labelSmoothing ?? 0);
  const spread = outputs.mul(outputs.neg().add(1));
  const inside = spread.gt(SPREAD_MIN);
  const p = where(inside, outputs, 0.5);
  const smooth = wanted
    .mul(p.log())
    .add(wanted.neg().add(1).mul(log1p(p.neg())))
    .neg();
  const known = outputs.detach();
  const limited = wanted
    .mul(known.log().clamp({ min: LOGARITHM_MIN }))
    .add(
      wanted
        .neg()
        .add(1)
        .mul(known.neg().add(1).log().clamp({ min: LOGARITHM_MIN })),
    )
    .neg()
    .detach();
  const slope = known.sub(wanted).div(spread.detach().clamp({ min: SPREAD_MIN }));
  const atLimit = limited.add(outputs.sub(known).mul(slope));
  return weighted(owner, where(inside, smooth, atLimit), options.classWeights);
}

/**
 * {@link binaryCrossEntropy} of sigmoid(outputs), from the logits [M, ...] themselves, so that nothing overflows or cancels:
 * (1 - t) x + (1 + (posWeight - 1) t) ln(1 + e^-x). As PyTorch's BCEWithLogitsLoss.
 * @throws NnError SHAPE_MISMATCH, INVALID_OPTION
 */
export function binaryCrossEntropyWithLogits(
  outputs: Tensor,
  targets: Tensor,
  options: BinaryLogitsOptions = {},
): SampleLosses {
  const owner = "binaryCrossEntropyWithLogits";
  const { posWeight, labelSmoothing = 0, classWeights } = options;
  const wanted = smoothedTargets(owner, requireAlike(owner, outputs, targets), labelSmoothing);
  const missed = softplus(outputs.neg());
  const positive = typeof posWeight === "object" ? alongClasses(owner, outputs, tensor(posWeight)) : posWeight;
  const weightedMiss =
    positive === undefined
      ? missed
      : missed.mul(wanted.mul(typeof positive === "number" ? positive - 1 : positive.sub(1)).add(1));
  return weighted(owner, wanted.neg().add(1).mul(outputs).add(weightedMiss), classWeights);
}
