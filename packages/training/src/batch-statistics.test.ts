import { type Tensor, tensor } from "@tributary/autograd";
import { arrays } from "@tributary/data";
import { open } from "@tributary/kernels";
import { BatchNorm1d, Buffer, init, Linear, Module, mseLoss, Sequential, sgd, Tanh } from "@tributary/nn";
import type { RunEvent } from "@tributary/program";
import { describe, expect, it } from "vitest";
import { onEvents } from "./callbacks.ts";
import { fit } from "./fit.ts";
import { LocalTrainer } from "./local-trainer.ts";
import { defineRun } from "./run.ts";
import { traceRun } from "./trace-run.ts";

// Expected numbers: PyTorch 1.13, float64: the same model, whole batches of six samples, three steps of SGD with rate 0.1.

/** (i step mod modulus - shift) / 4 for element i. */
function pattern(count: number, step: number, modulus: number, shift: number): number[] {
  return Array.from({ length: count }, (_, index) => (((index * step) % modulus) - shift) / 4);
}

const literal = (values: readonly number[]) => (_key: Tensor, shape: readonly number[]) => tensor(values, { shape });

const DATA = {
  inputs: Float32Array.from(pattern(12, 5, 11, 5)),
  targets: Float32Array.from(pattern(6, 3, 7, 3)),
};

const runWith = (options: { batchSize: number; microbatch: number; epochs?: number }) =>
  defineRun({
    name: "batch-statistics",
    model: () =>
      new Sequential(
        new Linear(2, 3, {
          weightInitialiser: literal(pattern(6, 1, 7, 3)),
          biasInitialiser: literal(pattern(3, 2, 5, 1)),
        }),
        new BatchNorm1d(3),
        new Tanh(),
        new Linear(3, 1, {
          weightInitialiser: literal(pattern(3, 1, 7, 3)),
          biasInitialiser: literal(pattern(1, 2, 5, 1)),
        }),
      ),
    loss: mseLoss,
    optimizer: sgd({ learningRate: 0.1 }),
    data: arrays({ fields: { inputs: [2], targets: [1] }, train: DATA, test: DATA }),
    ...options,
  });

const backend = "reference" as const;

/** Every parameter and buffer of a model by name. */
async function trained(options: { batchSize: number; microbatch: number; epochs?: number }) {
  const { model, finished } = await fit(runWith(options), { backend });
  const { layout } = model.traced;
  const { parameters, buffers } = model.flat;
  const slice = (vector: Float32Array, entries: typeof layout.parameters) =>
    entries.map(({ name, offset, length }) => [name, [...vector.subarray(offset, offset + length)]] as const);
  const tensors: Record<string, readonly number[]> = Object.fromEntries([
    ...slice(parameters, layout.parameters),
    ...slice(buffers, layout.buffers),
  ]);
  return { tensors, model, finished };
}

const close = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 5));

