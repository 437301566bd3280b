import { arrays } from "@tributary/data";
import { adamW, crossEntropy, Dropout, Linear, mseLoss, Sequential, sgd, Tanh } from "@tributary/nn";
import type { RunEvent } from "@tributary/program";
import { describe, expect, it } from "vitest";
import { earlyStopping, onEvents } from "./callbacks.ts";
import { fit } from "./fit.ts";
import { defineRun, withOverrides } from "./run.ts";

const XOR = { inputs: Float32Array.of(0, 0, 0, 1, 1, 0, 1, 1), targets: Float32Array.of(0, 1, 1, 0) };

/** y = 2 a - 3 b + 1 at four points: what least squares must find exactly. */
const PLANE = { inputs: Float32Array.of(0, 0, 0, 1, 1, 0, 1, 1), targets: Float32Array.of(1, -2, 3, 0) };

const plane = defineRun({
  name: "plane",
  model: () => new Linear(2, 1),
  loss: mseLoss,
  optimizer: sgd({ learningRate: 0.5 }),
  data: arrays({ fields: { inputs: [2], targets: [1] }, train: PLANE, test: PLANE }),
  batchSize: 4,
  epochs: 200,
});

/** Runs fit and keeps its events. */
async function eventsOf(run: Parameters<typeof fit>[0], options: Parameters<typeof fit>[1] = {}) {
  const events: RunEvent[] = [];
  let nowMs = 0;
  const result = await fit(run, {
    backend: "reference",
    nowMs: () => {
      nowMs += 1_000;
      return nowMs;
    },
    ...options,
    callbacks: [onEvents((event) => events.push(event)), ...(options.callbacks ?? [])],
  });
  return { events, result };
}

describe("fit", () => {
  it("finds the plane through four points", async () => {
    const { result } = await eventsOf(plane);
    const [a, b] = result.model.flat.parameters;
    // The layout puts weight [1, 2] at 0 and bias [1] at the next multiple of four.
    expect([a, b, result.model.flat.parameters[4]].map((x) => Number(x?.toFixed(4)))).toEqual([2, -3, 1]);
    expect(result.finished.testLoss).toBeLessThan(1e-9);
  });

  it("takes one step of gradient descent as worked by hand", async () => {
    // With w = 0, b = 0 the gradient of the mean of (w x + b - y)^2 over (1, 2), (3, 4) is dw = -14, db = -6.
    const data = { inputs: Float32Array.of(1, 3), targets: Float32Array.of(2, 4) };
    const run = defineRun({
      name: "step",
      model: () => new Linear(1, 1),
      loss: mseLoss,
      optimizer: sgd({ learningRate: 0.1 }),
      data: arrays({ fields: { inputs: [1], targets: [1] }, train: data }),
      batchSize: 2,
      steps: 1,
    });
    const { events, result } = await eventsOf(run);
    const zero = await fit(withOverrides(run, { learningRate: 1e-30 }), { backend: "reference" });
    const [w = 0] = zero.model.flat.parameters;
    const b = zero.model.flat.parameters[4] ?? 0;
    const dw = (w + b - 2) * 1 + (3 * w + b - 4) * 3;
    const db = w + b - 2 + (3 * w + b - 4);
    expect(result.model.flat.parameters[0]).toBeCloseTo(w - 0.1 * dw, 6);
    expect(result.model.flat.parameters[4]).toBeCloseTo(b - 0.1 * db, 6);
    const loss = ((w + b - 2) ** 2 + (3 * w + b - 4) ** 2) / 2;
    expect(events[0]).toMatchObject({
      event: "step",
      step: 1,
      epoch: 1,
      samples: 2,
      loss: expect.closeTo(loss, 5),
      workers: 1,
    });
  });

  it("learns XOR, which no linear model can", async () => {
    const run = defineRun({
      name: "xor",
      model: () => new Sequential(new Linear(2, 8), new Tanh(), new Linear(8, 1)),
      loss: mseLoss,
      optimizer: sgd({ learningRate: 0.5, momentum: 0.9 }),
      data: arrays({ fields: { inputs: [2], targets: [1] }, train: XOR }),
      batchSize: 4,
      epochs: 200,
    });
    const { result } = await eventsOf(run);
    const { shape, data } = await result.model.predict((await run.data.train.take(4)).inputs);
    expect(shape).toEqual([4, 1]);
    expect([...data].map(Math.round)).toEqual([0, 1, 1, 0]);
  });

  it("gives the same parameters however a batch is cut into microbatches, dropout and padding included", async () => {
    const samples = 10;
    const inputs = Float32Array.from({ length: samples * 3 }, (_, i) => Math.sin(i));
    const targets = Int32Array.from({ length: samples }, (_, i) => i % 2);
    const runOf = (microbatch: number) =>
      defineRun({
        name: "cut",
        model: () => new Sequential(new Linear(3, 16), new Tanh(), new Dropout(0.5), new Linear(16, 2)),
        loss: crossEntropy,
        optimizer: adamW({ learningRate: 0.05 }),
        data: arrays({ fields: { inputs: [3], targets: [] }, train: { inputs, targets } }),
        batchSize: 7,
        microbatch,
        epochs: 3,
      });
    const parametersOf = async (microbatch: number) => (await eventsOf(runOf(microbatch))).result.model.flat.parameters;
    const whole = await parametersOf(7);
    for (const microbatch of [1, 3]) {
      const parts = await parametersOf(microbatch);
      const difference = Math.hypot(...parts.map((x, i) => x - (whole[i] ?? 0)));
      expect(difference / Math.hypot(...whole)).toBeLessThan(1e-6);
    }
    expect(whole).not.toEqual((await eventsOf(withOverrides(runOf(7), { seed: 1 }))).result.model.flat.parameters);
  });

  it("reports steps, epochs and the end under their fixed keys", async () => {
    const { events } = await eventsOf(withOverrides(plane, { epochs: 2, batchSize: 3 }));
    expect(events.map(({ event }) => event)).toEqual(["step", "step", "epoch", "step", "step", "epoch", "finished"]);
    expect(events[1]).toMatchObject({ step: 2, epoch: 1, samples: 4 });
    expect(Object.keys(events[2] ?? {})).toEqual(["event", "epoch", "trainLoss", "testLoss", "seconds"]);
    expect(events[6]).toMatchObject({ steps: 4, samples: 8, bytesSent: 0, bytesReceived: 0 });
  });

  it("stops after `steps`, and when a callback says so", async () => {
    const { events } = await eventsOf(withOverrides(plane, { steps: 3 }));
    expect(events.at(-1)).toMatchObject({ event: "finished", steps: 3 });
    const stopped = await eventsOf(withOverrides(plane, { learningRate: 1e-9 }), {
      callbacks: [earlyStopping({ monitor: "testLoss", patience: 2, minDelta: 1e-3 })],
    });
    // Epoch 1 is the best; epochs 2 and 3 are no better by more than minDelta.
    expect(stopped.result.history).toHaveLength(3);
  });

  it("refuses to go on when the loss is no longer finite, with the code DIVERGED", async () => {
    await expect(fit(withOverrides(plane, { learningRate: 1e30 }), { backend: "reference" })).rejects.toMatchObject({
      code: "DIVERGED",
    });
  });

  it("says what the data lacks", async () => {
    const data = arrays({ fields: { x: [1] }, train: { x: Float32Array.of(1) } });
    await expect(fit(withOverrides(plane, { data }), { backend: "reference" })).rejects.toThrow(
      /has the fields x, but not inputs and targets/,
    );
  });
});
