import { ProtocolError } from "./errors.ts";
import type {
  CodecTraffic,
  EpochPoint,
  StepPoint,
  ThroughputPoint,
  WatchedConfusion,
  WatchedEvent,
  WatchedProgress,
  WatchedRun,
  WatchedWorker,
} from "./watch-messages-state.ts";

/** viewer: sees everything and may look inside. admin: may also steer. */
export type WatchRole = "viewer" | "admin";

/** What changes while a run goes: the same in the first message and in every update. */
export interface WatchedNow {
  readonly progress: WatchedProgress;
  /** All of them, whole rows. */
  readonly workers: readonly WatchedWorker[];
  readonly traffic: readonly CodecTraffic[];
  /** Place n: contributions whose step was n updates behind when they came; the last place: that many or more. */
  readonly staleness: readonly number[];
}

/** First message to a watcher. */
export interface WatchSnapshot extends WatchedNow {
  readonly type: "snapshot";
  readonly role: WatchRole;
  readonly run: WatchedRun;
  /** History, oldest first; thinned out where it is long. */
  readonly steps: readonly StepPoint[];
  readonly epochs: readonly EpochPoint[];
  readonly throughput: readonly ThroughputPoint[];
  readonly events: readonly WatchedEvent[];
  /** Null before the first evaluation, and where the model is no classifier. */
  readonly confusion: WatchedConfusion | null;
}

/** What is new since the message before; at most one in 250 ms, fewer to a watcher that reads slowly. */
export interface WatchUpdate extends WatchedNow {
  readonly type: "update";
  readonly steps: readonly StepPoint[];
  readonly epochs: readonly EpochPoint[];
  readonly throughput: readonly ThroughputPoint[];
  readonly events: readonly WatchedEvent[];
  /** Null: as before. */
  readonly confusion: WatchedConfusion | null;
}

/** A command was taken, or a wish without another answer was heard. */
export interface WatchDone {
  readonly type: "done";
  readonly request: number;
}

/** Why a request was not served. */
export const WATCH_FAILURE_CODES = {
  NOT_ALLOWED: "the command takes the admin token",
  NOT_OFFERED: "this run has nothing of that kind to show",
  BAD_INPUT: "the inputs or the index are not what the run's data has",
  SUPERSEDED: "a newer request took this one's place",
  BUSY: "too much is being looked at: ask again in a moment",
  RUN_OVER: "the run is over",
  FAILED: "it could not be computed",
} as const;

/** One of {@link WATCH_FAILURE_CODES}. */
export type WatchFailureCode = keyof typeof WATCH_FAILURE_CODES;

/** A request was not served. */
export interface WatchFailed {
  readonly type: "failed";
  readonly request: number;
  readonly code: WatchFailureCode;
  /** For people; as text. */
  readonly message: string;
}

/** Answer to `predict`. */
export interface WatchPrediction {
  readonly type: "prediction";
  readonly request: number;
  /** Updates done: whose parameters were used. */
  readonly step: number;
  /** Of the outputs of one sample. */
  readonly shape: readonly number[];
  readonly outputs: readonly (number | null)[];
  /** One a class, adding up to 1; null where the model is no classifier. */
  readonly probabilities: readonly number[] | null;
}

/** What one layer made of a sample. */
export interface LayerActivation {
  readonly path: string;
  /** Of the layer's output for one sample: [channels, rows, columns] for images. */
  readonly shape: readonly number[];
  /** Value of byte 0, and of byte 255; what lies between is linear. */
  readonly minimum: number;
  readonly maximum: number;
  /** Base64 of one byte an element, row-major; fewer than the shape has where the whole would be too much. */
  readonly values: string;
}

/** Answer to `activations`, and every set that follows a `follow`. */
export interface WatchActivations {
  readonly type: "activations";
  /** Of the `activations` or the `follow`. */
  readonly request: number;
  readonly step: number;
  /** Index of the test sample; null for inputs that were given. */
  readonly sample: number | null;
  readonly layers: readonly LayerActivation[];
  /** As in {@link WatchPrediction}. */
  readonly probabilities: readonly number[] | null;
}

/** A test sample. */
export interface TestSample {
  /** 0 ... testSamples - 1. */
  readonly index: number;
  /** Its class; null where the targets are not one whole number. */
  readonly label: number | null;
  /** Base64 of the field `inputs`, little-endian; dtype and shape are those of {@link WatchedRun.fields}. */
  readonly inputs: string;
}

/** A test sample, and what the model takes it for. */
export interface JudgedSample extends TestSample {
  readonly predicted: number;
  /** Of the class it was taken for. */
  readonly probability: number;
}

/** Answer to `samples`. */
export interface WatchSamples {
  readonly type: "samples";
  readonly request: number;
  readonly step: number;
  readonly label: number;
  readonly predicted: number;
  /** At most 12; the surest ones first. */
  readonly samples: readonly JudgedSample[];
  /** Test samples that were looked through. */
  readonly searched: number;
}

/** Answer to `sample`. */
export interface WatchSample {
  readonly type: "sample";
  readonly request: number;
  readonly sample: TestSample;
}

/** What a coordinator says to a watcher, each a JSON text message. */
export type WatchMessage =
  | WatchSnapshot
  | WatchUpdate
  | WatchDone
  | WatchFailed
  | WatchPrediction
  | WatchActivations
  | WatchSamples
  | WatchSample;

const TYPES: Readonly<Record<WatchMessage["type"], true>> = {
  snapshot: true,
  update: true,
  done: true,
  failed: true,
  prediction: true,
  activations: true,
  samples: true,
  sample: true,
};

/**
 * What the coordinator of one's own page said. A light look: it is JSON with a known type; its keys are believed, because page
 * and messages come from the same coordinator.
 * @throws ProtocolError MESSAGE_INVALID
 */
export function parseWatchMessage(text: string): WatchMessage {
  const value = jsonOf(text);
  if (typeof value === "object" && value !== null && "type" in value && Object.hasOwn(TYPES, String(value.type))) {
    return value as WatchMessage;
  }
  throw new ProtocolError(
    "MESSAGE_INVALID",
    "The coordinator sent something that is none of its messages: reload the page",
  );
}

function jsonOf(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch (cause) {
    throw new ProtocolError(
      "MESSAGE_INVALID",
      `The coordinator sent ${text.length} characters that are no JSON: reload the page`,
      {
        cause,
      },
    );
  }
}
