import type { FieldSamples } from "@tributary/data";
import { type Backend, open, type TensorData } from "@tributary/kernels";
import { elementCount, type Program } from "@tributary/program";
import { TrainingError } from "./errors.ts";
import type { FlatModel } from "./model-tensors.ts";

/** What a program makes of some samples. */
export interface SampleOutputs {
  /** [samples, ...shape of one]. */
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Which program to run on what. */
export interface ProgramCall {
  /** Takes parameters, buffers and the fields of `samples`, a microbatch at a time; all its outputs begin with the sample. */
  readonly program: Program;
  readonly model: FlatModel;
  /** By the program's input names; as many samples in each. */
  readonly samples: Readonly<Record<string, FieldSamples>>;
  readonly backend: Backend | "auto";
}

/**
 * Runs a program on any number of samples, microbatch by microbatch; the last one is padded with zeros.
 * @returns every output by its name
 * @throws TrainingError RUN_SHAPE if the samples are not what the program was traced for
 */
export async function runOnSamples(call: ProgramCall): Promise<Map<string, SampleOutputs>> {
  const { program, samples, model, backend } = call;
  const [count = 0] = Object.values(samples)[0]?.shape ?? [];
  const microbatch = checkSamples(program, samples, count);
  const outputs = new Map(
    program.outputs.map(({ name, shape }) => {
      const ofAll = [count, ...shape.slice(1)];
      return [name, { shape: ofAll, data: new Float32Array(elementCount(ofAll)) }];
    }),
  );
  const device = await open(backend);
  try {
    const executable = await device.compile(program);
    const edges = [...program.inputs, ...program.outputs];
    const buffers = new Map(edges.map(({ name, dtype, shape }) => [name, device.allocate(dtype, elementCount(shape))]));
    const bindings = Object.fromEntries(buffers);
    const write = async (name: string, data: TensorData) => {
      const buffer = buffers.get(name);
      if (buffer !== undefined) await device.write(buffer, data);
    };
    await write("parameters", model.parameters);
    await write("buffers", model.buffers);
    for (let first = 0; first < count; first += microbatch) {
      const rows = Math.min(microbatch, count - first);
      for (const [name, field] of Object.entries(samples)) await write(name, rowsOf(field, first, rows));
      await executable.run(bindings);
      for (const [name, { shape, data }] of outputs) {
        const buffer = buffers.get(name);
        const rowLength = elementCount(shape.slice(1));
        if (buffer !== undefined) data.set(await device.read(buffer, 0, rows * rowLength), first * rowLength);
      }
    }
  } finally {
    device.dispose();
  }
  return outputs;
}

function rowsOf({ shape, data }: FieldSamples, first: number, rows: number): TensorData {
  const rowLength = elementCount(shape.slice(1));
  return data.subarray(first * rowLength, (first + rows) * rowLength);
}

/** @returns the samples that the program takes at once, M */
function checkSamples(program: Program, samples: Readonly<Record<string, FieldSamples>>, count: number): number {
  let microbatch = 1;
  for (const [name, { dtype, shape }] of Object.entries(samples)) {
    const input = program.inputs.find((candidate) => candidate.name === name);
    const wanted = input?.shape.slice(1) ?? [];
    const fits =
      input !== undefined && input.dtype === dtype && wanted.join() === shape.slice(1).join() && shape[0] === count;
    if (!fits) {
      const takes =
        input === undefined
          ? `takes no ${name}`
          : `takes ${name} as ${input.dtype} [samples${wanted.map((d) => `,${d}`).join("")}]`;
      throw new TrainingError(
        "RUN_SHAPE",
        `${program.name} ${takes}, but got ${dtype} [${shape}] (of ${count} samples): give samples in the form in which the data has them`,
      );
    }
    microbatch = input.shape[0] ?? 1;
  }
  return microbatch;
}
