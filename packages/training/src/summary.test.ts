import { arrays } from "@tributary/data";
import { Conv2d, crossEntropy, Flatten, Linear, MaxPool2d, ReLU, Sequential, sgd } from "@tributary/nn";
import { describe, expect, it } from "vitest";
import { defineRun } from "./run.ts";
import { showSummary, summarize, summary } from "./summary.ts";

const run = defineRun({
  name: "small",
  model: () => new Sequential(new Conv2d(1, 2, 3), new ReLU(), new MaxPool2d(2), new Flatten(), new Linear(8, 3)),
  loss: crossEntropy,
  optimizer: sgd({ learningRate: 0.1 }),
  data: arrays({
    fields: { inputs: [1, 6, 6], targets: [] },
    train: { inputs: new Float32Array(36), targets: new Int32Array(1) },
  }),
  batchSize: 8,
  microbatch: 4,
});

describe("summarize", () => {
  it("gives every layer's kind, output and parameters", async () => {
    const { layers, parameters, trainableParameters, bytesPerSync, flopsPerStep } = await summarize(run);
    expect(layers).toEqual([
      { path: "0", kind: "Conv2d", outputShape: [2, 4, 4], parameters: 20 },
      { path: "1", kind: "ReLU", outputShape: [2, 4, 4], parameters: 0 },
      { path: "2", kind: "MaxPool2d", outputShape: [2, 2, 2], parameters: 0 },
      { path: "3", kind: "Flatten", outputShape: [8], parameters: 0 },
      { path: "4", kind: "Linear", outputShape: [3], parameters: 27 },
    ]);
    expect([parameters, trainableParameters]).toEqual([47, 47]);
    // The layout pads 18, 2, 24 and 3 floats to 20, 4, 24 and 4.
    expect(bytesPerSync).toBe(4 * (52 + 52));
    // Forward, and the weights' gradients: at least 2 multiply-adds each for 8 samples of 16 x 9 x 2 taps and 8 x 3 weights.
    expect(flopsPerStep).toBeGreaterThan(8 * 4 * (288 + 24));
  });
});

describe("summary", () => {
  it("is a table with the totals below", async () => {
    const lines = (await summary(run)).split("\n");
    expect(lines[0]).toBe("layer  kind       output     parameters");
    expect(lines[1]).toBe("0      Conv2d     [2, 4, 4]  20");
    expect(lines[6]).toBe("47 parameters, 47 of them trainable");
  });

  it("shows layers that did not run", () => {
    const text = showSummary({
      layers: [{ path: "spare", kind: "Linear", outputShape: null, parameters: 1_000 }],
      parameters: 1_000,
      trainableParameters: 0,
      flopsPerStep: 0,
      bytesPerMicrobatch: 0,
      bytesPerSync: 0,
    });
    expect(text.split("\n")[1]).toBe("spare  Linear  -       1,000");
  });
});
