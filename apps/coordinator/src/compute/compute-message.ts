import type { LeaseKind } from "@tributary/protocol";

/** What a compute thread needs to hold a run's tensors. Programs are encoded; the thread decodes and compiles them once. */
export interface ComputeSetup {
  readonly backend: "auto" | "wasm" | "webgpu" | "reference";
  readonly initialize: Uint8Array;
  readonly measure: Uint8Array;
  readonly update: Uint8Array;
  readonly parameterLength: number;
  readonly trainableLength: number;
  /** Floats of the layers' statistics between the gradient and the named sums. */
  readonly statisticsLength: number;
  readonly stateLength: number;
  readonly bufferLength: number;
  /** Floats of S, and of E. */
  readonly sumsLength: number;
  readonly evaluationSumsLength: number;
  readonly seed: number;
  /** Codec of the broadcast parameters. */
  readonly parametersCodec: string;
  /** Steps done before; 0 for a new run. */
  readonly step: number;
  /** What a checkpoint holds; null: `initialize` makes it. */
  readonly tensors: RunTensors | null;
}

/** All state of a run; each vector is flat, and the receiver owns it. */
export interface RunTensors {
  readonly parameters: Float32Array;
  readonly state: Float32Array;
  readonly buffers: Float32Array;
}

/** A contribution as it came: coded gradient with statistics behind it, and plain sums. An evaluation has no gradient. */
export interface StagedContribution {
  readonly codec: string;
  /** In shared memory, so that it is handed to the compute thread without a copy. */
  readonly bytes: Uint8Array;
  /** float32, little-endian. */
  readonly sums: Uint8Array;
}

/** What a check of a contribution found. */
export interface CheckResult {
  readonly crc32: number;
  readonly finite: boolean;
  /** Euclidean norm of the gradient. */
  readonly norm: number;
  /** The sample count the sums state. */
  readonly samples: number;
}

/** Parameters of a step, ready to be sent: the message and its chunks, the same for every worker. */
export interface EncodedParameters {
  readonly step: number;
  /** The message, then the chunks one behind the other in one piece of shared memory. */
  readonly frames: readonly Uint8Array[];
}

/** What an update gives back. */
export interface UpdateResult {
  readonly applied: boolean;
  readonly gradientNorm: number;
  /** Sums behind the gradient: loss, weight, samples, then one a metric. */
  readonly sums: Float32Array;
  /** Null when nothing was applied. */
  readonly encoded: EncodedParameters | null;
}

/** What can be asked of a compute thread, and what it answers. Requests are served one after the other. */
export interface ComputeRequests {
  readonly open: { readonly input: ComputeSetup; readonly output: EncodedParameters };
  readonly check: { readonly input: StagedContribution; readonly output: CheckResult };
  readonly fold: {
    readonly input: { readonly kind: LeaseKind; readonly items: readonly StagedContribution[] };
    readonly output: null;
  };
  readonly update: {
    readonly input: {
      readonly step: number;
      readonly samplesCommitted: number;
      readonly learningRateFactor: number;
      /** Shared memory for the chunk frames of the new parameters, of exactly their length. */
      readonly memory: Uint8Array;
    };
    readonly output: UpdateResult;
  };
  readonly evaluate: { readonly input: null; readonly output: Float32Array };
  readonly snapshot: { readonly input: null; readonly output: RunTensors };
}

/** Name of a request. */
export type ComputeRequestName = keyof ComputeRequests;

/** A request on its way to the thread. */
export type ComputeRequest = {
  readonly [Name in ComputeRequestName]: {
    readonly id: number;
    readonly name: Name;
    readonly input: ComputeRequests[Name]["input"];
  };
}[ComputeRequestName];

/** The answer: an output, or what went wrong. */
export type ComputeReply =
  | { readonly id: number; readonly output: ComputeRequests[ComputeRequestName]["output"] }
  | { readonly id: number; readonly error: string };
