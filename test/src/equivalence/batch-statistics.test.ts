import { fit, type TracedRun, withOverrides } from "@tributary/training";
import {
  AvgPool2d,
  BatchNorm1d,
  BatchNorm2d,
  Conv2d,
  crossEntropy,
  defineRun,
  digits,
  Flatten,
  Linear,
  Sequential,
  sgd,
  Tanh,
} from "tributary";
import { beforeAll, describe, expect, it } from "vitest";
import { expectEverySampleOnce } from "../running/run-record.ts";
import { relativeDifference, trainTogether } from "./trained-together.ts";

const SAMPLES = 1_000;
/** Norm of the difference over the norm of the vector: what another order of float32 additions may cost. */
const TOLERANCE = 1e-6;

// 1,000 = 3 x 256 + 232: the last microbatch of an epoch has 8 real samples of 32.
const run = defineRun({
  name: "batch-statistics",
  model: () =>
    new Sequential(
      new Conv2d(1, 4, 5, { bias: false }),
      new BatchNorm2d(4),
      // Smooth layers, for the reason that equivalence.test.ts gives.
      new Tanh(),
      new AvgPool2d(4),
      new Flatten(),
      new Linear(144, 10),
      new BatchNorm1d(10),
    ),
  loss: crossEntropy,
  optimizer: sgd({ learningRate: 0.05, momentum: 0.9 }),
  data: digits({ train: SAMPLES, test: 64 }),
  batchSize: 256,
  microbatch: 32,
  epochs: 3,
  steps: 10,
  seed: 7,
});

/** Three, three and two of a batch's eight microbatches, whoever computes them. */
const UNEVEN = { leaseMicrobatches: 3 };

describe("a run with batch normalisation", () => {
  let traced: TracedRun;
  let alone: { parameters: Float32Array; buffers: Float32Array };

  beforeAll(async () => {
    const { model } = await fit(run, { backend: "wasm" });
    alone = model.flat;
    traced = model.traced;
  });

  it.each([
    ["one worker", { delaysMs: [0] }],
    ["two workers of unequal speed, with leases by speed", { delaysMs: [0, 25] }],
    ["four workers with uneven leases that come in any order", { delaysMs: [12, 0, 25, 4], tuning: UNEVEN }],
  ])("%s give the parameters and running statistics of one process", async (_name, together) => {
    const { parameters, buffers, record } = await trainTogether(traced, together);
    expectEverySampleOnce(record, SAMPLES, false);
    expect(relativeDifference(parameters, alone.parameters)).toBeLessThanOrEqual(TOLERANCE);
    expect(relativeDifference(buffers, alone.buffers)).toBeLessThanOrEqual(TOLERANCE);
  });

  it("workers who send float16 leave the running statistics exact, which are not coded", async () => {
    // After one step they depend on the first parameters alone, not yet on a coded gradient.
    const one = withOverrides(run, { steps: 1 });
    const { model } = await fit(one, { backend: "wasm" });
    const { parameters, buffers } = await trainTogether(model.traced, {
      delaysMs: [0, 0],
      tuning: UNEVEN,
      codec: "float16",
    });
    expect(relativeDifference(parameters, model.flat.parameters)).toBeGreaterThan(TOLERANCE);
    expect(relativeDifference(buffers, model.flat.buffers)).toBeLessThanOrEqual(TOLERANCE);
  });
});
