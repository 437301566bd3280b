import {
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  cosineEmbeddingLoss,
  cosineLoss,
  crossEntropy,
  hingeEmbeddingLoss,
  hingeLoss,
  huberLoss,
  klDivergence,
  maeLoss,
  mseLoss,
  nllLoss,
  smoothL1Loss,
} from "@tributary/nn";
import { loss, type Row } from "../row.ts";

const CLASS_WEIGHTS = [0.5, 1.25, 2, 0.75];

/** Rows of the family "losses". */
export const LOSSES: Readonly<Record<string, Row>> = {
  mse: loss(mseLoss),
  mae: loss(maeLoss),
  huber: loss(huberLoss),
  "huber with delta": loss((x, targets) => huberLoss(x, targets, { delta: 0.5 })),
  "smooth l1": loss(smoothL1Loss),
  "smooth l1 with beta": loss((x, targets) => smoothL1Loss(x, targets, { beta: 0.5 })),
  cosine: loss(cosineLoss),
  "cosine of pairs": loss((x, targets) => cosineEmbeddingLoss(x, targets, { margin: 0.2 })),
  bce: loss(binaryCrossEntropy),
  "bce with logits": loss(binaryCrossEntropyWithLogits),
  "bce with logits and a weight of positives": loss((x, targets) =>
    binaryCrossEntropyWithLogits(x, targets, { posWeight: 2.5 }),
  ),
  "bce with weights by column": loss((x, targets) =>
    binaryCrossEntropy(x, targets, { classWeights: CLASS_WEIGHTS.slice(0, 3) }),
  ),
  "bce with logits and weights by column": loss((x, targets) =>
    binaryCrossEntropyWithLogits(x, targets, { classWeights: CLASS_WEIGHTS.slice(0, 3), posWeight: [2, 0.5, 1.5] }),
  ),
  "cross entropy": loss(crossEntropy),
  "cross entropy of places": loss(crossEntropy),
  "cross entropy with ignored targets": loss(crossEntropy),
  "cross entropy with another ignored target": loss((x, targets) => crossEntropy(x, targets, { ignoreIndex: 2 })),
  "cross entropy with label smoothing": loss((x, targets) => crossEntropy(x, targets, { labelSmoothing: 0.1 })),
  "cross entropy with class weights": loss((x, targets) => crossEntropy(x, targets, { classWeights: CLASS_WEIGHTS })),
  "cross entropy with all of it": loss((x, targets) =>
    crossEntropy(x, targets, { classWeights: CLASS_WEIGHTS, labelSmoothing: 0.2 }),
  ),
  "cross entropy of places with all of it": loss((x, targets) =>
    crossEntropy(x, targets, { classWeights: CLASS_WEIGHTS, labelSmoothing: 0.1, ignoreIndex: 3 }),
  ),
  "cross entropy of probabilities": loss(crossEntropy),
  "cross entropy of probabilities with smoothing and weights": loss((x, targets) =>
    crossEntropy(x, targets, { classWeights: CLASS_WEIGHTS, labelSmoothing: 0.1 }),
  ),
  nll: loss(nllLoss),
  "nll with class weights and an ignored target": loss((x, targets) =>
    nllLoss(x, targets, { classWeights: CLASS_WEIGHTS, ignoreIndex: 1 }),
  ),
  "kl divergence": loss(klDivergence),
  "kl divergence of logarithms": loss((x, targets) => klDivergence(x, targets, { logTarget: true })),
  hinge: loss(hingeLoss),
  "hinge embedding": loss((x, targets) => hingeEmbeddingLoss(x, targets, { margin: 0.75 })),
};
