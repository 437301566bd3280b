import { arange, grad, type Tensor, tensor } from "@tributary/autograd";
import { describe, expect, it } from "vitest";
import { crossEntropy, mseLoss, type SampleLosses } from "./losses.ts";
import { accuracy } from "./metrics/accuracy.ts";

// Expected numbers are PyTorch 1.13's.

async function near(actual: Tensor, expected: readonly number[]) {
  const elements = [...(await actual.data())];
  expect(elements.length).toBe(expected.length);
  elements.forEach((element, index) => {
    expect(Math.abs(element - expected[index])).toBeLessThan(2e-6 + 1e-5 * Math.abs(expected[index]));
  });
}

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
  it("shows the shapes that do not go together", () => {
    expect(() => crossEntropy(logits, tensor([[1, 2]]).to("int32"))).toThrow(/got \[3, 3\] and \[1, 2\]/);
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
