import { type Device, type DeviceBuffer, open, type TensorData } from "@tributary/kernels";
import { elementCount, type Program, type TensorType } from "@tributary/program";
import { crc32 } from "@tributary/protocol";
import { type Run, traceRun } from "@tributary/training";
import { type Clock, type DeviceEvent, LocalComputation, ResilientComputation } from "@tributary/worker";
import {
  arrays,
  BatchNorm1d,
  crossEntropy,
  defineRun,
  digits,
  Embedding,
  Flatten,
  Linear,
  Module,
  mseLoss,
  ReLU,
  Sequential,
  sgd,
  type Tensor,
  TransformerBlock,
} from "tributary";
import { describe, expect, it } from "vitest";
import { WORKS } from "../curves/works.ts";
import { LeaseBench, leaseSpan, relativeDifference } from "./lease-bench.ts";
import { type Reach, WatchedGpu } from "./watched-gpu.ts";

/** Milliseconds: a GPU in software compiles slowly on a busy machine; and no lease is late. */
const TIMEOUT_MS = 1_800_000;
const ENOUGH_BYTES = 2 ** 28;

/** Weights of 784 x 24, 24 x 784, 784 x 24 and 24 x 10 floats: 75,264 bytes each but the last, 230,104 with the biases. */
const WIDE = runOf(() => [
  ...[new Linear(784, 24), new ReLU(), new Linear(24, 784), new ReLU()],
  ...[new Linear(784, 24), new ReLU(), new Linear(24, 10)],
]);
const WIDE_BYTES = 4 * (3 * 784 * 24 + 24 * 10 + 24 + 784 + 24 + 12);
/** A dispatch reaches one of the large weights, and no two of them. */
const ONE_WEIGHT: Reach = { bindingBytes: 80_000, bufferBytes: ENOUGH_BYTES };

function runOf(layers: () => ConstructorParameters<typeof Sequential>, microbatch = 16): Run {
  return defineRun({
    name: "wide",
    model: () => new Sequential(new Flatten(), ...layers()),
    loss: crossEntropy,
    optimizer: sgd({ learningRate: 0.1 }),
    data: digits({ train: 64, test: 16 }),
    batchSize: 32,
    microbatch,
  });
}

/** Four sequences of 50 times, the LSTM's weights 262,144 bytes, what it keeps of all times 409,600 bytes a gate and more. */
function sequences(): Run {
  const { model, batch } = WORKS["lstm"];
  const inputs = new Float32Array(batch * 50 * 16);
  const data = arrays({
    fields: { inputs: [50, 16], targets: [] },
    train: { inputs, targets: new Float32Array(batch) },
  });
  const optimizer = sgd({ learningRate: 0.01, momentum: 0.9 });
  return defineRun({ name: "sequences", model, loss: mseLoss, optimizer, data, batchSize: batch, microbatch: batch });
}

/** A transformer over 800 letters: two tables of 102,400 bytes, first and last among the parameters. */
class Letters extends Module {
  readonly table = new Embedding(800, 32);
  readonly block = new TransformerBlock(32, 4);
  readonly head = new Linear(32, 800);

  override forward(x: Tensor): Tensor {
    return this.head.forward(this.block.forward(this.table.forward(x))).transpose(1, 2);
  }
}

function letters(): Run {
  const text = new Int32Array(16);
  const data = arrays({ fields: { inputs: [8], targets: [8] }, train: { inputs: text, targets: text } });
  const optimizer = sgd({ learningRate: 0.01 });
  const model = () => new Letters();
  return defineRun({ name: "letters", model, loss: crossEntropy, optimizer, data, batchSize: 2, microbatch: 2 });
}

