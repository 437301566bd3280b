import { arange, concat, type Tensor, tensor } from "@tributary/autograd";
import { type CountTable, finishCounts, finishMetric, metricSumCount } from "@tributary/program";
import { describe, expect, it } from "vitest";
import { accuracy } from "./accuracy.ts";
import { binaryAccuracy, confusionMatrix, f1, precision, recall, topK } from "./classification.ts";
import { type Metric, metricForms, metricSums } from "./metric.ts";
import { mae, perplexity, r2, rmse } from "./regression-metrics.ts";

/** Sums of all samples, computed in two microbatches of which the second one ends with padding that is not finite. */
async function sumsOf(metric: Metric, outputs: Tensor, targets: Tensor): Promise<number[]> {
  const samples = outputs.size(0);
  const cut = samples - 1;
  const padded = (x: Tensor, fill: number) =>
    concat([x.narrow(0, cut, 1), x.narrow(0, 0, 1).to("float32").mul(0).add(fill).to(x.dtype)]);
  const first = { outputs: outputs.narrow(0, 0, cut), targets: targets.narrow(0, 0, cut) };
  const parts = [
    metricSums(metric, { ...first, weights: tensor(Array<number>(cut).fill(1)) }),
    metricSums(metric, {
      outputs: padded(outputs, Number.POSITIVE_INFINITY),
      targets: padded(targets, 0),
      weights: tensor([1, 0]),
    }),
  ];
  const [left, right] = await Promise.all(parts.map((part) => part.data()));
  return [...left].map((sum, index) => sum + right[index]);
}

async function reported(metric: Metric, outputs: Tensor, targets: Tensor): Promise<number | null> {
  const { m: form } = metricForms({ m: metric });
  const sums = await sumsOf(metric, outputs, targets);
  expect(sums.length).toBe(metricSumCount(form));
  return finishMetric(form, sums, outputs.size(0));
}

async function table(metric: Metric, outputs: Tensor, targets: Tensor): Promise<CountTable | null> {
  return finishCounts(metricForms({ m: metric }).m, await sumsOf(metric, outputs, targets));
}

/** Logits whose largest is at the given class, of four. */
const deciding = (classes: readonly number[]): Tensor =>
  tensor(Int32Array.from(classes)).unsqueeze(1).eq(arange(4)).to("float32");

// Targets 0 0 0 1 1 2, decisions 0 0 1 1 2 2; class 3 does not occur.
const decisions = deciding([0, 0, 1, 1, 2, 2]);
const targets = tensor(Int32Array.of(0, 0, 0, 1, 1, 2));

describe("metrics of classes", () => {
  it("precision is the mean of 2/2, 1/2 and 1/2 over the classes that occur", async () => {
    expect(await reported(precision({ classes: 4 }), decisions, targets)).toBeCloseTo(2 / 3, 6);
  });
  it("recall is the mean of 2/3, 1/2 and 1/1", async () => {
    expect(await reported(recall({ classes: 4 }), decisions, targets)).toBeCloseTo((2 / 3 + 1 / 2 + 1) / 3, 6);
  });
  it("f1 is the mean of 4/5, 2/4 and 2/3", async () => {
    expect(await reported(f1({ classes: 4 }), decisions, targets)).toBeCloseTo((4 / 5 + 2 / 4 + 2 / 3) / 3, 6);
  });
  it("a class that is decided but never right counts with precision 0", async () => {
    const outputs = deciding([0, 3, 0]);
    expect(await reported(precision({ classes: 4 }), outputs, tensor(Int32Array.of(0, 0, 0)))).toBeCloseTo(1 / 2, 6);
  });
  it("confusionMatrix counts decisions (columns) of each class (rows)", async () => {
    expect(await table(confusionMatrix(4), decisions, targets)).toEqual([
      [2, 1, 0, 0],
      [0, 1, 1, 0],
      [0, 0, 1, 0],
      [0, 0, 0, 0],
    ]);
  });
  it("count places, and leave out targets that are no class", async () => {
    // Two samples of three places each.
    const outputs = decisions.reshape([2, 3, 4]).permute([0, 2, 1]);
    const places = tensor(Int32Array.of(0, 0, 0, -100, 1, 2)).reshape([2, 3]);
    expect(await table(confusionMatrix(4), outputs, places)).toEqual([
      [2, 1, 0, 0],
      [0, 0, 1, 0],
      [0, 0, 1, 0],
      [0, 0, 0, 0],
    ]);
    expect(await reported(recall({ classes: 4 }), outputs, places)).toBeCloseTo((2 / 3 + 0 + 1) / 3, 6);
  });
  it("refuse sizes that are too large or do not fit", () => {
    expect(() => confusionMatrix(61)).toThrow(/classes is 61, but must be a whole number from 2 to 60/);
    expect(() => precision({ classes: 1 })).toThrow(/classes is 1/);
    const inputs = { outputs: decisions, targets, weights: targets.to("float32") };
    expect(() => metricSums(confusionMatrix(3), inputs)).toThrow(/outputs \[M, 3, ...\]/);
    expect(() => metricSums(precision(), inputs)).toThrow(/one output and one target a sample/);
  });
});

