import { arrays } from "@tributary/data";
import { crossEntropy, Linear, mseLoss, Sequential, sgd } from "@tributary/nn";
import { describe, expect, it } from "vitest";
import { bestCheckpoint, earlyStopping } from "./callbacks.ts";
import { evaluate } from "./evaluation.ts";
import { fit } from "./fit.ts";
import { defineRun, withOverrides } from "./run.ts";
import { encodeSafetensors, type SafetensorsEntry } from "./safetensors.ts";
import type { TrainedModel } from "./trained-model.ts";

const floats = (shape: number[], values: number[]): SafetensorsEntry => ({
  dtype: "F32",
  shape,
  bytes: new Uint8Array(Float32Array.from(values).buffer),
});
const fileOf = (tensors: Record<string, SafetensorsEntry>) =>
  encodeSafetensors({ tensors: new Map(Object.entries(tensors)), metadata: new Map() });

/** y = w x + b at one point: training wants w + b = 0, the test w + b = 1. */
const pull = defineRun({
  name: "pull",
  model: () => new Linear(1, 1),
  loss: mseLoss,
  optimizer: sgd({ learningRate: 0.125 }),
  data: arrays({
    fields: { inputs: [1], targets: [1] },
    train: { inputs: Float32Array.of(1), targets: Float32Array.of(0) },
    test: { inputs: Float32Array.of(1, 1), targets: Float32Array.of(1, 1) },
  }),
  batchSize: 1,
  epochs: 6,
});

/** Each step halves w + b: each of the two moves by 0.125 times 2 (w + b). */
const FROM_FOUR = fileOf({ weight: floats([1, 1], [4]), bias: floats([1], [0]) });

/** w + b after so many steps from 4. */
const sumOf = (model: TrainedModel) => (model.flat.parameters[0] ?? 0) + (model.flat.parameters[4] ?? 0);

describe("fit with initialWeights", () => {
  it("starts from a file of PyTorch's names", async () => {
    const { model } = await fit(withOverrides(pull, { steps: 1 }), { backend: "reference", initialWeights: FROM_FOUR });
    expect([...model.flat.parameters.subarray(0, 1), ...model.flat.parameters.subarray(4, 5)]).toEqual([3, -1]);
  });

  it("says what the file lacks, unless it need not have everything", async () => {
    const half = fileOf({ weight: floats([1, 1], [4]), other: floats([1], [1]) });
    const options = { backend: "reference", initialWeights: half } as const;
    await expect(fit(pull, options)).rejects.toThrow(
      "The file lacks bias and has other, which the model lacks: use the model that the file was written from",
    );
    const still = withOverrides(pull, { steps: 1, learningRate: 1e-30 });
    const { model } = await fit(still, { ...options, strictWeights: false });
    const initialised = await fit(still, { backend: "reference" });
    expect(model.flat.parameters[0]).toBe(4);
    expect(model.flat.parameters[4]).toBe(initialised.model.flat.parameters[4]);
  });
});

describe("fit with checkpoints", () => {
  it("hands out the model of each epoch that was the best so far", async () => {
    const kept: { step: number; sum: number }[] = [];
    await fit(pull, {
      backend: "reference",
      initialWeights: FROM_FOUR,
      callbacks: [bestCheckpoint({ monitor: "testLoss" })],
      onCheckpoint: (model, step) => void kept.push({ step, sum: sumOf(model) }),
    });
    // 4 -> 2 -> 1 -> 0.5 -> ...: the test likes 1 best.
    expect(kept).toEqual([
      { step: 1, sum: 2 },
      { step: 2, sum: 1 },
    ]);
  });

  it("ends with the best epoch's parameters where earlyStopping is told to, stopped or not", async () => {
    for (const patience of [1, 100]) {
      const { model, finished, history } = await fit(pull, {
        backend: "reference",
        initialWeights: FROM_FOUR,
        callbacks: [earlyStopping({ monitor: "testLoss", patience, restoreBest: true })],
      });
      expect(sumOf(model)).toBe(1);
      expect(finished).toMatchObject({ steps: patience === 1 ? 3 : 6, testLoss: 0 });
      expect(history).toHaveLength(finished.steps);
    }
  });
});

