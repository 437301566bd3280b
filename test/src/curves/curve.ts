import { arrays } from "@tributary/data";
import { type Device, type DeviceBuffer, open, type TensorData } from "@tributary/kernels";
import { sgd } from "@tributary/nn";
import { defineRun, modelFromSafetensors, seedWords, type TracedRun, traceRun } from "@tributary/training";
import type { PyTorchRun, Samples } from "./pytorch.ts";
import { LEARNING_RATE, type Work } from "./works.ts";

/** The run as a user would write it. Its own data are in an order of their own: batches are given to its programs directly. */
function tracedOf(name: string, work: Work, { fields }: PyTorchRun): Promise<TracedRun> {
  const { inputs, targets } = fields;
  const run = defineRun({
    name,
    model: work.model,
    loss: work.loss,
    optimizer: sgd({ learningRate: LEARNING_RATE, momentum: work.momentum }),
    data: arrays({
      fields: { inputs: inputs.shape, targets: targets.shape },
      train: { inputs: inputs.data, targets: targets.data },
    }),
    batchSize: work.batch,
    // Batch normalisation is over a microbatch.
    microbatch: work.batch,
  });
  return traceRun(run);
}

/** The program of a whole step, with buffers for all that it names. */
class Training {
  readonly #device: Device;
  readonly #traced: TracedRun;
  readonly #buffers: Readonly<Record<string, DeviceBuffer>>;

  constructor(device: Device, traced: TracedRun) {
    this.#device = device;
    this.#traced = traced;
    const { inputs, outputs } = traced.programs.localStep;
    const length = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);
    this.#buffers = Object.fromEntries(
      [...inputs, ...outputs].map(({ name, dtype, shape }) => [name, device.allocate(dtype, length(shape))]),
    );
  }

  write(name: string, data: TensorData): Promise<void> {
    return this.#device.write(this.#buffers[name], data);
  }

  /** Runs steps; `batch` writes what one of them trains on. @returns the loss of each */
  async run(steps: number, batchSize: number, batch: (step: number) => Promise<void>): Promise<number[]> {
    const { programs, sums } = this.#traced;
    const executable = await this.#device.compile(programs.localStep);
    const losses: number[] = [];
    for (let step = 0; step < steps; step += 1) {
      await batch(step);
      await this.write("step", Uint32Array.of(step));
      await this.write("scalars", Float32Array.of(step, step * batchSize, 1, 0, 0));
      await executable.run(this.#buffers);
      const place = sums.gradientLength + sums.statisticsLength;
      const [loss, weight] = await this.#device.read(this.#buffers.sums, place, 2);
      losses.push(loss / weight);
    }
    executable.dispose();
    return losses;
  }
}

/** The loss of each step of the same training on the wasm backend, from PyTorch's weights and on its batches. */
export async function trainHere(name: string, work: Work, theirs: PyTorchRun): Promise<number[]> {
  const traced = await tracedOf(name, work, theirs);
  const device = await open("wasm");
  const training = new Training(device, traced);
  const { parameters, buffers } = modelFromSafetensors(traced.layout, theirs.initial);
  await training.write("parameters", parameters);
  await training.write("buffers", buffers);
  await training.write("weights", new Float32Array(work.batch).fill(1));
  await training.write("seed", seedWords(0));
  const losses = await training.run(work.steps, work.batch, async (step) => {
    for (const [field, samples] of Object.entries(theirs.fields)) {
      await training.write(field, batchOf(samples, step, work.batch));
    }
  });
  device.dispose();
  return losses;
}

function batchOf({ shape, data }: Samples, step: number, size: number): TensorData {
  const elements = size * shape.reduce((product, each) => product * each, 1);
  return data.slice(step * elements, (step + 1) * elements);
}

/** The largest difference of two curves, as a share of the second. */
export function largestGap(found: readonly number[], expected: readonly number[]): number {
  return Math.max(...expected.map((loss, step) => Math.abs(found[step] - loss) / Math.abs(loss)));
}