describe("a run with batch normalisation", () => {
  it.each([
    ["one microbatch a step", { batchSize: 6, microbatch: 6, epochs: 3 }],
    ["a microbatch that padding fills up", { batchSize: 8, microbatch: 8, epochs: 3 }],
  ])("gives PyTorch's parameters and running statistics: %s", async (_, options) => {
    const { tensors, model, finished } = await trained(options);
    expect(tensors).toEqual({
      "0.weight": close([-0.7613654, -0.4826903, -0.2465111, 0.05393087, 0.2932561, 0.4768529]),
      "0.bias": close([-0.25, 0.25, 0.75]),
      "1.weight": close([0.9762958, 0.9924936, 1.011996]),
      "1.bias": close([-0.02790201, -0.01497361, -0.01333562]),
      "1.running_mean": close([-0.06975547, 0.03516144, 0.1506864]),
      "1.running_var": close([0.840611, 0.7428374, 0.749919]),
      "3.weight": close([-0.6674417, -0.4349868, -0.3294465]),
      "3.bias": close([-0.1954494]),
    });
    // Evaluation and prediction go by the running statistics.
    expect(finished.testLoss).toBeCloseTo(0.1850632, 5);
    const { data } = await model.predict({ dtype: "float32", shape: [6, 2], data: DATA.inputs });
    expect([...data]).toEqual(close([-0.949246, 0.1520582, 0.06405958, -0.06520533, -0.2301809, -0.4013529]));
  });

  it.each([1, 2, 4, 5])("has one step's running statistics whatever its microbatch: %i", async (microbatch) => {
    const { tensors } = await trained({ batchSize: 6, microbatch, epochs: 1 });
    expect(tensors["1.running_mean"]).toEqual(close([-0.025, 0.01458333, 0.05416667]));
    expect(tensors["1.running_var"]).toEqual(close([0.940625, 0.9049479, 0.9072917]));
  });

  it("has sums of its own for them, which no event shows", async () => {
    const traced = await traceRun(runWith({ batchSize: 6, microbatch: 6 }));
    // A count, and for each of three channels the sum of x - r and of its square.
    expect(traced.sums).toMatchObject({ statisticsLength: 7, names: ["loss", "weight", "samples"] });
    expect(traced.sums.length).toBe(traced.sums.gradientLength + 7 + 3);
    expect(traced.evaluationSums.length).toBe(3);
    const events: RunEvent[] = [];
    await fit(runWith({ batchSize: 6, microbatch: 6 }), {
      backend,
      callbacks: [onEvents((event) => events.push(event))],
    });
    const step = events.find(({ event }) => event === "step") ?? {};
    expect(Object.keys(step).toSorted()).toEqual([
      "epoch",
      "event",
      "gradientNorm",
      "loss",
      "samples",
      "samplesPerSecond",
      "step",
      "workers",
    ]);
    expect(step).toMatchObject({ loss: expect.closeTo(0.2424074, 5), samples: 6 });
  });

  it("measures the norm of the gradient alone", async () => {
    const traced = await traceRun(runWith({ batchSize: 6, microbatch: 6 }));
    const device = await open(backend);
    const measure = await device.compile(traced.programs.measure);
    const sums = device.allocate("float32", traced.sums.length);
    const parameters = device.allocate("float32", traced.layout.parameterLength);
    const measures = device.allocate("float32", 2);
    const vector = new Float32Array(traced.sums.length).fill(1e6);
    vector.fill(0, 0, traced.sums.gradientLength);
    vector.set([3, 4]);
    await device.write(sums, vector);
    await measure.run({ sums, parameters, measures });
    expect([...(await device.read(measures))]).toEqual([25, 0]);
    device.dispose();
  });

  it("does in localStep what gradient, measure and update do", async () => {
    const traced = await traceRun(runWith({ batchSize: 8, microbatch: 8 }));
    const device = await open(backend);
    const trainer = await LocalTrainer.open(traced, device);
    const before = { parameters: await trainer.parameters(), buffers: await trainer.buffers() };
    await trainer.step(trainer.epochOrder(0), 0, 6, { step: 0, samplesCommitted: 0, learningRateFactor: 1 });
    const program = await device.compile(traced.programs.localStep);
    const sizes: Record<string, Float32Array | Uint32Array> = {
      parameters: Float32Array.from(before.parameters),
      buffers: Float32Array.from(before.buffers),
      state: new Float32Array(traced.stateLength),
      inputs: Float32Array.from([...DATA.inputs, 9, 9, 9, 9]),
      targets: Float32Array.from([...DATA.targets, 9, 9]),
      weights: Float32Array.of(1, 1, 1, 1, 1, 1, 0, 0),
      indices: new Uint32Array(8),
      seed: new Uint32Array(2),
      step: new Uint32Array(1),
      scalars: Float32Array.of(0, 0, 1, 0, 0),
      sums: new Float32Array(traced.sums.length),
    };
    const bindings: Record<string, ReturnType<typeof device.allocate>> = {};
    for (const { name, dtype } of [...program.program.inputs, ...program.program.outputs]) {
      const data = sizes[name];
      if (data === undefined || bindings[name] !== undefined) continue;
      bindings[name] = device.allocate(dtype, data.length);
      await device.write(bindings[name], data);
    }
    await program.run(bindings);
    const read = async (name: string) => [...(bindings[name] === undefined ? [] : await device.read(bindings[name]))];
    expect(await read("buffers")).toEqual(close([...(await trainer.buffers())]));
    expect(await read("parameters")).toEqual(close([...(await trainer.parameters())]));
    device.dispose();
  });
});

/** Changes a buffer in forward, which a run calls for each microbatch. */
class Counter extends Module {
  readonly count = new Buffer([], init.zeros);
  readonly inner = new Linear(2, 1);
  override forward(x: Tensor): Tensor {
    this.count.update(this.count.value.add(1));
    return this.inner.forward(x);
  }
}

describe("a model that changes its buffers in forward", () => {
  it("is refused, with what to do instead", async () => {
    const run = { ...runWith({ batchSize: 6, microbatch: 6 }), model: () => new Counter() };
    await expect(traceRun(run)).rejects.toThrow(/changes its buffers count in forward.*record Statistics/);
  });
});
