import { type Device, type DeviceBuffer, open, type TensorData } from "@tributary/kernels";
import { runBackendConformance } from "@tributary/kernels/conformance";
import { elementCount } from "@tributary/program";
import { seedWords, type TracedRun, traceRun } from "@tributary/training";
import { arrays, defineRun, sgd } from "tributary";
import { describe, expect, it } from "vitest";
import { WORKS } from "../curves/works.ts";
import { leastGpu } from "./least-gpu.ts";

/** Milliseconds: a GPU in software compiles slowly on a busy machine. */
const TIMEOUT_MS = 1_800_000;
/** So many pipelines are compiled beside each other. */
const CASES_AT_ONCE = 8;
/** Norm of what two backends' parameters differ by, as a share of the norm of what training changed. */
const TOLERANCE = 1e-3;
const STEPS = 2;

const openLeast = async (): Promise<Device> => open("webgpu", { allowSoftware: true, gpu: await leastGpu() });

/** Fields of one batch, in a pattern that needs no randomness: sin of every third whole number, and class numbers in turn. */
function fieldsOf(
  name: string,
  batch: number,
): Record<"inputs" | "targets", { shape: number[]; data: Float32Array | Int32Array }> {
  const floats = (shape: number[]) => ({
    shape,
    data: Float32Array.from({ length: batch * elementCount(shape) }, (_, index) => Math.sin(3 * index)),
  });
  const classes = (shape: number[], count: number) => ({
    shape,
    data: Int32Array.from({ length: batch * elementCount(shape) }, (_, index) => (index * 7) % count),
  });
  switch (name) {
    case "lenet":
      return { inputs: floats([1, 28, 28]), targets: classes([], 10) };
    case "lstm":
      return { inputs: floats([50, 16]), targets: floats([]) };
    default:
      return { inputs: classes([32], 65), targets: classes([32], 65) };
  }
}

interface Model {
  readonly parameters: TensorData;
  readonly state: TensorData;
  readonly buffers: TensorData;
}

/** Trains some steps on a device. @param model where training begins; null: as the run's initialisers have it */
async function train(device: Device, traced: TracedRun, fields: Record<string, TensorData>, model: Model | null) {
  const { localStep, initialize } = traced.programs;
  const buffers: Record<string, DeviceBuffer> = {};
  for (const { name, dtype, shape } of [...localStep.inputs, ...localStep.outputs]) {
    buffers[name] ??= device.allocate(dtype, elementCount(shape));
  }
  const write = (name: string, data: TensorData) => device.write(buffers[name], data);
  for (const [name, data] of Object.entries(fields)) await write(name, data);
  await write("seed", seedWords(1));
  if (model === null) await (await device.compile(initialize)).run(buffers);
  else for (const name of ["parameters", "state", "buffers"] as const) await write(name, model[name]);
  const read = async (): Promise<Model> => {
    const [parameters, state, rest] = await device.readAll([buffers.parameters, buffers.state, buffers.buffers]);
    return { parameters, state, buffers: rest };
  };
  const start = await read();
  const executable = await device.compile(localStep);
  for (let step = 0; step < STEPS; step += 1) {
    await write("step", Uint32Array.of(step));
    await write("scalars", Float32Array.of(step, step, 1, 0, 0));
    await executable.run(buffers);
  }
  return { start, end: await read() };
}

// vitest.config.ts says so when there is no GPU in software.
describe.skipIf(process.env["SWIFTSHADER_FOLDER"] === undefined)("with the least that WebGPU guarantees", () => {
  runBackendConformance("webgpu", openLeast, CASES_AT_ONCE);

  describe("models train as on wasm", { timeout: TIMEOUT_MS }, () => {
    it.each(["lenet", "lstm", "gpt"])("%s", async (name) => {
      const { model, loss, batch } = WORKS[name];
      const { inputs, targets } = fieldsOf(name, batch);
      const data = arrays({
        fields: { inputs: inputs.shape, targets: targets.shape },
        train: { inputs: inputs.data, targets: targets.data },
      });
      const optimizer = sgd({ learningRate: 0.01 });
      const traced = await traceRun(
        defineRun({ name, model, loss, optimizer, data, batchSize: batch, microbatch: batch }),
      );
      const fields = {
        inputs: inputs.data,
        targets: targets.data,
        weights: new Float32Array(batch).fill(1),
        indices: Uint32Array.from({ length: batch }, (_, index) => index),
      };
      const [cpu, gpu] = [await open("wasm"), await openLeast()];
      const expected = await train(cpu, traced, fields, null);
      const found = await train(gpu, traced, fields, expected.start);
      const distance = (a: TensorData, b: TensorData) =>
        Math.sqrt(Array.from(a, (value, at) => (value - b[at]) ** 2).reduce((sum, square) => sum + square, 0));
      const { parameters } = expected.end;
      expect(distance(found.end.parameters, parameters)).toBeLessThan(
        TOLERANCE * distance(expected.start.parameters, parameters),
      );
      cpu.dispose();
      gpu.dispose();
    });
  });
});
