import { arrays } from "@tributary/data";
import { type Augmentation, Linear, mseLoss, randomNoise, sgd } from "@tributary/nn";
import { describe, expect, it } from "vitest";
import { fit } from "./fit.ts";
import { defineRun, withOverrides } from "./run.ts";
import { traceRun } from "./trace-run.ts";

const DATA = { inputs: Float32Array.of(0, 0, 0, 1, 1, 0, 1, 1), targets: Float32Array.of(1, -2, 3, 0) };

const runWith = (augment?: Augmentation) =>
  defineRun({
    name: "augmented",
    model: () => new Linear(2, 1),
    loss: mseLoss,
    optimizer: sgd({ learningRate: 1e-30 }),
    data: arrays({ fields: { inputs: [2], targets: [1] }, train: DATA, test: DATA }),
    batchSize: 4,
    microbatch: 2,
    ...(augment === undefined ? {} : { augment }),
  });

const lossesOf = async (run: Parameters<typeof fit>[0]) => {
  const { history } = await fit(run, { backend: "reference" });
  return history.map(({ trainLoss, testLoss }) => ({ trainLoss, testLoss }));
};

describe("augment", () => {
  it("changes the inputs in training, and not in evaluation", async () => {
    const [plain] = await lossesOf(runWith());
    // Nothing moves at this rate, so both losses are of the same parameters.
    expect(plain?.trainLoss).toBeCloseTo(plain?.testLoss ?? Number.NaN, 5);
    const [augmented] = await lossesOf(runWith(randomNoise(1)));
    expect(augmented?.testLoss).toBe(plain?.testLoss);
    expect(Math.abs((augmented?.trainLoss ?? 0) - (plain?.trainLoss ?? 0))).toBeGreaterThan(1e-3);
  });

  it("does the same to every sample, however a batch is cut", async () => {
    const run = runWith(randomNoise(1));
    const [two] = await lossesOf(run);
    const [four] = await lossesOf(withOverrides(run, { microbatch: 4 }));
    expect(four?.trainLoss).toBeCloseTo(two?.trainLoss ?? Number.NaN, 5);
  });

  it("must keep the shape", async () => {
    const run = runWith((inputs) => inputs.narrow(1, 0, 1));
    await expect(traceRun(run)).rejects.toThrow(/augment makes float32\[2, 1\] of float32\[2, 2\]/);
  });
});