describe("evaluate", () => {
  const absolute = (outputs: Parameters<typeof mseLoss>[0], targets: Parameters<typeof mseLoss>[1]) =>
    outputs.sub(targets).abs().mean(1);
  const measured = withOverrides(pull, {
    data: arrays({
      fields: { inputs: [1], targets: [1] },
      train: { inputs: Float32Array.of(1), targets: Float32Array.of(0) },
      test: { inputs: Float32Array.of(0, 1, 2), targets: Float32Array.of(0, 0, 0) },
    }),
  });

  it("gives loss and metrics of a model over a run's test samples", async () => {
    const { model } = await fit(withOverrides(pull, { steps: 1 }), { backend: "reference", initialWeights: FROM_FOUR });
    // y = 3 x - 1 at 0, 1, 2 is -1, 2, 5.
    const run = defineRun({ ...measured, steps: 1, metrics: { distance: absolute } });
    const { samples, loss, metrics } = await evaluate(run, model, { backend: "reference" });
    expect(samples).toBe(3);
    expect(loss).toBeCloseTo((1 + 4 + 25) / 3, 5);
    expect(metrics.distance).toBeCloseTo((1 + 2 + 5) / 3, 6);
  });

  it("takes one part of a dataset as a method of the model", async () => {
    const { model } = await fit(withOverrides(pull, { steps: 1 }), { backend: "reference", initialWeights: FROM_FOUR });
    expect(await model.evaluate(measured.data.train)).toEqual({ samples: 1, loss: 4, metrics: {}, counts: {} });
    expect((await model.evaluate(pull.data.test)).samples).toBe(2);
  });

  it("refuses a run with other layers", async () => {
    const { model } = await fit(withOverrides(pull, { steps: 1 }), { backend: "reference" });
    const other = defineRun({ ...measured, steps: 1, model: () => new Sequential(new Linear(1, 1)) });
    await expect(evaluate(other, model)).rejects.toMatchObject({ code: "MODEL_FILE_MISMATCH" });
  });
});

describe("validation samples", () => {
  it("are what a run is measured on when it is told so; the test samples are looked at afterwards", async () => {
    const inputs = Float32Array.from({ length: 20 }, (_, index) => index / 20);
    const data = arrays({
      fields: { inputs: [1], targets: [1] },
      train: { inputs, targets: inputs.map((x) => 2 * x) },
      test: { inputs: Float32Array.of(1), targets: Float32Array.of(5) },
    }).split({ validation: 0.25 });
    const run = withOverrides(pull, { data: data.measuredOnValidation(), learningRate: 1e-30, steps: 1 });
    const { model, history } = await fit(run, { backend: "reference", initialWeights: FROM_FOUR });
    // The model is 4 x, so the error of 2 x is 2 x: as measured here on the five samples that were kept apart.
    const kept = await data.validation.take(5);
    const squares = [...(kept.inputs?.data ?? [])].map((x) => (2 * x) ** 2);
    expect(history[0]?.testLoss).toBeCloseTo(squares.reduce((sum, square) => sum + square, 0) / 5, 5);
    expect(await model.evaluate(data.test)).toMatchObject({ samples: 1, loss: 1 });
  });
});

describe("gradient accumulation", () => {
  it("is what a batch of several microbatches does: a batch of 8 in parts of 2 is a batch of 8 in one", async () => {
    const inputs = Float32Array.from({ length: 16 }, (_, index) => Math.cos(index));
    const targets = Float32Array.from({ length: 8 }, (_, index) => Math.sin(index));
    const runOf = (microbatch: number) =>
      defineRun({
        name: "accumulated",
        model: () => new Linear(2, 1),
        loss: mseLoss,
        optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
        data: arrays({ fields: { inputs: [2], targets: [1] }, train: { inputs, targets } }),
        batchSize: 8,
        microbatch,
        epochs: 5,
      });
    const [whole, parts] = await Promise.all([8, 2].map((size) => fit(runOf(size), { backend: "reference" })));
    expect(parts?.finished.steps).toBe(5);
    parts?.model.flat.parameters.forEach((value, index) => {
      expect(value).toBeCloseTo(whole?.model.flat.parameters[index] ?? Number.NaN, 6);
    });
  });
});

describe("class weights", () => {
  it("weigh each sample by its class, and divide by the sum of the weights, as PyTorch does", async () => {
    const run = defineRun({
      name: "weighted",
      model: () => new Linear(1, 2),
      loss: (outputs, targets) => crossEntropy(outputs, targets, { classWeights: [1, 3] }),
      optimizer: sgd({ learningRate: 1 }),
      data: arrays({
        fields: { inputs: [1], targets: [] },
        train: { inputs: Float32Array.of(0, 0, 0), targets: Int32Array.of(0, 0, 1) },
      }),
      batchSize: 3,
      microbatch: 2,
      steps: 1,
    });
    const initialWeights = fileOf({ weight: floats([2, 1], [0, 0]), bias: floats([2], [Math.log(3), 0]) });
    const { model, history } = await fit(run, { backend: "reference", initialWeights });
    // p = (3/4, 1/4). Loss: (2 ln(4/3) + 3 ln 4) / 5. Gradient of bias 0: (2 (3/4 - 1) + 3 (3/4)) / 5 = 0.35.
    expect(history[0]?.trainLoss).toBeCloseTo((2 * Math.log(4 / 3) + 3 * Math.log(4)) / 5, 6);
    const [bias0 = 0, bias1 = 0] = model.flat.parameters.subarray(4);
    expect(bias0).toBeCloseTo(Math.log(3) - 0.35, 6);
    expect(bias1).toBeCloseTo(0.35, 6);
  });
});
