import { fit, type TracedRun } from "@tributary/training";
import {
  AvgPool2d,
  accuracy,
  adamW,
  Conv2d,
  crossEntropy,
  Dropout,
  defineRun,
  digits,
  Flatten,
  Linear,
  type Optimizer,
  Sequential,
  sgd,
  Tanh,
} from "tributary";
import { beforeAll, describe, expect, it } from "vitest";
import { expectEverySampleOnce } from "../running/run-record.ts";
import { relativeDifference, trainTogether } from "./trained-together.ts";

const SAMPLES = 2_000;
/** Norm of the difference over the norm of the parameters: what another order of float32 additions may cost. */
const TOLERANCE = 1e-6;
/**
 * float16 keeps 11 bits, so that an element of a sum errs by at most 2^-12 of itself: of the way the parameters go, which
 * is shorter here than they are long, by no more than that; twice as much is allowed for what follows from it.
 */
const FLOAT16_TOLERANCE = 2 ** -11;

// Smooth layers, because rounding decides what happens at a kink: of the ten million ReLUs and maxima of such a run one may fall so near a
// tie that another order of additions turns it, and that alone moves the parameters by 2e-6 (seen in one of eight seeds).
// 20 steps go over the end of two epochs, whose last steps are short: 2,000 = 7 x 256 + 208.
const runWith = (optimizer: Optimizer) =>
  defineRun({
    name: "equivalence",
    model: () =>
      new Sequential(
        new Conv2d(1, 4, 5),
        new Tanh(),
        new AvgPool2d(2),
        new Flatten(),
        new Dropout(0.25),
        new Linear(576, 10),
      ),
    loss: crossEntropy,
    metrics: { accuracy },
    optimizer,
    data: digits({ train: SAMPLES, test: 64 }),
    batchSize: 256,
    microbatch: 32,
    epochs: 3,
    steps: 20,
    seed: 7,
  });

const OPTIMIZERS = {
  "SGD with momentum": sgd({ learningRate: 0.05, momentum: 0.9 }),
  AdamW: adamW({ learningRate: 2e-3 }),
};

/** Three, three and two of a batch's eight microbatches, whoever computes them. */
const UNEVEN = { leaseMicrobatches: 3 };

describe.each(Object.entries(OPTIMIZERS))("with %s and dropout", (_, optimizer) => {
  let run: TracedRun;
  let alone: Float32Array;

  beforeAll(async () => {
    const { model } = await fit(runWith(optimizer), { backend: "wasm" });
    alone = model.flat.parameters;
    run = model.traced;
  });

  it.each([
    ["one worker", { delaysMs: [0] }],
    ["two workers of unequal speed, with leases by speed", { delaysMs: [0, 25] }],
    ["four workers with uneven leases that come in any order", { delaysMs: [12, 0, 25, 4], tuning: UNEVEN }],
  ])("%s give the parameters of one process", async (_name, together) => {
    const { parameters, record } = await trainTogether(run, together);
    expect(record).toHaveLength(20);
    expectEverySampleOnce(record, SAMPLES, false);
    expect(relativeDifference(parameters, alone)).toBeLessThanOrEqual(TOLERANCE);
  });
});

describe("a run with two workers", () => {
  let run: TracedRun;
  let alone: Float32Array;

  beforeAll(async () => {
    const { model } = await fit(runWith(OPTIMIZERS["SGD with momentum"]), { backend: "wasm" });
    alone = model.flat.parameters;
    run = model.traced;
  });

  // With SGD, whose step is as long as the gradient; AdamW makes long steps of the small elements that float16 rounds the most.
  it("with gradients sent as float16 gives the parameters within float16's precision, for half the bytes", async () => {
    const float16 = await trainTogether(run, { delaysMs: [0, 0], tuning: UNEVEN, codec: "float16" });
    const difference = relativeDifference(float16.parameters, alone);
    expect(difference).toBeLessThanOrEqual(FLOAT16_TOLERANCE);
    expect(difference).toBeGreaterThan(TOLERANCE);
    const leases = float16.record.reduce((sum, { commits }) => sum + commits.length, 0);
    const float32Bytes = 4 * run.layout.trainableLength * leases;
    expect(float16.bytesReceived / float32Bytes).toBeGreaterThan(0.5);
    expect(float16.bytesReceived / float32Bytes).toBeLessThan(0.6);
  });

  it("has the same bits when the partition is the same, whatever the order of arrival and the number of workers", async () => {
    const tuning = { ...UNEVEN, deterministic: true };
    const first = await trainTogether(run, { delaysMs: [0, 30], tuning });
    const second = await trainTogether(run, { delaysMs: [30, 0], tuning });
    const three = await trainTogether(run, { delaysMs: [9, 18, 0], tuning });
    const ranges = ({ record }: typeof first) =>
      record.map(({ commits }) => commits.map(({ start, end }) => [start, end]));
    expect(second.arrivals).not.toEqual(first.arrivals);
    expect(ranges(second)).toEqual(ranges(first));
    expect(ranges(three)).toEqual(ranges(first));
    expect(ranges(first)[0]).toEqual([
      [0, 96],
      [96, 192],
      [192, 256],
    ]);
    expect(relativeDifference(first.parameters, alone)).toBeLessThanOrEqual(TOLERANCE);
    expect(second.parametersSha256).toBe(first.parametersSha256);
    expect(three.parametersSha256).toBe(first.parametersSha256);
  });
});
