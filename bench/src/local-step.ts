import type { Device, DeviceBuffer, TensorData } from "@tributary/kernels";
import { seedWords, type TracedRun, traceRun } from "@tributary/training";
import { arrays, defineRun, type Run, sgd } from "tributary";
import { seededRandom } from "./random-data.ts";
import { LEARNING_RATE, MOMENTUM, WORKLOADS, type Workload } from "./workloads.ts";

const SEED = 1;

/** A work of Tributary's on some device, ready to step. */
export interface PreparedStep {
  /** Trainable parameters. */
  readonly parameters: number;
  /** One training step. Whether it is done when the promise resolves, or only asked for, is the device's. */
  step(): Promise<void>;
  /** Mean loss of the last step's batch. */
  loss(): Promise<number>;
}

type Fields = Readonly<Record<string, Float32Array | Int32Array>>;

function drawFields(workload: Workload): Fields {
  const random = seededRandom(SEED);
  return Object.fromEntries(
    Object.entries(workload.fields).map(([field, { shape, draw }]) => [
      field,
      draw(
        shape.reduce((product, size) => product * size, workload.batch),
        random,
      ),
    ]),
  );
}

/** The run whose one microbatch is the workload's batch. */
function runOf(name: string, workload: Workload, train: Fields): Run {
  const { model, loss, batch } = workload;
  const shapes = Object.fromEntries(Object.entries(workload.fields).map(([field, { shape }]) => [field, shape]));
  return defineRun({
    name,
    model,
    loss,
    optimizer: sgd({ learningRate: LEARNING_RATE, momentum: MOMENTUM }),
    data: arrays({ name: "random", fields: shapes, train }),
    batchSize: batch,
    microbatch: batch,
    seed: SEED,
  });
}

/** The program `localStep` with its buffers; the batch is written once and stays on the device. */
class LocalStep {
  readonly #traced: TracedRun;
  readonly #device: Device;
  readonly #batch: number;
  readonly #given: Readonly<Record<string, TensorData>>;
  readonly #buffers: Readonly<Record<string, DeviceBuffer>>;

  constructor(traced: TracedRun, device: Device, workload: Workload, fields: Fields) {
    this.#traced = traced;
    this.#device = device;
    this.#batch = workload.batch;
    this.#given = {
      ...fields,
      weights: new Float32Array(workload.batch).fill(1),
      indices: Uint32Array.from({ length: workload.batch }, (_, index) => index),
      seed: seedWords(SEED),
    };
    const { inputs, outputs } = traced.programs.localStep;
    this.#buffers = Object.fromEntries(
      [...inputs, ...outputs].map(({ name, dtype, shape }) => [
        name,
        device.allocate(
          dtype,
          shape.reduce((product, size) => product * size, 1),
        ),
      ]),
    );
  }

  async prepare(): Promise<PreparedStep> {
    const { programs, layout, sums } = this.#traced;
    const buffers = this.#buffers;
    for (const [name, data] of Object.entries(this.#given)) await this.#device.write(this.#buffer(name), data);
    const initialize = await this.#device.compile(programs.initialize);
    await initialize.run(buffers);
    initialize.dispose();
    const executable = await this.#device.compile(programs.localStep);
    let step = 0;
    return {
      parameters: layout.parameters.reduce((total, { length, trainable }) => total + (trainable ? length : 0), 0),
      step: async () => {
        await this.#device.write(this.#buffer("step"), Uint32Array.of(step));
        await this.#device.write(this.#buffer("scalars"), Float32Array.of(step, step * this.#batch, 1, 0, 0));
        await executable.run(buffers);
        step += 1;
      },
      loss: async () => {
        const [lossSum = Number.NaN, weight = Number.NaN] = await this.#device.read(
          this.#buffer("sums"),
          sums.gradientLength + sums.statisticsLength,
          2,
        );
        return lossSum / weight;
      },
    };
  }

  #buffer(name: string): DeviceBuffer {
    const buffer = this.#buffers[name];
    if (buffer === undefined) throw new Error(`localStep has neither an input nor an output ${name}`);
    return buffer;
  }
}

/** Traces a workload and makes its step ready on a device. @throws Error when there is no such workload */
export async function prepareLocalStep(name: string, device: Device): Promise<PreparedStep> {
  const workload = WORKLOADS[name];
  if (workload === undefined) throw new Error(`There is no workload ${name}`);
  const fields = drawFields(workload);
  const traced = await traceRun(runOf(name, workload, fields));
  return new LocalStep(traced, device, workload, fields).prepare();
}
