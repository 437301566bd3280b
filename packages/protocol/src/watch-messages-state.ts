import type { WorkerKind } from "./worker-messages.ts";

/**
 * What a watcher is shown of a run. JSON has no NaN, so a number that is not finite stands as null. Texts that come from
 * workers or from the run's author are text, never markup.
 */

/** One layer of the run's model. */
export interface WatchedLayer {
  /** Dotted path, as in the names of its parameters. */
  readonly path: string;
  /** Name of its class; null where it is not known. */
  readonly kind: string | null;
  /** Shape of its output for one sample; null for one that did not run. */
  readonly outputShape: readonly number[] | null;
  /** Numbers in its own parameters. */
  readonly parameters: number;
}

/** One field of the run's data. */
export interface WatchedField {
  readonly name: string;
  /** float32, float16, int32, uint32, uint8 or bool. */
  readonly dtype: string;
  /** Of one sample. */
  readonly shape: readonly number[];
}

/** What can be asked about the inside of this run's model. */
export interface WatchedFeatures {
  readonly predict: boolean;
  readonly activations: boolean;
  /** Test samples, and the samples of a cell of the confusion table. */
  readonly samples: boolean;
}

/** What of a run does not change while it runs. */
export interface WatchedRun {
  /** As workers name it. */
  readonly id: string;
  readonly name: string;
  readonly mode: "sync";
  /** Numbers in the model's parameters. */
  readonly parameters: number;
  readonly trainableParameters: number;
  /** In the order in which the model names them. */
  readonly layers: readonly WatchedLayer[];
  /** Samples of one step over all workers. */
  readonly batchSize: number;
  /** Samples of one microbatch. */
  readonly microbatch: number;
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  /** Steps of the whole run. */
  readonly totalSteps: number;
  readonly trainSamples: number;
  readonly testSamples: number;
  readonly seed: number;
  /** Codecs of gradients that the run admits, preferred ones first. */
  readonly codecs: readonly string[];
  /** Names of the run's metrics that are numbers, such as "accuracy". */
  readonly metrics: readonly string[];
  readonly fields: readonly WatchedField[];
  /** Classes the model tells apart; null where it is no classifier. */
  readonly classes: number | null;
  /** Their names, as text, one for each class; null where the run's data has none. */
  readonly classNames: readonly string[] | null;
  /** What a worker opens. Holds the token for joining, if there is one; never the admin token. */
  readonly joinUrl: string;
  readonly features: WatchedFeatures;
  /** When the coordinator started, in milliseconds since 1970. */
  readonly startedAt: number;
}

/** waiting: no worker is ready. evaluating: between two epochs. saving: the last checkpoint is written. */
export type WatchedRunState = "waiting" | "running" | "evaluating" | "paused" | "saving" | "finished";

/** Where a run is. */
export interface WatchedProgress {
  readonly state: WatchedRunState;
  /** How it ended, for people; null before. */
  readonly outcome: string | null;
  /** Updates done. */
  readonly step: number;
  /** 1-based. */
  readonly epoch: number;
  /** Samples committed since the run began. */
  readonly samples: number;
  /** Samples of the open step (or evaluation) that are in, and all of it. */
  readonly stepSamplesIn: number;
  readonly stepSamples: number;
  /** Since the coordinator started. */
  readonly seconds: number;
  /** Over the last seconds, all workers together. */
  readonly samplesPerSecond: number;
  readonly learningRateFactor: number;
  /** Why the open step is still open, in one sentence. */
  readonly why: string;
}

/** One update of the parameters. */
export interface StepPoint {
  /** Updates done, this one included. */
  readonly step: number;
  /** Samples committed until then. */
  readonly samples: number;
  /** Since the coordinator started. */
  readonly seconds: number;
  /** Mean over the step's samples, before the update. */
  readonly loss: number | null;
  readonly gradientNorm: number | null;
  /** By the metric's name, over the step's samples. */
  readonly metrics: Readonly<Record<string, number | null>>;
}

/** One epoch that is over. */
export interface EpochPoint {
  /** 1-based. */
  readonly epoch: number;
  /** Updates done when it ended. */
  readonly step: number;
  readonly seconds: number;
  readonly trainLoss: number | null;
  /** Null where nothing is evaluated. */
  readonly testLoss: number | null;
  /** By the metric's name. */
  readonly trainMetrics: Readonly<Record<string, number | null>>;
  readonly testMetrics: Readonly<Record<string, number | null>>;
}

/** Throughput over one second. */
export interface ThroughputPoint {
  /** Since the coordinator started. */
  readonly seconds: number;
  /** Samples a second, all workers together. */
  readonly total: number;
  /** Samples a second by worker's id; those without any are left out. */
  readonly byWorker: Readonly<Record<string, number>>;
}

/**
 * joining: no parameters yet. active: computes or sends. waiting: has nothing to do. slow: its lease takes longer than
 * allowed. lost: its connection broke or it fell silent. left: it said goodbye.
 */
export type WatchedWorkerState = "joining" | "active" | "waiting" | "slow" | "lost" | "left";

/** One row of the table of workers. */
export interface WatchedWorker {
  /** Tells workers apart; not the id of the session, which only that worker knows. */
  readonly id: string;
  readonly name: string;
  readonly kind: WorkerKind;
  readonly backend: string;
  /** What it computes on, in the words of its platform; null where nothing is known. */
  readonly adapter: string | null;
  readonly threads: number;
  /** Codec its gradients come in. */
  readonly codec: string;
  readonly state: WatchedWorkerState;
  /** Time of the last ping there and back; null before the first. */
  readonly roundTripMilliseconds: number | null;
  /** Since the last sign of life. */
  readonly silentMilliseconds: number;
  /** From the worker to the coordinator, and the other way. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly bytesInPerSecond: number;
  readonly bytesOutPerSecond: number;
  /** Updates between the parameters it holds and the current ones; null while it holds none. */
  readonly lag: number | null;
  readonly samplesPerSecond: number;
  /** Samples of it that were committed. */
  readonly samples: number;
  /** Contributions and evaluations that counted. */
  readonly accepted: number;
  /** Those that were refused: not finite, damaged, of a wrong size. */
  readonly rejected: number;
  /** Those that came too late: the step was closed, or the lease was over. */
  readonly stale: number;
}

/** Bytes that came and went in one codec. */
export interface CodecTraffic {
  readonly codec: string;
  /** Of gradients. */
  readonly bytesIn: number;
  /** Of parameters. */
  readonly bytesOut: number;
  /** What `bytesIn` would have been as float32. */
  readonly uncodedBytesIn: number;
}

/** How often each class was taken for each. */
export interface WatchedConfusion {
  /** Updates done when it was counted. */
  readonly step: number;
  /** Row: the class it is; column: the class the model took it for. */
  readonly counts: readonly (readonly number[])[];
  /** Test samples it was counted over. */
  readonly samples: number;
}

/** One line of the event log. */
export interface WatchedEvent {
  /** Grows by 1 from line to line. */
  readonly id: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly level: "info" | "warning" | "error";
  /** listening, epoch, worker, reissued, waiting, checkpoint, error, finished, or command. */
  readonly kind: string;
  /** For people; as text. */
  readonly text: string;
}
