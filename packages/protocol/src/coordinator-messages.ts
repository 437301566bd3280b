import * as v from "valibot";
import { LEASE_SAMPLES_MAX, TENSOR_BYTES_MAX, VARIANTS_MAX } from "./limits.ts";
import {
  allowedMilliseconds,
  codecName,
  identifier,
  keyOf,
  type LeaseId,
  leaseId,
  naturalNumber,
  type RunId,
  sentence,
  sha256Hex,
  uint32,
  type WorkerId,
} from "./schema-parts.ts";
import { type TensorDescriptor, tensorDescriptorSchema } from "./tensor-descriptor.ts";

/** Sizes of a run's flat vectors, in float32 elements: what a worker checks programs and transfers against. */
export interface LayoutSizes {
  /** Hash of the ParameterLayout. */
  readonly hash: string;
  /** Length of P. */
  readonly parameterLength: number;
  /** Length of the gradient part of S. */
  readonly trainableLength: number;
  /** Length of the layers' statistics behind the gradient part of S, which travel with it; may be 0. */
  readonly statisticsLength: number;
  /** Length of the buffers; may be 0. */
  readonly bufferLength: number;
}

/** SHA-256 of each encoded program a worker needs. Bytes are served over HTTP by hash. */
export interface ProgramHashes {
  readonly gradient: string;
  /** Null: this run is never evaluated by workers. */
  readonly evaluate: string | null;
}

/** The worker's programs for a smaller microbatch: whoever has too little memory computes each microbatch in parts. */
export interface ProgramVariant {
  /** Samples of one part: M divided by a whole number. */
  readonly microbatch: number;
  readonly programs: ProgramHashes;
}

/** How both sides notice that the other is gone. */
export interface HeartbeatSettings {
  /** The coordinator sends a WebSocket ping this often. */
  readonly pingMilliseconds: number;
  /** Silence after which the other side counts as gone. */
  readonly lostAfterMilliseconds: number;
}

/** Answer to `hello`: binds the session to this run, term and layout. `parameters` follow. */
export interface WelcomeMessage {
  readonly type: "welcome";
  /** {@link PROTOCOL_VERSION} of the coordinator. */
  readonly protocol: number;
  readonly worker: WorkerId;
  readonly run: RunId;
  /** Counts the coordinator's lives: what belongs to an earlier one is void. */
  readonly term: number;
  readonly layout: LayoutSizes;
  readonly programs: ProgramHashes;
  /** Larger parts first; none for a model that couples the samples of a microbatch. */
  readonly variants: readonly ProgramVariant[];
  /**
   * SHA-256 of the data's manifest, served like programs. Gradient leases address its train split in the order of their
   * epoch, evaluate leases its test split in the manifest's own order.
   */
  readonly manifest: string;
  /** Samples of one microbatch, M. */
  readonly microbatch: number;
  /** Step the run is at: updates done so far. */
  readonly step: number;
  /** Codec the worker sends gradients in: one of those it offered. */
  readonly codec: string;
  /** Seed of the run, 0 ... 2^53 - 1: the epoch orders and the programs' `seed` [low 32 bits, high bits] come from it. */
  readonly seed: number;
  readonly heartbeat: HeartbeatSettings;
}

/**
 * Parameters and then buffers of `step`, one vector of parameterLength + bufferLength elements: announces its chunks,
 * which follow. Codec float32 or float16. A later one replaces an unfinished earlier one.
 */
export interface ParametersMessage {
  readonly type: "parameters";
  readonly step: number;
  readonly tensor: TensorDescriptor;
}

/** What a lease asks for. */
export type LeaseKind = "gradient" | "evaluate";

/** Samples start ... end - 1 of one step to be computed, as whole microbatches counted from `start` (the last may be short). */
export interface LeaseMessage {
  readonly type: "lease";
  readonly lease: LeaseId;
  /** Parameters of this step are to be used. */
  readonly step: number;
  readonly kind: LeaseKind;
  /** 0-based epoch whose order `start` and `end` are positions in. Evaluation uses the test set's own order. */
  readonly epoch: number;
  readonly start: number;
  readonly end: number;
  /** Time from receipt in which the worker should announce its result; what is then done goes back as a partial return. */
  readonly milliseconds: number;
}

/** The result of this lease may be sent now. */
export interface CreditMessage {
  readonly type: "credit";
  readonly lease: LeaseId;
  readonly step: number;
}

/** The lease is void: stop computing it, drop its result. Answered by `decline` unless its contribution is on its way. */
export interface CancelMessage {
  readonly type: "cancel";
  readonly lease: LeaseId;
  readonly step: number;
  /** For people. */
  readonly reason: string;
}

/** Why something a worker sent about a lease was not taken. */
export const REJECTION_CODES = {
  STALE_STEP: "the step is already closed; the current parameters follow or are held already",
  FUTURE_STEP: "the coordinator has not reached this step",
  UNKNOWN_LEASE: "no such lease was given to this worker, or it is already over",
  EXPIRED_LEASE: "the lease's deadline passed and it was issued again",
  BAD_RANGE: "more microbatches than leased, or none",
  BAD_SIZE: "byteLength, elements or sums are not what the layout and the codec give",
  BAD_CHECKSUM: "the CRC-32 of the received bytes is not the announced one",
  NOT_FINITE: "the contribution holds values that are not finite",
} as const;

