import { arange, grad, type Tensor, tensor } from "@tributary/autograd";
import { describe, expect, it } from "vitest";
import { accuracy } from "../metrics/accuracy.ts";
import { expectNear } from "../testing/expect-near.ts";
import { crossEntropy, nllLoss } from "./cross-entropy.ts";
import type { SampleLosses } from "./loss.ts";
import { mseLoss } from "./regression.ts";

// Expected numbers are PyTorch 1.13's.

const near = (actual: Tensor, expected: readonly number[]) => expectNear(actual, expected, { absolute: 2e-6 });

const mean = ({ values, weights }: SampleLosses): Tensor => values.sum().div(weights.sum());

const logits = tensor([
  [1, 2, 0.5],
  [-1, 0, 3],
  [0.2, 0.1, -0.3],
]);
const targets = tensor(Int32Array.of(2, -100, 1));

describe("crossEntropy", () => {
  const rows: [string, object, number, number[], number[]][] = [
    [
      "plain, with a target that is ignored",
      {},
      1.492598,
      [1.964369, 0, 1.020828],
      [0.115612, 0.314266, -0.429878, 0, 0, 0, 0.199095, -0.319852, 0.120757],
    ],
    [
      "with label smoothing",
      { labelSmoothing: 0.1 },
      1.464265,
      [1.897702, 0, 1.030828],
      [0.098945, 0.297599, -0.396544, 0, 0, 0, 0.182428, -0.286518, 0.10409],
    ],
    [
      "with class weights",
      { classWeights: [1, 2, 4] },
      1.649855,
      [7.857475, 0, 2.041655],
      [0.154149, 0.419021, -0.57317, 0, 0, 0, 0.13273, -0.213234, 0.080505],
    ],
    [
      "with both",
      { classWeights: [1, 2, 4], labelSmoothing: 0.1 },
      1.589849,
      [7.413414, 0, 2.125683],
      [0.142171, 0.390451, -0.532622, 0, 0, 0, 0.129386, -0.189011, 0.059624],
    ],
  ];
  it.each(rows)("%s: mean, losses and derivatives", async (_, options, expectedMean, values, derivatives) => {
    const losses = crossEntropy(logits, targets, options);
    await near(mean(losses), [expectedMean]);
    await near(losses.values, values);
    await near(grad(mean(losses), [logits])[0], derivatives);
  });
  it("of places: classes in dimension 1, the mean over the places that count", async () => {
    const images = arange(18, "float32").reshape([2, 3, 3]).sin();
    const losses = crossEntropy(images, tensor(Int32Array.of(0, 1, 2, 2, -100, 1)).reshape([2, 3]));
    await near(mean(losses), [1.017091]);
    await near(losses.values, [1.067393 + 2.308169 + 0.725411, 0.738716 + 0.245768]);
    await near(losses.weights, [3, 2]);
  });
  const shares = tensor([
    [0.7, 0.2, 0.1],
    [0, 0, 1],
    [0.5, 0.5, 0],
  ]);
  it("takes probabilities as targets", async () => {
    const loss = mean(crossEntropy(logits, shares));
    await near(loss, [0.78369349]);
    await near(
      grad(loss, [logits])[0],
      [
        -0.1562587, 0.1428439, 0.013414793, 0.0057159411, 0.015537541, -0.021253487, -0.033936881, -0.046567798,
        0.080504686,
      ],
    );
  });
  it("takes probabilities with class weights and smoothing, and divides by the places still", async () => {
    const loss = mean(crossEntropy(logits, shares, { classWeights: [1, 2, 4], labelSmoothing: 0.1 }));
    await near(loss, [1.4485942]);
    await near(
      grad(loss, [logits])[0],
      [
        -0.099076286, 0.18950285, -0.090426579, 0.010799994, 0.03733835, -0.048138399, 0.049044389, -0.13206568,
        0.083021306,
      ],
    );
  });
  it("takes probabilities of places", async () => {
    const images = arange(18, "float32").reshape([2, 3, 3]);
    await near(mean(crossEntropy(images.sin(), images.cos().softmax(1))), [1.2898632]);
  });
  it("of probabilities is Keras' categorical cross entropy, clipped at 1e-7", async () => {
    const outputs = tensor([
      [0.2, 0.5, 0.3],
      [0, 2, 0],
      [0.4, 0.4, 0.1],
    ]);
    const loss = mean(crossEntropy(outputs, shares, { from: "probabilities" }));
    await near(loss, [6.1048865]);
    const derivatives = [-0.83333325, 0.2, 0.22222224, 0, 0, 0, -0.046296299, -0.046296299, 0.37037036];
    await near(grad(loss, [outputs])[0], derivatives);
    await near(mean(crossEntropy(outputs, tensor(Int32Array.of(1, 0, 2)), { from: "probabilities" })), [6.3361564]);
  });
  it("shows the shapes that do not go together", () => {
    expect(() => crossEntropy(logits, tensor([[1, 2]]).to("int32"))).toThrow(
      /got outputs \[3, 3\] and targets \[1, 2\]/,
    );
  });
});

describe("nllLoss", () => {
  const logarithms = tensor([
    [-1.4643688, -0.46436879, -1.9643688],
    [-4.0658841, -3.0658839, -0.065883912],
    [-0.92082763, -1.0208277, -1.4208276],
  ]);
  it("is the mean over the targets that are not ignored", async () => {
    const loss = mean(nllLoss(logarithms, targets));
    await near(loss, [1.4925983]);
    await near(grad(loss, [logarithms])[0], [0, 0, -0.5, 0, 0, 0, 0, -0.5, 0]);
  });
  it("divides by the class weights", async () => {
    const options = { classWeights: [1, 2, 4], ignoreIndex: 1 };
    const loss = mean(nllLoss(logarithms, tensor(Int32Array.of(2, 0, 1)), options));
    await near(loss, [2.3846717]);
    await near(grad(loss, [logarithms])[0], [0, 0, -0.8, -0.2, 0, 0, 0, 0, 0]);
  });
});

describe("mseLoss", () => {
  it("is the mean over all elements", async () => {
    const outputs = tensor([
      [1, 2],
      [3, 5],
    ]);
    const losses = mseLoss(
      outputs,
      tensor([
        [0, 2],
        [1, 1],
      ]),
    );
    await near(mean(losses), [5.25]);
    await near(losses.weights, [2, 2]);
    await near(grad(mean(losses), [outputs])[0], [0.5, 0, 1, 2]);
  });
  it("does not broadcast", () => {
    expect(() => mseLoss(tensor([[1], [2]]), tensor([1, 2]))).toThrow(/one shape/);
  });
});

describe("accuracy", () => {
  it("is 1 where the largest logit is the target's", async () => {
    await near(accuracy(logits, tensor(Int32Array.of(1, 2, 1))), [1, 1, 0]);
    await near(accuracy(logits, tensor(Uint8Array.of(1, 0, 0))), [1, 0, 1]);
  });
});