describe("metrics of two classes", () => {
  // Decisions 1 1 0 0 1, of which 1 at 0 and 4 are right.
  const probabilities = tensor([[0.9], [0.6], [0.4], [0.5], [0.8]]);
  const truth = tensor(Uint8Array.of(1, 0, 1, 0, 1));
  it("precision 2/3, recall 2/3, f1 2/3, accuracy 3/5", async () => {
    expect(await reported(precision(), probabilities, truth)).toBeCloseTo(2 / 3, 6);
    expect(await reported(recall(), probabilities, truth)).toBeCloseTo(2 / 3, 6);
    expect(await reported(f1(), probabilities, truth)).toBeCloseTo(2 / 3, 6);
    expect(await reported(binaryAccuracy(), probabilities, truth)).toBeCloseTo(3 / 5, 6);
  });
  it("the threshold decides: above 0.7, precision 2/2 and recall 2/3", async () => {
    expect(await reported(precision({ threshold: 0.7 }), probabilities, truth)).toBeCloseTo(1, 6);
    expect(await reported(recall({ threshold: 0.7 }), probabilities, truth)).toBeCloseTo(2 / 3, 6);
  });
  it("precision is 0 when nothing is decided for", async () => {
    expect(await reported(precision({ threshold: 2 }), probabilities.clamp({ max: 1 }), truth)).toBe(0);
  });
});

describe("topK", () => {
  const logits = tensor([
    [0.1, 0.5, 0.3, 0.2],
    [0.1, 0.5, 0.3, 0.2],
    [0.4, 0.4, 0.4, 0.1],
    [1, 2, 3, 4],
  ]);
  it("is the share of targets among the k largest, the first of equals first", async () => {
    const places = tensor(Int32Array.of(2, 3, 1, 0));
    expect(await reported(topK(1), logits, places)).toBe(0);
    expect(await reported(topK(2), logits, places)).toBe(2 / 4);
    expect(await reported(topK(3), logits, places)).toBe(3 / 4);
    expect(await reported(topK(4), logits, places)).toBe(1);
  });
  it("topK(1) is accuracy", async () => {
    const places = tensor(Int32Array.of(1, 2, 0, 3));
    expect(await reported(topK(1), logits, places)).toBe(3 / 4);
    expect(await reported(accuracy, logits, places)).toBe(3 / 4);
  });
});

describe("metrics of numbers", () => {
  // Errors 0.5, -0.5, 0, -1 of the targets 3, -0.5, 2, 7: scikit-learn's own example, with r2 0.948608.
  const outputs = tensor([2.5, 0, 2, 8]);
  const numbers = tensor([3, -0.5, 2, 7]);
  it("mae is 2 / 4, rmse the root of 1.5 / 4", async () => {
    expect(await reported(mae, outputs, numbers)).toBeCloseTo(0.5, 6);
    expect(await reported(rmse, outputs, numbers)).toBeCloseTo(Math.sqrt(0.375), 6);
  });
  it("r2 is 1 - 1.5 / 29.1875, from wherever the targets are counted", async () => {
    expect(await reported(r2(), outputs, numbers)).toBeCloseTo(0.94860814, 6);
    expect(await reported(r2({ around: 3 }), outputs, numbers)).toBeCloseTo(0.94860814, 6);
    const far = { outputs: outputs.add(4096), numbers: numbers.add(4096) };
    expect(await reported(r2({ around: 4098 }), far.outputs, far.numbers)).toBeCloseTo(0.94860814, 6);
  });
  it("r2 of several outputs is their mean: scikit-learn's 0.965438 and 0.908163", async () => {
    const made = tensor([
      [0, 2],
      [-1, 2],
      [8, -5],
    ]);
    const wanted = tensor([
      [0.5, 1],
      [-1, 1],
      [7, -6],
    ]);
    expect(await reported(r2({ outputs: 2 }), made, wanted)).toBeCloseTo((0.96543779 + 0.90816327) / 2, 6);
  });
  it("perplexity is e to the mean cross entropy, which is PyTorch's 1.492598 here", async () => {
    const logits = tensor([
      [1, 2, 0.5],
      [-1, 0, 3],
      [0.2, 0.1, -0.3],
    ]);
    const value = await reported(perplexity(), logits, tensor(Int32Array.of(2, -100, 1)));
    expect(value).toBeCloseTo(Math.exp(1.492598), 4);
  });
});

describe("metricSums", () => {
  it("says when a metric does not give its numbers for each sample", () => {
    const inputs = { outputs: tensor([1, 2]), targets: tensor([1, 2]), weights: tensor([1, 1]) };
    expect(() => metricSums((x) => x.sum(), inputs)).toThrow(/gives \[\], but must give \[2\]/);
    const wrong: Metric = { form: { kind: "ratio" }, sums: (x) => x.unsqueeze(1) };
    expect(() => metricSums(wrong, inputs)).toThrow(/gives \[2, 1\], but must give \[2, 2\]/);
  });
});
