import { grad, type Tensor, tensor } from "@tributary/autograd";
import { describe, expect, it } from "vitest";
import { expectNear } from "../testing/expect-near.ts";
import { binaryCrossEntropy, binaryCrossEntropyWithLogits } from "./binary-cross-entropy.ts";
import { klDivergence } from "./kl-divergence.ts";
import type { Loss, SampleLosses } from "./loss.ts";
import { cosineEmbeddingLoss, cosineLoss, hingeEmbeddingLoss, hingeLoss } from "./margin.ts";
import { huberLoss, maeLoss, smoothL1Loss } from "./regression.ts";

// Expected numbers are PyTorch 1.13's: the mean, and its derivatives for the outputs.

const mean = ({ values, weights }: SampleLosses): Tensor => values.sum().div(weights.sum());

type Row = [name: string, loss: Loss, outputs: Tensor, targets: Tensor, mean: number, derivatives: number[]];

const numbers = tensor([
  [0.5, -1.2, 3],
  [2, 0.1, -0.4],
]);
const wanted = tensor([
  [1, -1, 0.5],
  [0, 0.1, 1.5],
]);
const SMOOTH = [-0.083333336, -0.033333343, 0.16666667, 0.16666667, 0, -0.16666667];

const probabilities = tensor([
  [0.3, 0.9, 0.5],
  [1e-7, 0.999, 0.2],
]);
const answers = tensor([
  [1, 0, 0.25],
  [1, 1, 0],
]);
const logits = tensor([
  [0, -30, 2.5],
  [100, -0.7, 17],
]);
const labels = tensor([
  [1, 0, 0.25],
  [0, 1, 1],
]);

const scores = tensor([
  [0.3, -2, 1.5],
  [1, 0, -0.2],
]);
const signs = tensor(Int32Array.of(1, -1, -1, 1, -1, 1)).reshape([2, 3]);
const left = [
  [1, 2, -0.5],
  [0.3, -1, 2],
  [0, 0, 0],
];
const right = [
  [0.5, 1, 1],
  [-1, 0.2, 0.4],
  [1, 0, 0],
];
const pairs = tensor(left.map((row, index) => [row, right[index]]));

const rows: Row[] = [
  ["maeLoss", maeLoss, numbers, wanted, 1.1833334, [-1, -1, 1, 1, 0, -1].map((sign) => sign / 6)],
  ["huberLoss", huberLoss, numbers, wanted, 0.84083337, SMOOTH],
  [
    "huberLoss with delta 0.7",
    (x, t) => huberLoss(x, t, { delta: 0.7 }),
    numbers,
    wanted,
    0.64833331,
    [-0.083333336, -0.033333343, 0.11666667, 0.11666667, 0, -0.11666667],
  ],
  ["smoothL1Loss", smoothL1Loss, numbers, wanted, 0.84083337, SMOOTH],
  [
    "smoothL1Loss with beta 0.5",
    (x, t) => smoothL1Loss(x, t, { beta: 0.5 }),
    numbers,
    wanted,
    0.99000001,
    [-0.16666667, -0.066666685, 0.16666667, 0.16666667, 0, -0.16666667],
  ],
  [
    "binaryCrossEntropy",
    binaryCrossEntropy,
    probabilities,
    answers,
    3.4236574,
    [-0.55555552, 1.6666664, 0.16666667, -1666666.6, -0.16683351, 0.20833331],
  ],
  [
    "binaryCrossEntropy with class weights",
    (x, t) => binaryCrossEntropy(x, t, { classWeights: [1, 2, 0.5] }),
    probabilities,
    answers,
    3.7312307,
    [-0.55555552, 3.3333328, 0.083333336, -1666666.6, -0.33366701, 0.10416666],
  ],
  [
    "binaryCrossEntropy at 0 and 1, where logarithms end at -100",
    binaryCrossEntropy,
    tensor([[0, 1, 0, 1]]),
    tensor([[1, 0, 0, 1]]),
    50,
    [-2.5e11, 2.5e11, 0, 0],
  ],
  [
    "binaryCrossEntropyWithLogits",
    binaryCrossEntropyWithLogits,
    logits,
    labels,
    17.291704,
    [-0.083333336, 1.559604e-14, 0.11235697, 0.16666667, -0.11136463, 0],
  ],
  [
    "binaryCrossEntropyWithLogits with weights of the positive targets",
    (x, t) => binaryCrossEntropyWithLogits(x, t, { posWeight: [3, 1, 0.5] }),
    logits,
    labels,
    17.521109,
    [-0.25, 1.559604e-14, 0.11393735, 0.16666667, -0.11136463, 0],
  ],
  [
    "binaryCrossEntropyWithLogits with both weights",
    (x, t) => binaryCrossEntropyWithLogits(x, t, { posWeight: 3, classWeights: [1, 2, 0.5] }),
    logits,
    labels,
    18.282537,
    [-0.25, 3.119208e-14, 0.053017724, 0.16666667, -0.6681878, 0],
  ],
  ["hingeLoss", hingeLoss, scores, signs, 0.9, [-1, 0, 1, -1, 1, -1].map((sign) => sign / 6)],
  [
    "hingeLoss with targets 0 and 1",
    hingeLoss,
    scores,
    signs.maximum(0),
    0.9,
    [-1, 0, 1, -1, 1, -1].map((sign) => sign / 6),
  ],
  ["hingeEmbeddingLoss", hingeEmbeddingLoss, scores, signs, 0.85, [1, -1, 0, 1, -1, 1].map((sign) => sign / 6)],
  [
    "hingeEmbeddingLoss with a margin",
    (x, t) => hingeEmbeddingLoss(x, t, { margin: 0.5 }),
    scores,
    signs,
    0.68333334,
    [1, -1, 0, 1, -1, 1].map((sign) => sign / 6),
  ],
  [
    "cosineLoss",
    cosineLoss,
    tensor(left),
    tensor(right),
    0.76556629,
    [-0.011545919, -0.023091838, -0.1154592, 0.13725913, -0.034924231, -0.038050987, -333333.34, 0, 0],
  ],
  [
    "cosineEmbeddingLoss with a margin",
    (x, t) => cosineEmbeddingLoss(x, t, { margin: 0.2 }),
    pairs,
    tensor(Int32Array.of(-1, 1, -1)),
    0.42017582,
    [
      [0.011545919, 0.023091838, 0.1154592, 0.05388096, 0.10776192, -0.1347024, 0.13725913, -0.034924231, -0.038050987],
      [-0.074180879, 0.14161803, -0.2562612, 0, 0, 0, 0, 0, 0],
    ].flat(),
  ],
];

