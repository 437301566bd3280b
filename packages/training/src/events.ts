/**
 * What a run reports while it goes, under `fit` and in a coordinator alike. The objects are the lines that `--json` prints:
 * their keys are fixed, metrics excepted, which add `trainName` and `testName` for a metric called `name`.
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
  readonly samplesPerSecond: number;
  /** Workers connected; 1 under `fit`. */
  readonly workers: number;
  /** `trainName` for each metric, over the step's samples. */
  readonly [metric: `train${string}`]: number;
}

/** Every sample of an epoch is committed, and the test data evaluated. */
export interface EpochEvent {
  readonly event: "epoch";
  /** 1-based. */
  readonly epoch: number;
  /** Mean loss over the epoch's steps, each sample under the parameters of its step. */
  readonly trainLoss: number;
  /** Seconds since the epoch began. */
  readonly seconds: number;
  /** `testLoss`, `trainName` and `testName` for each metric; test values only where there is test data. */
  readonly [metric: `train${string}` | `test${string}`]: number;
}

/** A worker came or went. */
export interface WorkerEvent {
  readonly event: "worker";
  readonly id: string;
  readonly name: string;
  /** left: said goodbye; lost: its socket closed or it fell silent. */
  readonly state: "joined" | "left" | "lost";
}

/** A lease changed hands: what shows that work of a lost worker is issued again. */
export interface LeaseEvent {
  readonly event: "lease";
  readonly lease: number;
  readonly worker: string;
  readonly step: number;
  readonly start: number;
  readonly end: number;
  /** reissued: these samples were leased before, to a worker that did not return them. */
  readonly state: "reissued" | "committed";
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
  | LeaseEvent
  | CheckpointEvent
  | ErrorEvent
  | FinishedEvent;

/** The key of a metric in an event: `testAccuracy` for the split "test" and the metric "accuracy". */
export function metricKey<Split extends "train" | "test">(split: Split, metric: string): `${Split}${string}` {
  return `${split}${metric.charAt(0).toUpperCase()}${metric.slice(1)}`;
}

/** What a callback may ask for in answer to an event. */
export type RunCommand =
  /** Finish the step, evaluate no more, write the model, leave. */
  | { readonly command: "stop"; readonly reason: string }
  /** Save the run now. */
  | { readonly command: "checkpoint" }
  /** Multiply the schedule's learning rate by this from the next step on. */
  | { readonly command: "learningRateFactor"; readonly factor: number };

/** Follows a run's events and may answer with commands. A callback that throws ends the run with its error. */
export interface Callback {
  onEvent(event: RunEvent): readonly RunCommand[];
}
