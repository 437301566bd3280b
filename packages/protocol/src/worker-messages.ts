import * as v from "valibot";
import { CODECS_MAX, OPERATIONS_MAX, PROGRAM_FORMATS_MAX } from "./limits.ts";
import {
  adapterText,
  codecName,
  identifier,
  keyOf,
  type LeaseId,
  leaseId,
  measuredMilliseconds,
  naturalNumber,
  type RunId,
  sentence,
  sumsBytes,
  threadCount,
  token,
  uint32,
  type WorkerId,
  workerName,
} from "./schema-parts.ts";
import { type TensorDescriptor, tensorDescriptorSchema } from "./tensor-descriptor.ts";

/** Where a worker runs. */
export type WorkerKind = "node" | "tab";

/** First message of a connection: who joins, and what it can do. Answered by `welcome` or `refused`. */
export interface HelloMessage {
  readonly type: "hello";
  /** {@link PROTOCOL_VERSION} of the worker. */
  readonly protocol: number;
  /** Format versions of encoded programs the worker decodes. */
  readonly programFormats: readonly number[];
  /** Operations the worker's backend runs; null: all of the program formats it names. */
  readonly operations: readonly string[] | null;
  /** The run to join; null: the one that is running. */
  readonly run: RunId | null;
  /** Shown to people, as text. 1 to 32 letters, digits, spaces, `.`, `_`, `-`. */
  readonly name: string;
  /** Where it runs: a process of Node, or a tab of a browser. */
  readonly kind: WorkerKind;
  /** Backend the worker computes on, such as "wasm". */
  readonly backend: string;
  /** What it computes on, in the words of its platform: at most 128 characters, shown as text. Null: nothing is known. */
  readonly adapter: string | null;
  /** Results are bit-equal only within one class; see Device.arithmeticClass. */
  readonly arithmeticClass: string;
  /** Compute threads the worker splits a lease's microbatches between. */
  readonly threads: number;
  /** Codecs the worker encodes and decodes, preferred ones first. */
  readonly codecs: readonly string[];
  /** Id from an earlier `welcome` of the same process: that session is over, and its leases are free. */
  readonly resume: WorkerId | null;
}

/**
 * Parameters and buffers of `step` are on the device, programs compiled and the data reachable: leases of that step may
 * be given. Sent after every `parameters` transfer that completed.
 */
export interface ReadyMessage {
  readonly type: "ready";
  readonly step: number;
}

/** A gradient lease is computed. The worker keeps the sum and asks for `credit` to send it. */
export interface ResultMessage {
  readonly type: "result";
  readonly lease: LeaseId;
  readonly step: number;
  /** Whole microbatches done, counted from the lease's start: at least 1. Fewer than leased is a partial return: a prefix. */
  readonly microbatches: number;
  /** Time the worker computed. */
  readonly milliseconds: number;
  /** Codec the gradient will be sent in. */
  readonly codec: string;
  /** Bytes of the coded gradient. */
  readonly byteLength: number;
}

/** An evaluate lease is computed. Its sums are small and ride along: no credit is needed, and the lease is over. */
export interface EvaluationMessage {
  readonly type: "evaluation";
  readonly lease: LeaseId;
  readonly step: number;
  /** As in {@link ResultMessage}. */
  readonly microbatches: number;
  readonly milliseconds: number;
  /** The program's whole sums vector E: float32, little-endian; loss, total weight, sample count, then one a metric. */
  readonly sums: Uint8Array;
}

/** The gradient of a credited lease: announces its chunks, which follow at once. With the last one the lease is over. */
export interface ContributionMessage {
  readonly type: "contribution";
  readonly lease: LeaseId;
  readonly step: number;
  /** Same as in the `result` before. */
  readonly microbatches: number;
  /** The gradient part of the sums, coded, and the statistics behind it as float32: `trainableLength + statisticsLength` elements. */
  readonly tensor: TensorDescriptor;
  /** The other sums, never coded: float32, little-endian; loss, total weight, sample count, then one a metric. */
  readonly sums: Uint8Array;
}

