import type { EpochOrder, Microbatch, SplitName } from "@tributary/data";
import type { Bindings, Device, DeviceBuffer, Executable, TensorData } from "@tributary/kernels";
import type { Program, RunSums } from "@tributary/program";
import { findDivergence } from "./divergence.ts";
import { MicrobatchSource } from "./microbatch-source.ts";
import { namedSumsOffset, readSums, type SumsLayout } from "./sums-layout.ts";
import { seedWords, type TracedRun } from "./traced-run.ts";

/** What `update` is told beside the tensors; order and meaning of the `scalars` input. */
export interface StepScalars {
  /** Updates done before this one. */
  readonly step: number;
  /** Samples committed before this step. */
  readonly samplesCommitted: number;
  readonly learningRateFactor: number;
}

/** A step that is done. */
export interface StepResult {
  readonly sums: RunSums;
  /** Euclidean norm of the mean gradient; not finite when the gradient was not, and then nothing was updated. */
  readonly gradientNorm: number;
}

/** The programs that training one step after the other needs. */
type TrainingProgram = Exclude<keyof TracedRun["programs"], "localStep" | "predict">;

/** All state of a run on one device: parameters, optimizer state, buffers, and the programs that change them. */
export class LocalTrainer {
  readonly #traced: TracedRun;
  readonly #device: Device;
  readonly #source: MicrobatchSource;
  readonly #executables: Readonly<Record<TrainingProgram, Executable>>;
  readonly #buffers: Readonly<Record<string, DeviceBuffer>>;
  readonly #evaluationSums: DeviceBuffer;

  private constructor(traced: TracedRun, device: Device, executables: Readonly<Record<TrainingProgram, Executable>>) {
    this.#traced = traced;
    this.#device = device;
    this.#executables = executables;
    this.#source = new MicrobatchSource(traced.data, traced.recipe.microbatch, traced.recipe.seed);
    this.#evaluationSums = device.allocate("float32", traced.evaluationSums.length);
    const { gradient, update, measure } = traced.programs;
    this.#buffers = allocateInputs(device, [gradient, update, measure]);
  }

  /** Compiles the run's programs and initialises its state. The trainer borrows the device. */
  static async open(traced: TracedRun, device: Device): Promise<LocalTrainer> {
    const { initialize, gradient, measure, update, evaluate } = traced.programs;
    const compile = (program: Program) => device.compile(program);
    const trainer = new LocalTrainer(traced, device, {
      initialize: await compile(initialize),
      gradient: await compile(gradient),
      measure: await compile(measure),
      update: await compile(update),
      evaluate: await compile(evaluate),
    });
    await trainer.#write("seed", seedWords(traced.recipe.seed));
    await trainer.#run("initialize", {});
    return trainer;
  }

  /** The order of an epoch, for {@link step}. */
  epochOrder(epoch: number): EpochOrder {
    return this.#source.order("train", epoch);
  }

