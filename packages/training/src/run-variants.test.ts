import { arrays } from "@tributary/data";
import { BatchNorm1d, Linear, mseLoss, Sequential, sgd } from "@tributary/nn";
import { describe, expect, it } from "vitest";
import { defineRun } from "./run.ts";
import { traceRun } from "./trace-run.ts";

function runOf(microbatch: number, normalised = false) {
  return defineRun({
    name: "variants",
    model: () => new Sequential(new Linear(3, 4), ...(normalised ? [new BatchNorm1d(4)] : []), new Linear(4, 1)),
    loss: mseLoss,
    optimizer: sgd({ learningRate: 0.1 }),
    data: arrays({
      fields: { inputs: [3], targets: [1] },
      train: { inputs: new Float32Array(96), targets: new Float32Array(32) },
    }),
    batchSize: 32,
    microbatch,
  });
}

async function sizesOf(microbatch: number, normalised = false) {
  const { variants } = await traceRun(runOf(microbatch, normalised));
  return variants.map((variant) => variant.microbatch);
}

describe("programs for parts of a microbatch", () => {
  it("take a half and a quarter of its samples, where these are whole", async () => {
    expect(await sizesOf(16)).toEqual([8, 4]);
    expect(await sizesOf(6)).toEqual([3]);
    expect(await sizesOf(5)).toEqual([]);
  });

  it("add to the same sums: gradient of 3 x 4 + 4 + 4 + 1 parameters, each tensor padded to 4, then loss, weight and samples", async () => {
    const { programs, variants } = await traceRun(runOf(16));
    for (const { gradient, evaluate } of [programs, ...variants]) {
      expect([gradient.outputs[0]?.shape, evaluate.outputs[0]?.shape]).toEqual([[12 + 4 + 4 + 4 + 3], [3]]);
    }
    const inputs = variants[0]?.gradient.inputs.find(({ name }) => name === "inputs");
    expect(inputs?.shape).toEqual([8, 3]);
  });

  it("do not exist for a model that couples the samples of a microbatch", async () => {
    expect(await sizesOf(16, true)).toEqual([]);
  });
});
