import type { Dataset } from "@tributary/data";
import {
  type Augmentation,
  constantRate,
  type Loss,
  type Metric,
  type Module,
  metricForms,
  type Optimizer,
} from "@tributary/nn";
import { metricSumCount } from "@tributary/program";
import type { Callback } from "./callbacks.ts";
import { TrainingError } from "./errors.ts";

/** What a user writes: everything a run is. */
export interface RunDescription {
  /** Letters, digits, ".", "_" and "-"; names the run's folder. */
  readonly name: string;
  /** Makes the model anew; called once, when the run is traced. */
  readonly model: () => Module;
  readonly loss: Loss;
  /** Metrics by the name that events carry: `accuracy` is reported as `trainAccuracy` and `testAccuracy`. */
  readonly metrics?: Readonly<Record<string, Metric>>;
  readonly optimizer: Optimizer;
  readonly data: Dataset;
  /** Changes the field `inputs` by chance, in training alone; pixels are 0 ... 1 then. Default: nothing is changed. */
  readonly augment?: Augmentation;
  /** Samples of one step over all workers. */
  readonly batchSize: number;
  /** Samples that one run of the gradient program takes. Default: a quarter of the batch, from 1 to {@link MICROBATCH_DEFAULT_MAX}. */
  readonly microbatch?: number;
  /** Passes over the training data. Default 1. */
  readonly epochs?: number;
  /** Ends the run after so many updates, wherever its epochs are. Default: the epochs decide. */
  readonly steps?: number;
  /** Of initialisation, order and dropout: a whole number from 0 to 2^53 - 1. Default 0. */
  readonly seed?: number;
  readonly callbacks?: readonly Callback[];
}

/** A run whose defaults are filled in. Made by {@link defineRun}. */
export interface Run extends Required<Omit<RunDescription, "steps" | "augment">>, Pick<RunDescription, "augment"> {
  /** Null: the epochs decide. */
  readonly steps: number | null;
}

/** What may be changed in a run from outside its file. */
export type RunOverrides = Partial<
  Pick<RunDescription, "data" | "batchSize" | "microbatch" | "epochs" | "steps" | "seed">
> & {
  readonly learningRate?: number;
};

/** Largest microbatch that is chosen by itself, in samples: small enough that several workers share one batch. */
export const MICROBATCH_DEFAULT_MAX = 32;

/** Parts a batch is cut into by default, so that as many workers can share a step. */
const PARTS_OF_A_BATCH = 4;

/** Most sums of all metrics of a run together, in floats: with loss, weight and samples they share the 4,096 that ride along in a worker's answer. */
const METRIC_SUMS_MAX = 3_840;

/** Marks runs across several copies of this package in one process. */
const RUN_BRAND = Symbol.for("tributary.run");

/**
 * Checks a run and fills its defaults in; nothing is traced or loaded yet.
 * @throws TrainingError RUN_INVALID naming the option and what it takes
 */
export function defineRun(description: RunDescription): Run {
  const { name, batchSize, epochs = 1, steps, seed = 0 } = description;
  if (typeof name !== "string" || !/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)) {
    throw invalid(
      `name is ${JSON.stringify(name)}`,
      "use 1 to 64 letters, digits, dots, underscores and hyphens, a letter or digit first",
    );
  }
  checkCount("batchSize", batchSize);
  checkCount("epochs", epochs);
  if (steps !== undefined) checkCount("steps", steps);
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw invalid(`seed is ${seed}`, "use a whole number from 0 to 2^53 - 1");
  const microbatch = description.microbatch ?? defaultMicrobatch(batchSize);
  checkCount("microbatch", microbatch);
  if (microbatch > batchSize) {
    throw invalid(`microbatch is ${microbatch}, more than the batchSize ${batchSize}`, "use at most the batch size");
  }
  checkParts(description);
  const run: Run = {
    ...description,
    metrics: description.metrics ?? {},
    callbacks: description.callbacks ?? [],
    epochs,
    steps: steps ?? null,
    seed,
    microbatch,
  };
  checkMetrics(run.metrics);
  Object.defineProperty(run, RUN_BRAND, { value: true });
  return run;
}

/** Whether a value was made by {@link defineRun}. */
export function isRun(value: unknown): value is Run {
  return typeof value === "object" && value !== null && RUN_BRAND in value;
}

/** The run with some options replaced. A microbatch that does not fit a new batch size falls back to the default. */
export function withOverrides(run: Run, overrides: RunOverrides): Run {
  const { learningRate, ...options } = overrides;
  const { steps, microbatch, ...rest } = run;
  const batchSize = overrides.batchSize ?? run.batchSize;
  const description = {
    ...rest,
    ...(steps === null ? {} : { steps }),
    ...(overrides.batchSize === undefined || microbatch <= batchSize ? { microbatch } : {}),
    ...options,
    ...(learningRate === undefined
      ? {}
      : { optimizer: { ...run.optimizer, learningRate: constantRate(learningRate) } }),
  };
  return defineRun(description);
}

/** What a run file, whose types nobody checked, may have given in place of the parts. */
function checkParts(description: RunDescription): void {
  for (const part of ["model", "loss", "optimizer", "data"] as const) {
    if (description[part] === undefined || description[part] === null) throw invalid(`${part} is missing`, "give one");
  }
  const { model, loss, optimizer, data, metrics = {} } = description;
  if (typeof model !== "function") throw invalid(`model is ${given(model)}`, "write model: () => new Sequential(...)");
  if (typeof loss !== "function") throw invalid(`loss is ${given(loss)}`, "give a function, such as crossEntropy");
  if (typeof optimizer.update !== "function") {
    throw invalid(`optimizer is ${given(optimizer)}`, "call the function that makes it, as in sgd()");
  }
  if (typeof data.load !== "function") {
    throw invalid(`data is ${given(data)}`, "give a dataset, as arrays(), csv() or digits() make it");
  }
  for (const [name, metric] of Object.entries(metrics)) {
    if (typeof metric === "function" || typeof metric?.sums === "function") continue;
    throw invalid(`Metric ${name} is ${given(metric)}`, "give a function, such as accuracy, or what topK(5) makes");
  }
}

function given(value: unknown): string {
  if (typeof value !== "object" || value === null) return typeof value === "function" ? "a function" : String(value);
  return `an object of ${value.constructor?.name ?? "no class"}`;
}

function checkMetrics(metrics: Run["metrics"]): void {
  for (const metric of Object.keys(metrics)) {
    if (!/^[a-z][A-Za-z0-9]*$/.test(metric) || metric === "loss") {
      throw invalid(
        `A metric is called ${JSON.stringify(metric)}`,
        "use letters and digits, a small letter first, and not loss",
      );
    }
  }
  const sums = Object.values(metricForms(metrics)).reduce((count, form) => count + metricSumCount(form), 0);
  if (sums > METRIC_SUMS_MAX) {
    throw invalid(
      `The metrics have ${sums} sums, more than ${METRIC_SUMS_MAX}`,
      "leave one out, or give it fewer classes",
    );
  }
}

function defaultMicrobatch(batchSize: number): number {
  return Math.min(MICROBATCH_DEFAULT_MAX, Math.max(1, Math.ceil(batchSize / PARTS_OF_A_BATCH)));
}

function checkCount(option: string, value: unknown): void {
  if (!Number.isSafeInteger(value) || Number(value) < 1)
    throw invalid(`${option} is ${String(value)}`, "use a whole number of at least 1");
}

function invalid(what: string, remedy: string): TrainingError {
  return new TrainingError("RUN_INVALID", `${what}: ${remedy}`);
}
