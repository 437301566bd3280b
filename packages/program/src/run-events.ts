import {
  type CountTable,
  finishCounts,
  finishMetric,
  type MetricForm,
  type MetricForms,
  metricSumNames,
} from "./metric-forms.ts";

/**
 * What a run reports while it goes, under `fit` and in a coordinator alike: the lines that `--json` prints. Their keys are
 * fixed, metrics excepted, which add `trainName` and `testName` for a metric called `name`.
 */

/** The coordinator can be reached. */
export interface ListeningEvent {
  readonly event: "listening";
  /** Of the coordinator's pages. */
  readonly url: string;
  /** What a worker opens; holds the token, if there is one. */
  readonly joinUrl: string;
  readonly run: string;
  /** Number of parameters, trainable or not. */
  readonly parameters: number;
}

/** The parameters were updated once. */
export interface StepEvent {
  readonly event: "step";
  /** Updates done, this one included. */
  readonly step: number;
  /** 1-based. */
  readonly epoch: number;
  /** Samples committed since the run began. */
  readonly samples: number;
  /** Mean loss over the step's samples, before the update. */
  readonly loss: number;
  /** Since the run began. */
  readonly samplesPerSecond: number;
  /** Workers connected; 1 under `fit`. */
  readonly workers: number;
  /** Euclidean norm of the step's mean gradient. */
  readonly gradientNorm: number;
  /** `trainName` for each metric, over the step's samples. */
  readonly [metric: `train${string}`]: number;
}

/** Every sample of an epoch is committed, and the test data evaluated. */
export interface EpochEvent {
  readonly event: "epoch";
  /** 1-based. */
  readonly epoch: number;
  /** Mean loss over the epoch's samples, each under the parameters of its step. */
  readonly trainLoss: number;
  /** Since the epoch began. */
  readonly seconds: number;
  /** Tables of metrics that count, such as a confusion matrix, under `trainName` and `testName`; absent without such a metric. */
  readonly counts?: Readonly<Record<string, CountTable>>;
  /** `testLoss`, and `trainName` and `testName` for each metric; test values only where there is test data. */
  readonly [metric: `train${string}` | `test${string}`]: number;
}

/** A worker came or went. */
export interface WorkerEvent {
  readonly event: "worker";
  readonly id: string;
  readonly name: string;
  /** left: it said goodbye. lost: its socket closed or it fell silent. */
  readonly state: "joined" | "left" | "lost";
}

/** Samples that one worker did not return were leased to another. */
export interface ReissuedEvent {
  readonly event: "reissued";
  readonly step: number;
  /** Positions start ... end - 1 of the epoch. */
  readonly start: number;
  readonly end: number;
  /** Ids of workers. */
  readonly from: string;
  readonly to: string;
  /** Time the samples were nobody's. */
  readonly milliseconds: number;
}

/** The run cannot go on at the moment. */
export interface WaitingEvent {
  readonly event: "waiting";
  readonly step: number;
  /** For people. */
  readonly reason: string;
}

/** The run was saved. */
export interface CheckpointEvent {
  readonly event: "checkpoint";
  readonly step: number;
  readonly path: string;
}

/** Something went wrong; the run may go on. */
export interface ErrorEvent {
  readonly event: "error";
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/** The run is over. */
export interface FinishedEvent {
  readonly event: "finished";
  readonly steps: number;
  readonly samples: number;
  readonly seconds: number;
  readonly samplesPerSecond: number;
  /** Path of the model file; absent where nothing was written. */
  readonly model?: string;
  /** SHA-256 of the parameters' bytes (float32, little-endian). */
  readonly parametersSha256: string;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** `testLoss` and `testName` for each metric, of the last evaluation. */
  readonly [metric: `test${string}`]: number;
}

/** Everything a run reports. */
export type RunEvent =
  | ListeningEvent
  | StepEvent
  | EpochEvent
  | WorkerEvent
  | ReissuedEvent
  | WaitingEvent
  | CheckpointEvent
  | ErrorEvent
  | FinishedEvent;

/** What somebody who watches a run may ask of it. */
export type RunCommand =
  /** Finish the step, save, leave. */
  | { readonly command: "stop"; readonly reason: string }
  /** Save the run now. */
  | { readonly command: "checkpoint" }
  /** Multiply the schedule's learning rate by this from the next step on. */
  | { readonly command: "learningRateFactor"; readonly factor: number };

/** Sums over samples, as a run's programs give them: they add over microbatches and workers. */
export interface RunSums {
  /** Sum of the loss over the samples, each times its weight. */
  readonly loss: number;
  /** What the loss's mean divides by. */
  readonly weight: number;
  readonly samples: number;
  /** Sum over the samples by name: of a metric with one sum the metric's name, else `name.0`, `name.1`, ... */
  readonly metrics: Readonly<Record<string, number>>;
  /** How each metric is finished. Absent: each sum is a metric of its own, the mean over the samples. */
  readonly forms?: MetricForms;
}

/** Sums of two disjoint sets of samples. */
export function addSums(a: RunSums, b: RunSums): RunSums {
  return {
    ...a,
    loss: a.loss + b.loss,
    weight: a.weight + b.weight,
    samples: a.samples + b.samples,
    metrics: Object.fromEntries(Object.entries(a.metrics).map(([name, sum]) => [name, sum + (b.metrics[name] ?? 0)])),
  };
}

/** Key of a metric in an event: `testAccuracy` for the split "test" and the metric "accuracy". */
export function metricKey<Split extends "train" | "test">(split: Split, metric: string): `${Split}${string}` {
  return `${split}${metric.charAt(0).toUpperCase()}${metric.slice(1)}`;
}

/** Each metric with its form and its sums. */
function metricsOf({ metrics, forms }: RunSums): [name: string, form: MetricForm, sums: number[]][] {
  const known: MetricForms = forms ?? Object.fromEntries(Object.keys(metrics).map((name) => [name, { kind: "mean" }]));
  return Object.entries(known).map(([name, form]) => [
    name,
    form,
    metricSumNames(name, form).map((sum) => metrics[sum] ?? Number.NaN),
  ]);
}

/** Every metric that is a number, under its key in events. */
export function metricMeans<Split extends "train" | "test">(
  split: Split,
  sums: RunSums,
): Record<`${Split}${string}`, number> {
  const means: Record<string, number> = {};
  for (const [name, form, parts] of metricsOf(sums)) {
    const value = finishMetric(form, parts, sums.samples);
    if (value !== null) means[metricKey(split, name)] = value;
  }
  return means;
}

/** Mean loss over the weight, and the metrics, under their keys in events; NaN where nothing was summed. */
export function meansOf<Split extends "train" | "test">(
  split: Split,
  sums: RunSums,
): Record<`${Split}${string}`, number> {
  return { [metricKey(split, "loss")]: sums.loss / sums.weight, ...metricMeans(split, sums) };
}

/** The entry `counts` of an epoch event: the tables of all metrics that count; empty where there is none. */
export function countEntries(train: RunSums | null, test: RunSums | null): Pick<EpochEvent, "counts"> {
  const counts: Record<string, CountTable> = {};
  for (const [split, sums] of [
    ["train", train],
    ["test", test],
  ] as const) {
    if (sums === null) continue;
    for (const [name, form, parts] of metricsOf(sums)) {
      const table = finishCounts(form, parts);
      if (table !== null) counts[metricKey(split, name)] = table;
    }
  }
  return Object.keys(counts).length === 0 ? {} : { counts };
}