  /** Commits the samples at `count` positions from `first` on, and updates the parameters once. */
  async step(order: EpochOrder, first: number, count: number, scalars: StepScalars): Promise<StepResult> {
    const { microbatch } = this.#traced.recipe;
    await this.#write("step", Uint32Array.of(scalars.step));
    await this.#clear(this.#buffer("sums"));
    for (let done = 0; done < count; done += microbatch) {
      await this.#load("train", order, first + done, Math.min(microbatch, count - done));
      await this.#run("gradient", {});
    }
    await this.#run("measure", { measures: this.#buffer("measures") });
    const sums = await this.#readSums(this.#buffer("sums"), this.#traced.sums);
    const [squaredNorm = 0, notFinite = 0] = await this.#device.read(this.#buffer("measures"));
    const gradientNorm = notFinite > 0 ? Number.NaN : Math.sqrt(squaredNorm) / sums.weight;
    if (Number.isFinite(gradientNorm) && Number.isFinite(sums.loss)) {
      const { step, samplesCommitted, learningRateFactor } = scalars;
      await this.#write(
        "scalars",
        Float32Array.of(step, samplesCommitted, learningRateFactor, sums.weight, gradientNorm),
      );
      await this.#run("update", {});
    }
    return { sums, gradientNorm };
  }

  /** Why the step that {@link step} has just found not finite is so; see findDivergence. */
  async explainDivergence(order: EpochOrder, first: number, count: number): Promise<string> {
    const { microbatch } = this.#traced.recipe;
    const source = this.#source;
    return findDivergence({
      traced: this.#traced,
      device: this.#device,
      parameters: this.#buffer("parameters"),
      buffers: this.#buffer("buffers"),
      *microbatches() {
        for (let done = 0; done < count; done += microbatch) {
          yield source.fill("train", order, first + done, Math.min(microbatch, count - done));
        }
      },
      gradientSums: async (batch) => {
        await this.#clear(this.#buffer("sums"));
        await this.#writeBatch(batch);
        await this.#run("gradient", {});
        return this.#device.read(this.#buffer("sums"));
      },
    });
  }

  /** Loss and metrics over the test samples, under the current parameters. */
  async evaluate(): Promise<RunSums> {
    const { microbatch } = this.#traced.recipe;
    const order = this.#source.order("test", 0);
    await this.#clear(this.#evaluationSums);
    for (let done = 0; done < order.length; done += microbatch) {
      await this.#load("test", order, done, Math.min(microbatch, order.length - done));
      await this.#run("evaluate", { sums: this.#evaluationSums });
    }
    return this.#readSums(this.#evaluationSums, this.#traced.evaluationSums);
  }

  /** The flat vector of parameters; the caller's own copy. */
  parameters(): Promise<TensorData> {
    return this.#device.read(this.#buffer("parameters"));
  }

  /** The flat vector of buffers; the caller's own copy. */
  buffers(): Promise<TensorData> {
    return this.#device.read(this.#buffer("buffers"));
  }

  /** Replaces parameters and buffers. @param parameters borrowed until the promise resolves */
  async load(parameters: Float32Array, buffers: Float32Array): Promise<void> {
    await this.#device.write(this.#buffer("parameters"), parameters);
    await this.#device.write(this.#buffer("buffers"), buffers);
  }

  /** Gives back what the trainer holds on the device; not the device itself. */
  dispose(): void {
    for (const executable of Object.values(this.#executables)) executable.dispose();
    for (const buffer of Object.values(this.#buffers)) buffer.dispose();
    this.#evaluationSums.dispose();
  }

  async #load(split: SplitName, order: EpochOrder, first: number, count: number): Promise<void> {
    await this.#writeBatch(this.#source.fill(split, order, first, count));
  }

  async #writeBatch(batch: Microbatch): Promise<void> {
    for (const [name, data] of Object.entries(batch.fields)) await this.#write(name, data);
    await this.#write("weights", batch.weights);
    await this.#write("indices", batch.indices);
  }

  async #readSums(buffer: DeviceBuffer, layout: SumsLayout): Promise<RunSums> {
    return readSums(layout, await this.#device.read(buffer, namedSumsOffset(layout), layout.names.length));
  }

  #run(program: TrainingProgram, others: Bindings): Promise<void> {
    return this.#executables[program].run({ ...this.#buffers, ...others });
  }

  #clear(buffer: DeviceBuffer): Promise<void> {
    return this.#device.write(buffer, new Float32Array(buffer.length));
  }

  #write(name: string, data: TensorData): Promise<void> {
    return this.#device.write(this.#buffer(name), data);
  }

  #buffer(name: string): DeviceBuffer {
    const buffer = this.#buffers[name];
    if (buffer === undefined) throw new Error(`local-trainer: no program of the run has an input or output ${name}`);
    return buffer;
  }
}

/** A buffer for every input and output that the programs name; programs that use one name share its buffer. */
function allocateInputs(device: Device, programs: readonly Program[]): Record<string, DeviceBuffer> {
  const buffers: Record<string, DeviceBuffer> = {};
  for (const { inputs, outputs } of programs) {
    for (const { name, dtype, shape } of [...inputs, ...outputs]) {
      buffers[name] ??= device.allocate(
        dtype,
        shape.reduce((product, dimension) => product * dimension, 1),
      );
    }
  }
  return buffers;
}
