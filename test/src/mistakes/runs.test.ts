import { accuracy, adam, crossEntropy, Linear, lion, precision, sgd, type Tensor, topK } from "tributary";
import { describe, expect, it } from "vitest";
import { data, errorOf, floats, labels, train } from "./mistaken-run.ts";

describe("an optimizer", () => {
  it("with a rate below 0, or that is no number: named with its value", async () => {
    expect(await errorOf(() => ({ optimizer: sgd({ learningRate: -0.1 }) }))).toEqual({
      code: "INVALID_OPTION",
      message: "sgd: learningRate is -0.1, but must be at least 0",
    });
    expect(await errorOf(() => ({ optimizer: adam({ learningRate: Number.NaN }) }))).toMatchObject({
      message: "adam: learningRate is NaN, but must be at least 0",
    });
    expect(await errorOf(() => ({ optimizer: lion({ betas: [0.9, 1] }) }))).toMatchObject({
      message: "lion: betas is 0.9, 1, but must be at least 0 and below 1",
    });
  });

  it("that is the function which makes one", async () => {
    expect(await errorOf(() => ({ optimizer: adam }))).toEqual({
      code: "RUN_INVALID",
      message: "optimizer is a function: call the function that makes it, as in sgd()",
    });
  });
});

describe("a metric", () => {
  it("of another shape than one number a sample: named, with both shapes", async () => {
    const mean = (outputs: Tensor, targets: Tensor) => accuracy(outputs, targets).mean();
    expect(await errorOf(() => ({ metrics: { accuracy, share: mean } }))).toEqual({
      code: "SHAPE_MISMATCH",
      message: "Metric share gives [], but must give [2]: one number a sample, not summed over them",
    });
    expect(await errorOf(() => ({ metrics: { outputs: (outputs: Tensor) => outputs } }))).toMatchObject({
      message: expect.stringMatching(/^Metric outputs gives \[2, 3\], but must give \[2\]/),
    });
    const summed = { form: { kind: "ratio" }, sums: (outputs: Tensor) => outputs };
    expect(await errorOf(() => ({ metrics: { summed } }))).toMatchObject({
      message: expect.stringMatching(/^Metric summed gives \[2, 3\], but must give \[2, 2\]/),
    });
  });

  it("that gives no tensor, or is the function which makes one", async () => {
    expect(await errorOf(() => ({ metrics: { constant: () => 3 } }))).toMatchObject({
      code: "NOT_A_TENSOR",
      message: "Metric constant gives 3, not a tensor: return one",
    });
    expect(await errorOf(() => ({ metrics: { precision } }))).toMatchObject({
      code: "NOT_A_TENSOR",
      message: expect.stringMatching(/^Metric precision gives an object with form, sums/),
    });
    expect(await errorOf(() => ({ metrics: { accuracy: "accuracy" } }))).toMatchObject({
      code: "RUN_INVALID",
      message: expect.stringMatching(/^Metric accuracy is accuracy: give a function/),
    });
  });

  it("for another number of classes than the model has", async () => {
    expect(await errorOf(() => ({ metrics: { precision: precision({ classes: 4 }) } }))).toMatchObject({
      code: "SHAPE_MISMATCH",
      message: expect.stringMatching(/precision takes outputs \[M, 4, \.\.\.\].*\[2, 3\]/),
    });
    expect(await errorOf(() => ({ metrics: { top: topK(0) } }))).toMatchObject({
      message: "topK: k is 0, but must be a whole number above 0",
    });
  });
});

describe("the sizes of a run", () => {
  it("no training samples", async () => {
    const none = data({ name: "nobody", train: { inputs: floats(0), targets: labels(0) } });
    expect(await errorOf(() => ({ data: none }))).toEqual({
      code: "RUN_INVALID",
      message: "The data (nobody) has no training samples: give at least one",
    });
    expect(await errorOf(() => ({ data: data().filter(() => false) }))).toMatchObject({ code: "DATASET_EMPTY" });
  });

  it("a microbatch larger than the batch, or than all data", async () => {
    expect(await errorOf(() => ({ microbatch: 8 }))).toEqual({
      code: "RUN_INVALID",
      message: "microbatch is 8, more than the batchSize 4: use at most the batch size",
    });
    expect(await errorOf(() => ({ batchSize: 64, microbatch: 64 }))).toEqual({
      code: "RUN_INVALID",
      message: "microbatch is 64, but the data (arrays) has 8 training samples: use at most 8, or leave it out",
    });
    // A batch may be larger: it is all data then, and what is padded counts for nothing.
    expect(await train(() => ({ batchSize: 64, microbatch: undefined }))).toEqual(["step", "epoch", "finished"]);
  });

  it("a batch that is no whole number, and a part that is missing", async () => {
    expect(await errorOf(() => ({ batchSize: 2.5 }))).toEqual({
      code: "RUN_INVALID",
      message: "batchSize is 2.5: use a whole number of at least 1",
    });
    for (const part of ["model", "loss", "optimizer", "data"]) {
      expect(await errorOf(() => ({ [part]: undefined }))).toEqual({
        code: "RUN_INVALID",
        message: `${part} is missing: give one`,
      });
    }
  });
});

describe("fields", () => {
  it("must be called inputs and targets", async () => {
    const named = data({ fields: { inputs: [4], labels: [] }, train: { labels: labels() } });
    expect(await errorOf(() => ({ data: named, loss: crossEntropy, model: () => new Linear(4, 3) }))).toEqual({
      code: "RUN_SHAPE",
      message:
        "The data has the fields inputs, labels, but not targets: name what the model takes inputs, and what the loss compares with targets",
    });
  });
});