/** One of {@link REJECTION_CODES}. */
export type RejectionCode = keyof typeof REJECTION_CODES;

/** What was sent about a lease was not taken; the lease is over for this worker. */
export interface RejectedMessage {
  readonly type: "rejected";
  readonly lease: LeaseId;
  readonly code: RejectionCode;
  /** The next valid step: the one the worker should hold the parameters of. */
  readonly step: number;
}

/** The run is over; the coordinator closes the socket with 4005. */
export interface FinishMessage {
  readonly type: "finish";
  /** For people. */
  readonly reason: string;
}

/** Why a worker may not join, or may not stay. */
export const REFUSAL_CODES = {
  BAD_TOKEN: "the token is missing, unknown or expired",
  VERSION_MISMATCH: "protocol or program format versions have nothing in common",
  UNKNOWN_RUN: "there is no such run here",
  NO_COMMON_CODEC: "the worker offers no codec that the run uses",
  UNSUPPORTED_OPERATION: "the run's programs use an operation the worker lacks",
  ARITHMETIC_CLASS: "the run is deterministic and admits one arithmetic class",
  FULL: "as many workers as the run admits are there",
  QUARANTINED: "this worker sent what was rejected too often",
  FINISHED: "the run is over",
} as const;

/** One of {@link REFUSAL_CODES}. */
export type RefusalCode = keyof typeof REFUSAL_CODES;

/** The worker may not join, or may not stay; the coordinator closes the socket after it. */
export interface RefusedMessage {
  readonly type: "refused";
  readonly code: RefusalCode;
  /** What happened, for people. */
  readonly message: string;
  /** How to mend it, for people. */
  readonly remedy: string;
}

/** What a coordinator may say. */
export type CoordinatorMessage =
  | WelcomeMessage
  | ParametersMessage
  | LeaseMessage
  | CreditMessage
  | CancelMessage
  | RejectedMessage
  | FinishMessage
  | RefusedMessage;

const vectorLength = v.pipe(naturalNumber, v.maxValue(TENSOR_BYTES_MAX / 4));

const programsSchema = v.strictObject({ gradient: sha256Hex, evaluate: v.nullable(sha256Hex) });

const welcomeSchema = v.strictObject({
  type: v.literal("welcome"),
  protocol: uint32,
  worker: identifier,
  run: identifier,
  term: uint32,
  layout: v.strictObject({
    hash: sha256Hex,
    parameterLength: vectorLength,
    trainableLength: vectorLength,
    statisticsLength: vectorLength,
    bufferLength: vectorLength,
  }),
  programs: programsSchema,
  variants: v.pipe(
    v.array(v.strictObject({ microbatch: v.pipe(uint32, v.minValue(1)), programs: programsSchema })),
    v.maxLength(VARIANTS_MAX),
  ),
  manifest: sha256Hex,
  microbatch: v.pipe(uint32, v.minValue(1)),
  step: naturalNumber,
  codec: codecName,
  seed: naturalNumber,
  heartbeat: v.strictObject({ pingMilliseconds: allowedMilliseconds, lostAfterMilliseconds: allowedMilliseconds }),
}) satisfies v.GenericSchema<unknown, WelcomeMessage>;

const parametersSchema = v.strictObject({
  type: v.literal("parameters"),
  step: naturalNumber,
  tensor: tensorDescriptorSchema,
}) satisfies v.GenericSchema<unknown, ParametersMessage>;

const leaseSchema = v.pipe(
  v.strictObject({
    type: v.literal("lease"),
    lease: leaseId,
    step: naturalNumber,
    kind: v.picklist(["gradient", "evaluate"]),
    epoch: uint32,
    start: naturalNumber,
    end: naturalNumber,
    milliseconds: allowedMilliseconds,
  }),
  v.check((lease) => lease.end > lease.start && lease.end - lease.start <= LEASE_SAMPLES_MAX, "empty or too long"),
) satisfies v.GenericSchema<unknown, LeaseMessage>;

const creditSchema = v.strictObject({
  type: v.literal("credit"),
  lease: leaseId,
  step: naturalNumber,
}) satisfies v.GenericSchema<unknown, CreditMessage>;

const cancelSchema = v.strictObject({
  type: v.literal("cancel"),
  lease: leaseId,
  step: naturalNumber,
  reason: sentence,
}) satisfies v.GenericSchema<unknown, CancelMessage>;

const rejectedSchema = v.strictObject({
  type: v.literal("rejected"),
  lease: leaseId,
  code: keyOf(REJECTION_CODES),
  step: naturalNumber,
}) satisfies v.GenericSchema<unknown, RejectedMessage>;

const finishSchema = v.strictObject({
  type: v.literal("finish"),
  reason: sentence,
}) satisfies v.GenericSchema<unknown, FinishMessage>;

const refusedSchema = v.strictObject({
  type: v.literal("refused"),
  code: keyOf(REFUSAL_CODES),
  message: sentence,
  remedy: sentence,
}) satisfies v.GenericSchema<unknown, RefusedMessage>;

/** Every message of a coordinator; unknown keys and types are refused. */
export const coordinatorMessageSchema = v.variant("type", [
  welcomeSchema,
  parametersSchema,
  leaseSchema,
  creditSchema,
  cancelSchema,
  rejectedSchema,
  finishSchema,
  refusedSchema,
]) satisfies v.GenericSchema<unknown, CoordinatorMessage>;
