import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import type { EpochOrder } from "@tributary/data";
import { type Backend, open } from "@tributary/kernels";
import {
  addSums,
  countEntries,
  type EpochEvent,
  type FinishedEvent,
  meansOf,
  metricMeans,
  type RunCommand,
  type RunEvent,
  type RunSums,
} from "@tributary/program";
import type { Callback } from "./callbacks.ts";
import { TrainingError } from "./errors.ts";
import { LocalTrainer } from "./local-trainer.ts";
import { decodeModelFile } from "./model-file.ts";
import { type FlatModel, modelFromSafetensors } from "./model-tensors.ts";
import { progress } from "./progress.ts";
import type { Run } from "./run.ts";
import { traceRun } from "./trace-run.ts";
import { type TracedRun, totalSteps } from "./traced-run.ts";
import { TrainedModel } from "./trained-model.ts";

/** How {@link fit} trains. */
export interface FitOptions {
  /** Default "auto". */
  readonly backend?: Backend | "auto";
  /** Called after the run's own. */
  readonly callbacks?: readonly Callback[];
  /** Milliseconds from any fixed moment, for speeds and durations. Default performance.now. */
  readonly nowMs?: () => number;
  /** Shows a bar on standard error, as the command line does. Default false. */
  readonly progress?: boolean;
  /** A safetensors file to start from: ours, PyTorch's, or Keras' as keras_to_safetensors.py writes it. Default: the model's own initialisation. */
  readonly initialWeights?: Uint8Array;
  /** Whether `initialWeights` must have just the model's tensors. False: what it lacks is initialised, what the model lacks left out. Default true. */
  readonly strictWeights?: boolean;
  /** Gets the model as it is when a callback asks for a checkpoint, with the number of updates done; training waits for it. */
  readonly onCheckpoint?: (model: TrainedModel, step: number) => void | Promise<void>;
}

/** What {@link fit} comes back with. */
export interface FitResult {
  readonly model: TrainedModel;
  /** The epoch events, in order. */
  readonly history: readonly EpochEvent[];
  readonly finished: FinishedEvent;
}

/**
 * Trains a run in this process: the same samples in the same order, the same programs and the same events as with a coordinator.
 * @throws TrainingError DIVERGED when loss or gradient are not finite, naming where that began; RUN_SHAPE, RUN_INVALID when the run does not fit
 * together; MODEL_FILE_INVALID, MODEL_FILE_MISMATCH for `initialWeights`
 */
export async function fit(run: Run, options: FitOptions = {}): Promise<FitResult> {
  const { backend = "auto", callbacks = [], nowMs = () => performance.now(), onCheckpoint } = options;
  const traced = await traceRun(run);
  const device = await open(backend);
  try {
    const trainer = await LocalTrainer.open(traced, device);
    if (options.initialWeights !== undefined) {
      await startFrom(trainer, traced, options.initialWeights, options.strictWeights ?? true);
    }
    const plan = { epochs: run.epochs, steps: totalSteps(traced.recipe, traced.data.manifest) };
    const bar = options.progress === true ? [progress(plan)] : [];
    const keep = async (flat: FlatModel, step: number) => onCheckpoint?.(new TrainedModel(traced, flat, backend), step);
    const fitting = new Fitting(traced, trainer, [...run.callbacks, ...callbacks, ...bar], { nowMs, keep });
    const { history, finished } = await fitting.run();
    return { model: new TrainedModel(traced, await flatOf(trainer), backend), history, finished };
  } finally {
    device.dispose();
  }
}

async function startFrom(trainer: LocalTrainer, traced: TracedRun, bytes: Uint8Array, strict: boolean): Promise<void> {
  const options = strict ? {} : { missingFrom: await flatOf(trainer) };
  const { parameters, buffers } = modelFromSafetensors(traced.layout, decodeModelFile(traced.layout, bytes), options);
  await trainer.load(parameters, buffers);
}

async function flatOf(trainer: LocalTrainer): Promise<FlatModel> {
  return {
    parameters: Float32Array.from(await trainer.parameters()),
    buffers: Float32Array.from(await trainer.buffers()),
  };
}

/** The positions of an epoch that one step takes. */
interface StepSamples {
  readonly order: EpochOrder;
  readonly first: number;
  readonly count: number;
}

/** What {@link Fitting} needs of its surroundings. */
interface FittingOptions {
  readonly nowMs: () => number;
  readonly keep: (flat: FlatModel, step: number) => Promise<void>;
}

/** One call of {@link fit}: counts, events, and what callbacks asked for. */
class Fitting {
  readonly #traced: TracedRun;
  readonly #trainer: LocalTrainer;
  readonly #callbacks: readonly Callback[];
  readonly #options: FittingOptions;
  readonly #startMs: number;
  #step = 0;
  #samples = 0;
  #learningRateFactor = 1;
  #stopped = false;
  #checkpointAsked = false;
  #restoreAsked = false;
  /** What the run ends with instead of its last parameters, and the epoch that it was kept after. */
  #kept: { readonly flat: FlatModel; readonly epoch: EpochEvent | undefined } | null = null;

