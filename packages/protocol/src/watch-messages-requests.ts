import * as v from "valibot";
import { ProtocolError } from "./errors.ts";
import { naturalNumber, sentence, uint32 } from "./schema-parts.ts";
import { WATCH_LEARNING_RATE_FACTOR_MAX, WATCH_REQUEST_BYTES_MAX } from "./watch-messages-limits.ts";

/** What the admin token allows. */
export type WatchCommand =
  /** Nothing new is leased once the open step is done, until `resume`. */
  | { readonly command: "pause" }
  | { readonly command: "resume" }
  | { readonly command: "checkpoint" }
  /** Finish the step, save, end the run. */
  | { readonly command: "stop"; readonly reason: string }
  /** Multiply the schedule's learning rate by this from the next step on: above 0, at most 1,000. */
  | { readonly command: "learningRateFactor"; readonly factor: number };

/** Steers the run; takes the admin token. Answered by `done` or `failed`. */
export interface WatchCommandRequest {
  readonly type: "command";
  /** Chosen by the watcher; the answer repeats it. */
  readonly request: number;
  readonly command: WatchCommand;
}

/** Asks what the model makes of a sample: `prediction`. */
export interface WatchPredictRequest {
  readonly type: "predict";
  readonly request: number;
  /** Base64 of one sample of the field `inputs`, little-endian. */
  readonly inputs: string;
}

/** Which sample to look at: of the test data, or one's own as in {@link WatchPredictRequest}. */
export type WatchedSource = { readonly sample: number } | { readonly inputs: string };

/** Asks what every layer makes of a sample, once: `activations`. */
export interface WatchActivationsRequest {
  readonly type: "activations";
  readonly request: number;
  readonly source: WatchedSource;
}

/** Asks for `activations` again and again while the network learns, at most once a second. Null ends it. A later one takes its place. */
export interface WatchFollowRequest {
  readonly type: "follow";
  readonly request: number;
  readonly source: WatchedSource | null;
}

/** Asks for test samples of one class that the model takes for another (or the same): `samples`. */
export interface WatchSamplesRequest {
  readonly type: "samples";
  readonly request: number;
  readonly label: number;
  readonly predicted: number;
}

/** Asks for one test sample: `sample`. */
export interface WatchSampleRequest {
  readonly type: "sample";
  readonly request: number;
  readonly index: number;
}

/** What a watcher may say, each a JSON text message. Everything is answered by its own message or by `failed`. */
export type WatchRequest =
  | WatchCommandRequest
  | WatchPredictRequest
  | WatchActivationsRequest
  | WatchFollowRequest
  | WatchSamplesRequest
  | WatchSampleRequest;

const base64 = v.pipe(v.string(), v.maxLength(WATCH_REQUEST_BYTES_MAX), v.base64());

const source = v.union([v.strictObject({ sample: uint32 }), v.strictObject({ inputs: base64 })]);

const command = v.variant("command", [
  v.strictObject({ command: v.literal("pause") }),
  v.strictObject({ command: v.literal("resume") }),
  v.strictObject({ command: v.literal("checkpoint") }),
  v.strictObject({ command: v.literal("stop"), reason: sentence }),
  v.strictObject({
    command: v.literal("learningRateFactor"),
    factor: v.pipe(v.number(), v.finite(), v.gtValue(0), v.maxValue(WATCH_LEARNING_RATE_FACTOR_MAX)),
  }),
]);

/** Every message of a watcher; unknown keys and types are refused. */
const watchRequestSchema = v.variant("type", [
  v.strictObject({ type: v.literal("command"), request: uint32, command }),
  v.strictObject({ type: v.literal("predict"), request: uint32, inputs: base64 }),
  v.strictObject({ type: v.literal("activations"), request: uint32, source }),
  v.strictObject({ type: v.literal("follow"), request: uint32, source: v.nullable(source) }),
  v.strictObject({ type: v.literal("samples"), request: uint32, label: naturalNumber, predicted: naturalNumber }),
  v.strictObject({ type: v.literal("sample"), request: uint32, index: naturalNumber }),
]) satisfies v.GenericSchema<unknown, WatchRequest>;

/** What a watcher said. @throws ProtocolError FRAME_TOO_LARGE, MESSAGE_INVALID */
export function decodeWatchRequest(text: string): WatchRequest {
  if (text.length > WATCH_REQUEST_BYTES_MAX) {
    throw new ProtocolError(
      "FRAME_TOO_LARGE",
      `A watcher's message has ${text.length} characters, at most ${WATCH_REQUEST_BYTES_MAX}`,
    );
  }
  const result = v.safeParse(watchRequestSchema, jsonOf(text), { abortEarly: true });
  if (result.success) return result.output;
  const issue = result.issues[0];
  const path = v.getDotPath(issue) ?? "the message";
  throw new ProtocolError(
    "MESSAGE_INVALID",
    `A watcher's message is not valid at ${path}: ${issue.message.slice(0, 200)}`,
  );
}

function jsonOf(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch (cause) {
    throw new ProtocolError("MESSAGE_INVALID", `A watcher's message of ${text.length} characters is no JSON`, {
      cause,
    });
  }
}