const CLOCK: Clock = {
  now: () => performance.now(),
  after: (milliseconds, callback) => {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};

const openOn = (reach: Reach | null): Promise<Device> =>
  open("webgpu", { gpu: new WatchedGpu(reach).gpu, allowSoftware: true });

async function computationOn(reach: Reach | null, bench: LeaseBench) {
  const events: DeviceEvent[] = [];
  const { fetchBlob } = bench;
  const on = (device: Device) => new LocalComputation({ device, fetchBlob, clock: CLOCK, crc32 });
  const computation = await ResilientComputation.open({
    openGpu: async () => on(await openOn(reach)),
    openCpu: async () => on(await open("wasm")),
    clock: CLOCK,
    onEvent: (event) => events.push(event),
  });
  return { computation, events };
}

/** Numbers in a pattern that needs no randomness. */
function givenOf({ dtype, shape }: TensorType): TensorData {
  const of = { length: elementCount(shape) };
  switch (dtype) {
    case "float32":
      return Float32Array.from(of, (_, index) => Math.sin(3 * index) / 4);
    case "uint8":
    case "bool":
      return Uint8Array.from(of, (_, index) => index % 251);
    case "uint32":
      return Uint32Array.from(of, (_, index) => index);
    case "int32":
      return Int32Array.from(of, (_, index) => (index * 7) % 10);
    case "float16":
      return new Uint16Array(of.length);
    default:
      return dtype satisfies never;
  }
}

/** Runs a program once, on buffers of its own. @returns its outputs */
async function outputsOf(device: Device, program: Program): Promise<Float32Array[]> {
  const buffers: Record<string, DeviceBuffer> = {};
  for (const input of program.inputs) {
    buffers[input.name] = device.allocate(input.dtype, elementCount(input.shape));
    await device.write(buffers[input.name], givenOf(input));
  }
  for (const { name, dtype, shape, replaces } of program.outputs) {
    if (replaces === null) buffers[name] = device.allocate(dtype, elementCount(shape));
  }
  await (await device.compile(program)).run(buffers);
  const read = await device.readAll(program.outputs.map(({ name, replaces }) => buffers[replaces ?? name]));
  return read.map((data) => Float32Array.from(data));
}

// vitest.config.ts says so when there is no GPU in software.
describe.skipIf(process.env["SWIFTSHADER_FOLDER"] === undefined)(
  "a GPU of whose buffers a dispatch reaches only a part",
  { timeout: TIMEOUT_MS },
  () => {
    it("computes leases of a model whose parameters together are more, if each tensor is not", async () => {
      const bench = await LeaseBench.create(WIDE, "float16");
      expect(4 * bench.setup.layout.parameterLength).toBe(WIDE_BYTES);
      const found: Float32Array[] = [];
      for (const reach of [null, ONE_WEIGHT]) {
        const { computation, events } = await computationOn(reach, bench);
        await computation.prepare(bench.setup);
        await bench.hold(computation, 0);
        found.push(bench.sumsOf(await computation.run(leaseSpan(0, 32), TIMEOUT_MS)));
        expect(events.map(({ backend }) => backend)).toEqual(["webgpu"]);
        await computation.dispose();
      }
      // Both were rounded to float16, whose steps are 2^-11 of the value.
      expect(relativeDifference(found[1], found[0])).toBeLessThan(2 ** -11);
    });

    it.each([
      ["a network of wide layers", WIDE, ONE_WEIGHT],
      ["a transformer", letters(), { bindingBytes: 110_000, bufferBytes: ENOUGH_BYTES }],
      ["a recurrence", sequences(), { bindingBytes: 500_000, bufferBytes: ENOUGH_BYTES }],
    ])("runs every program of %s", async (_, run, reach) => {
      const { programs } = await traceRun(run);
      const { initialize, gradient, measure, evaluate, predict, update } = programs;
      const [whole, small] = [await openOn(null), await openOn(reach)];
      for (const program of [initialize, gradient, measure, evaluate, predict, update]) {
        const [expected, found] = [await outputsOf(whole, program), await outputsOf(small, program)];
        for (const [index, values] of expected.entries()) {
          const difference = values.map((value, at) => value - (found[index][at] ?? Number.NaN));
          expect(Math.hypot(...difference)).toBeLessThanOrEqual(1e-5 * Math.hypot(...values));
        }
      }
      // Otherwise nothing was tried here.
      const parameters = gradient.inputs.find(({ name }) => name === "parameters");
      const { scratchBytes } = await small.compile(gradient);
      expect(Math.max(4 * elementCount(parameters?.shape ?? []), scratchBytes)).toBeGreaterThan(reach.bindingBytes);
      for (const device of [whole, small]) device.dispose();
    });

    it.each([
      [
        // With the 24 floats of its bias.
        "one of whose weights is more than that",
        { bindingBytes: 60_000, bufferBytes: ENOUGH_BYTES },
        "The model is too large for this GPU, which reaches 60000 bytes at once, because an operation of program gradient uses 75360 bytes of parameters, so the CPU is used from now on",
      ],
      [
        "whose parameters no buffer holds",
        { bindingBytes: 80_000, bufferBytes: 200_000 },
        `The model is too large for this GPU, whose largest buffer holds 200000 bytes, because parameters of program gradient take ${WIDE_BYTES} bytes, so the CPU is used from now on`,
      ],
    ])("leaves a model to the CPU %s, and says so in words", async (_, reach, sentence) => {
      const bench = await LeaseBench.create(WIDE, "float32");
      const { computation, events } = await computationOn(reach, bench);
      await expect(computation.prepare(bench.setup)).rejects.toMatchObject({ code: "DEVICE_CHANGED" });
      expect(computation.backend).toBe("wasm");
      // No smaller microbatch was tried.
      expect(events.slice(1).map((event) => event.sentence)).toEqual([sentence]);
      await computation.prepare(bench.setup);
      await bench.hold(computation, 0);
      expect((await computation.run(leaseSpan(0, 32), TIMEOUT_MS)).microbatches).toBe(2);
      await computation.dispose();
    });

    it("leaves a model that normalises over microbatches to the CPU where one is too large: there are no parts of it", async () => {
      const run = runOf(() => [new Linear(784, 24), new BatchNorm1d(24), new Linear(24, 10)], 32);
      const bench = await LeaseBench.create(run, "float32");
      // The inputs of 32 samples are 100,352 bytes as float32.
      const { computation, events } = await computationOn(ONE_WEIGHT, bench);
      await expect(computation.prepare(bench.setup)).rejects.toMatchObject({ code: "DEVICE_CHANGED" });
      expect(computation.backend).toBe("wasm");
      expect(events.slice(1).map(({ sentence }) => sentence)).toEqual([
        "The GPU has too little memory for a microbatch of this run, which cannot be computed in parts, so the CPU is used from now on",
      ]);
      await computation.dispose();
    });
  },
);