  constructor(traced: TracedRun, trainer: LocalTrainer, callbacks: readonly Callback[], options: FittingOptions) {
    this.#traced = traced;
    this.#trainer = trainer;
    this.#callbacks = callbacks;
    this.#options = options;
    this.#startMs = options.nowMs();
  }

  async run(): Promise<{ history: EpochEvent[]; finished: FinishedEvent }> {
    const history: EpochEvent[] = [];
    const { recipe, data } = this.#traced;
    const steps = totalSteps(recipe, data.manifest);
    for (let epoch = 0; epoch < recipe.epochs && this.#step < steps && !this.#stopped; epoch += 1) {
      const event = await this.#epoch(epoch, steps);
      history.push(event);
      await this.#emit(event, event);
    }
    const finished = await this.#finish(history.at(-1));
    return { history, finished };
  }

  async #epoch(epoch: number, steps: number): Promise<EpochEvent> {
    const startMs = this.#options.nowMs();
    const { batchSize } = this.#traced.recipe;
    const order = this.#trainer.epochOrder(epoch);
    let total: RunSums | null = null;
    for (let first = 0; first < order.length && this.#step < steps && !this.#stopped; first += batchSize) {
      const count = Math.min(batchSize, order.length - first);
      const sums = await this.#oneStep(epoch, { order, first, count });
      total = total === null ? sums : addSums(total, sums);
    }
    if (total === null) throw new TrainingError("RUN_INVALID", "The data has no training samples: give at least one");
    const test = await this.#testSums();
    const event: EpochEvent = {
      event: "epoch",
      epoch: epoch + 1,
      trainLoss: total.loss / total.weight,
      ...metricMeans("train", total),
      ...(test === null ? {} : meansOf("test", test)),
      ...countEntries(total, test),
      seconds: (this.#options.nowMs() - startMs) / 1000,
    };
    return event;
  }

  #scalars() {
    return { step: this.#step, samplesCommitted: this.#samples, learningRateFactor: this.#learningRateFactor };
  }

  async #oneStep(epoch: number, { order, first, count }: StepSamples): Promise<RunSums> {
    const { sums, gradientNorm } = await this.#trainer.step(order, first, count, this.#scalars());
    const loss = sums.loss / sums.weight;
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
      const cause = await this.#trainer.explainDivergence(order, first, count);
      throw new TrainingError(
        "DIVERGED",
        `Step ${this.#step + 1} has the loss ${loss} and a gradient of norm ${gradientNorm}. ${cause}`,
      );
    }
    this.#step += 1;
    this.#samples += count;
    await this.#emit({
      event: "step",
      step: this.#step,
      epoch: epoch + 1,
      samples: this.#samples,
      loss,
      ...metricMeans("train", sums),
      samplesPerSecond: this.#samplesPerSecond(),
      workers: 1,
      gradientNorm,
    });
    return sums;
  }

  /** Null where there is no test data. */
  async #testSums(): Promise<RunSums | null> {
    return this.#traced.data.manifest.splits.test.samples === 0 ? null : this.#trainer.evaluate();
  }

  async #finish(last: EpochEvent | undefined): Promise<FinishedEvent> {
    const kept = this.#kept;
    if (kept !== null) await this.#trainer.load(kept.flat.parameters, kept.flat.buffers);
    const measured = kept === null ? last : kept.epoch;
    const parameters = Float32Array.from(await this.#trainer.parameters());
    const event: FinishedEvent = {
      event: "finished",
      steps: this.#step,
      samples: this.#samples,
      seconds: (this.#options.nowMs() - this.#startMs) / 1000,
      samplesPerSecond: this.#samplesPerSecond(),
      ...Object.fromEntries(Object.entries(measured ?? {}).filter(([key]) => key.startsWith("test"))),
      parametersSha256: bytesToHex(sha256(new Uint8Array(parameters.buffer))),
      bytesSent: 0,
      bytesReceived: 0,
    };
    await this.#emit(event, last);
    return event;
  }

  #samplesPerSecond(): number {
    return (1000 * this.#samples) / Math.max(1e-3, this.#options.nowMs() - this.#startMs);
  }

  /** Tells the callbacks, and does what they ask for. @param epoch the last one that is over, as far as it is known here */
  async #emit(event: RunEvent, epoch?: EpochEvent): Promise<void> {
    for (const callback of this.#callbacks) {
      for (const command of callback.onEvent(event)) this.#obey(command, callback);
    }
    if (!this.#checkpointAsked || event.event === "finished") return;
    const flat = await flatOf(this.#trainer);
    if (this.#restoreAsked) this.#kept = { flat, epoch };
    this.#checkpointAsked = false;
    this.#restoreAsked = false;
    await this.#options.keep(flat, this.#step);
  }

  #obey(command: RunCommand, { restoresCheckpoint = false }: Callback): void {
    switch (command.command) {
      case "stop":
        this.#stopped = true;
        break;
      case "learningRateFactor":
        this.#learningRateFactor = command.factor;
        break;
      case "checkpoint":
        this.#checkpointAsked = true;
        this.#restoreAsked ||= restoresCheckpoint;
        break;
      default:
        command satisfies never;
    }
  }
}
