import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
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
 * @throws TrainingError DIVERGED when loss or gradient are not finite; RUN_SHAPE, RUN_INVALID when the run does not fit together
 */
export async function fit(run: Run, options: FitOptions = {}): Promise<FitResult> {
  const { backend = "auto", callbacks = [], nowMs = () => performance.now() } = options;
  const traced = await traceRun(run);
  const device = await open(backend);
  try {
    const trainer = await LocalTrainer.open(traced, device);
    const fitting = new Fitting(traced, trainer, [...run.callbacks, ...callbacks], nowMs);
    const { history, finished } = await fitting.run();
    const flat = {
      parameters: Float32Array.from(await trainer.parameters()),
      buffers: Float32Array.from(await trainer.buffers()),
    };
    return { model: new TrainedModel(traced, flat, backend), history, finished };
  } finally {
    device.dispose();
  }
}

/** One call of {@link fit}: counts, events, and what callbacks asked for. */
class Fitting {
  readonly #traced: TracedRun;
  readonly #trainer: LocalTrainer;
  readonly #callbacks: readonly Callback[];
  readonly #nowMs: () => number;
  readonly #startMs: number;
  #step = 0;
  #samples = 0;
  #learningRateFactor = 1;
  #stopped = false;

  constructor(traced: TracedRun, trainer: LocalTrainer, callbacks: readonly Callback[], nowMs: () => number) {
    this.#traced = traced;
    this.#trainer = trainer;
    this.#callbacks = callbacks;
    this.#nowMs = nowMs;
    this.#startMs = nowMs();
  }

  async run(): Promise<{ history: EpochEvent[]; finished: FinishedEvent }> {
    const history: EpochEvent[] = [];
    const { recipe, data } = this.#traced;
    const steps = totalSteps(recipe, data.manifest);
    for (let epoch = 0; epoch < recipe.epochs && this.#step < steps && !this.#stopped; epoch += 1) {
      history.push(await this.#epoch(epoch, steps));
    }
    const finished = await this.#finish(history.at(-1));
    return { history, finished };
  }

  async #epoch(epoch: number, steps: number): Promise<EpochEvent> {
    const startMs = this.#nowMs();
    const { batchSize } = this.#traced.recipe;
    const order = this.#trainer.epochOrder(epoch);
    let total: RunSums | null = null;
    for (let first = 0; first < order.length && this.#step < steps && !this.#stopped; first += batchSize) {
      const count = Math.min(batchSize, order.length - first);
      const sums = await this.#oneStep(epoch, () => this.#trainer.step(order, first, count, this.#scalars()), count);
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
      seconds: (this.#nowMs() - startMs) / 1000,
    };
    this.#emit(event);
    return event;
  }

  #scalars() {
    return { step: this.#step, samplesCommitted: this.#samples, learningRateFactor: this.#learningRateFactor };
  }

  async #oneStep(epoch: number, step: () => ReturnType<LocalTrainer["step"]>, count: number): Promise<RunSums> {
    const { sums, gradientNorm } = await step();
    const loss = sums.loss / sums.weight;
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
      throw new TrainingError(
        "DIVERGED",
        `Step ${this.#step + 1} has the loss ${loss} and a gradient of norm ${gradientNorm}: lower the learning rate, clip gradients, or look at the data`,
      );
    }
    this.#step += 1;
    this.#samples += count;
    this.#emit({
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
    const parameters = Float32Array.from(await this.#trainer.parameters());
    const event: FinishedEvent = {
      event: "finished",
      steps: this.#step,
      samples: this.#samples,
      seconds: (this.#nowMs() - this.#startMs) / 1000,
      samplesPerSecond: this.#samplesPerSecond(),
      ...Object.fromEntries(Object.entries(last ?? {}).filter(([key]) => key.startsWith("test"))),
      parametersSha256: bytesToHex(sha256(new Uint8Array(parameters.buffer))),
      bytesSent: 0,
      bytesReceived: 0,
    };
    this.#emit(event);
    return event;
  }

  #samplesPerSecond(): number {
    return (1000 * this.#samples) / Math.max(1e-3, this.#nowMs() - this.#startMs);
  }

  #emit(event: RunEvent): void {
    for (const callback of this.#callbacks) {
      for (const command of callback.onEvent(event)) this.#obey(command);
    }
  }

  #obey(command: RunCommand): void {
    switch (command.command) {
      case "stop":
        this.#stopped = true;
        break;
      case "learningRateFactor":
        this.#learningRateFactor = command.factor;
        break;
      case "checkpoint":
        // A run in one process is saved when it is over: fit hands its model out then.
        break;
      default:
        command satisfies never;
    }
  }
}