/** Why a lease comes back without a result. */
export const DECLINE_REASONS = {
  stale: "the worker does not hold the parameters of the lease's step",
  busy: "the worker already holds as many leases as it may",
  data: "a shard of the lease could not be fetched, or is not what its hash says",
  failed: "the computation failed, or its result is not finite",
  cancelled: "a `cancel` came while the lease was queued, computed or waiting for credit",
  leaving: "the worker is about to leave",
} as const;

/** One of {@link DECLINE_REASONS}. */
export type DeclineReason = keyof typeof DECLINE_REASONS;

/** A lease comes back without a result: it is free to be issued again. */
export interface DeclineMessage {
  readonly type: "decline";
  readonly lease: LeaseId;
  readonly step: number;
  readonly reason: DeclineReason;
  /** What happened, for people; may be empty. */
  readonly detail: string;
}

/** Last message of a worker that goes: all its leases are free. The worker closes the socket after it. */
export interface LeaveMessage {
  readonly type: "leave";
  /** For people. */
  readonly reason: string;
}

/** What a worker may say. */
export type WorkerMessage =
  | HelloMessage
  | ReadyMessage
  | ResultMessage
  | EvaluationMessage
  | ContributionMessage
  | DeclineMessage
  | LeaveMessage;

const positiveCount = v.pipe(naturalNumber, v.minValue(1));

const helloSchema = v.strictObject({
  type: v.literal("hello"),
  protocol: uint32,
  programFormats: v.pipe(v.array(uint32), v.minLength(1), v.maxLength(PROGRAM_FORMATS_MAX)),
  operations: v.nullable(v.pipe(v.array(token), v.maxLength(OPERATIONS_MAX))),
  run: v.nullable(identifier),
  name: workerName,
  kind: v.picklist(["node", "tab"]),
  backend: token,
  adapter: v.nullable(adapterText),
  arithmeticClass: token,
  threads: threadCount,
  codecs: v.pipe(v.array(codecName), v.minLength(1), v.maxLength(CODECS_MAX)),
  resume: v.nullable(identifier),
}) satisfies v.GenericSchema<unknown, HelloMessage>;

const readySchema = v.strictObject({
  type: v.literal("ready"),
  step: naturalNumber,
}) satisfies v.GenericSchema<unknown, ReadyMessage>;

const resultSchema = v.strictObject({
  type: v.literal("result"),
  lease: leaseId,
  step: naturalNumber,
  microbatches: positiveCount,
  milliseconds: measuredMilliseconds,
  codec: codecName,
  byteLength: naturalNumber,
}) satisfies v.GenericSchema<unknown, ResultMessage>;

const evaluationSchema = v.strictObject({
  type: v.literal("evaluation"),
  lease: leaseId,
  step: naturalNumber,
  microbatches: positiveCount,
  milliseconds: measuredMilliseconds,
  sums: sumsBytes,
}) satisfies v.GenericSchema<unknown, EvaluationMessage>;

const contributionSchema = v.strictObject({
  type: v.literal("contribution"),
  lease: leaseId,
  step: naturalNumber,
  microbatches: positiveCount,
  tensor: tensorDescriptorSchema,
  sums: sumsBytes,
}) satisfies v.GenericSchema<unknown, ContributionMessage>;

const declineSchema = v.strictObject({
  type: v.literal("decline"),
  lease: leaseId,
  step: naturalNumber,
  reason: keyOf(DECLINE_REASONS),
  detail: sentence,
}) satisfies v.GenericSchema<unknown, DeclineMessage>;

const leaveSchema = v.strictObject({
  type: v.literal("leave"),
  reason: sentence,
}) satisfies v.GenericSchema<unknown, LeaveMessage>;

/** Every message of a worker; unknown keys and types are refused. */
export const workerMessageSchema = v.variant("type", [
  helloSchema,
  readySchema,
  resultSchema,
  evaluationSchema,
  contributionSchema,
  declineSchema,
  leaveSchema,
]) satisfies v.GenericSchema<unknown, WorkerMessage>;
