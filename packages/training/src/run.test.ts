import { arrays } from "@tributary/data";
import { Linear, mseLoss, sgd } from "@tributary/nn";
import { describe, expect, it } from "vitest";
import { defineRun, isRun, type RunDescription, withOverrides } from "./run.ts";

const description: RunDescription = {
  name: "line",
  model: () => new Linear(1, 1),
  loss: mseLoss,
  optimizer: sgd({ learningRate: 0.1 }),
  data: arrays({
    fields: { inputs: [1], targets: [1] },
    train: { inputs: Float32Array.of(1), targets: Float32Array.of(1) },
  }),
  batchSize: 64,
};

describe("defineRun", () => {
  it("fills the defaults in: one epoch, seed 0, a microbatch of a quarter batch up to 32", () => {
    expect(defineRun(description)).toMatchObject({
      epochs: 1,
      steps: null,
      seed: 0,
      microbatch: 16,
      metrics: {},
      callbacks: [],
    });
    expect(defineRun({ ...description, batchSize: 256 }).microbatch).toBe(32);
    expect(defineRun({ ...description, batchSize: 1 }).microbatch).toBe(1);
  });

  it.each<[string, Partial<RunDescription>, RegExp]>([
    ["a name with a slash", { name: "a/b" }, /name is "a\/b"/],
    ["a batch of 0", { batchSize: 0 }, /batchSize is 0/],
    ["half an epoch", { epochs: 0.5 }, /epochs is 0.5/],
    ["a negative seed", { seed: -1 }, /seed is -1/],
    ["a microbatch larger than the batch", { microbatch: 65 }, /microbatch is 65, more than the batchSize 64/],
    ["a metric called loss", { metrics: { loss: (outputs) => outputs } }, /metric is called "loss"/],
  ])("refuses %s, saying what it takes", (_, change, message) => {
    expect(() => defineRun({ ...description, ...change })).toThrow(message);
  });

  it("marks runs, so that a run file's export is recognised", () => {
    expect(isRun(defineRun(description))).toBe(true);
    expect(isRun({ ...description })).toBe(false);
    expect(isRun(null)).toBe(false);
  });
});

describe("withOverrides", () => {
  it("replaces what is given and keeps the rest", () => {
    const run = defineRun({ ...description, epochs: 3 });
    const changed = withOverrides(run, { batchSize: 8, seed: 7, steps: 5 });
    expect(isRun(changed)).toBe(true);
    expect(changed).toMatchObject({ batchSize: 8, microbatch: 2, seed: 7, steps: 5, epochs: 3, name: "line" });
    expect(withOverrides(run, { batchSize: 128 }).microbatch).toBe(16);
  });
});