describe("the mean over a batch and its derivatives are PyTorch's", () => {
  it.each(rows)("%s", async (_, loss, outputs, targets, expectedMean, derivatives) => {
    const result = mean(loss(outputs, targets));
    await expectNear(result, [expectedMean]);
    await expectNear(grad(result, [outputs])[0], derivatives);
  });
});

describe("klDivergence", () => {
  const logarithms = tensor([
    [-1.4643688, -0.46436879, -1.9643688],
    [-4.0658841, -3.0658839, -0.065883912],
    [-0.92082763, -1.0208277, -1.4208276],
  ]);
  it("is the sum of t (ln t - x) over the number of samples, 0 where t is 0", async () => {
    const shares = tensor([
      [0.7, 0.2, 0.1],
      [0, 0, 1],
      [0.5, 0.5, 0],
    ]);
    const divergence = mean(klDivergence(logarithms, shares));
    await expectNear(divergence, [0.28537151]);
    const derivatives = [-0.23333333, -0.06666667, -0.033333335, 0, 0, -0.33333334, -0.16666667, -0.16666667, 0];
    await expectNear(grad(divergence, [logarithms])[0], derivatives);
  });
  it("takes logarithms as targets", async () => {
    const targets = tensor([
      [-1.9643688, -0.46436879, -1.4643688],
      [-0.065883912, -3.0658839, -4.0658841],
      [-1.4208276, -1.0208277, -0.92082763],
    ]);
    await expectNear(mean(klDivergence(logarithms, targets, { logTarget: true })), [1.2667314]);
  });
});

describe("binary cross entropy", () => {
  it("of logits keeps tiny losses: ln(1 + e^-17) and ln(1 + e^-30)", async () => {
    const [first, second] = await binaryCrossEntropyWithLogits(tensor([17, 30]), tensor([1, 1])).values.data();
    expect(Math.abs(first / 4.1399377e-8 - 1)).toBeLessThan(1e-5);
    expect(Math.abs(second / 9.3576229e-14 - 1)).toBeLessThan(1e-5);
  });
  it("has the second derivative 1 / p^2 for the target 1", async () => {
    const p = tensor([0.25]);
    const [first] = grad(binaryCrossEntropy(p, tensor([1])).values.sum(), [p]);
    await expectNear(grad(first.sum(), [p])[0], [16]);
  });
  it("draws smoothed targets to 1/2: with 0.2, -0.9 ln 0.3 - 0.1 ln 0.7", async () => {
    await expectNear(binaryCrossEntropy(tensor([0.3]), tensor([1]), { labelSmoothing: 0.2 }).values, [1.11924333]);
  });
});

describe("losses", () => {
  it("refuse shapes that do not go together, and options out of range", () => {
    expect(() => maeLoss(tensor([[1], [2]]), tensor([1, 2]))).toThrow(/one shape/);
    expect(() => huberLoss(numbers, wanted, { delta: 0 })).toThrow(/delta is 0/);
    expect(() => binaryCrossEntropy(numbers, wanted, { classWeights: [1] })).toThrow(/1 weights for \[2, 3\]/);
    expect(() => cosineEmbeddingLoss(numbers, wanted)).toThrow(/pairs \[M, 2, D\]/);
  });
});
