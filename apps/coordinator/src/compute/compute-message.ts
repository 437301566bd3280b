import type { Finding } from "@tributary/coordinator";
import type { Field, ShardEntry } from "@tributary/data";
import type { LeaseKind } from "@tributary/protocol";
import type { LeaseSpan, RunSetup } from "@tributary/worker";

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

/** What a compute thread needs to look inside the model it holds. */
export interface InspectionSetup {
  /** Encoded programs; both take one microbatch of the field `inputs`. */
  readonly predict: Uint8Array;
  readonly activations: Uint8Array;
  readonly fields: readonly Field[];
  /** The first shards of the test data. */
  readonly shards: readonly { readonly entry: ShardEntry; readonly bytes: Uint8Array }[];
  /** Test samples that are looked at, from the first one on; at most what the shards hold. */
  readonly samples: number;
  /** Classes the outputs stand for; null where the model is no classifier. */
  readonly classes: number | null;
  /** Bytes that the values of one set of activations may have. */
  readonly activationBytesMax: number;
}

/** One sample: of the test data, or its raw bytes. */
export type InspectedSource = { readonly sample: number } | { readonly inputs: Uint8Array };

/** What the model makes of a sample. */
export interface InspectedOutputs {
  /** Updates done: whose parameters were used. */
  readonly step: number;
  /** Of one sample. */
  readonly shape: readonly number[];
  readonly outputs: Float32Array;
  /** Adding up to 1; null where the model is no classifier. */
  readonly probabilities: Float32Array | null;
}

/** What one layer makes of a sample: value of byte 0, value of byte 255, and the bytes. */
export interface InspectedLayer {
  readonly path: string;
  readonly shape: readonly number[];
  readonly minimum: number;
  readonly maximum: number;
  readonly values: Uint8Array;
}

/** What every layer makes of a sample. */
export interface InspectedLayers {
  readonly step: number;
  readonly layers: readonly InspectedLayer[];
  readonly probabilities: Float32Array | null;
}

/** A test sample. */
export interface InspectedSample {
  /** Raw bytes of its field `inputs`. */
  readonly inputs: Uint8Array;
  /** Null where its target is not one whole number. */
  readonly label: number | null;
}

/** What the model takes some test samples for. */
export interface JudgedPart {
  readonly step: number;
  readonly first: number;
  /** One entry a sample. */
  readonly labels: Int32Array;
  readonly predicted: Int32Array;
  /** Of the class it was taken for. */
  readonly probability: Float32Array;
}

/** Blobs by their SHA-256. */
export type BlobEntries = readonly (readonly [hash: string, bytes: Uint8Array])[];

/** What a compute thread needs to compute samples of a run as a worker does. */
export interface ExaminationSetup {
  readonly run: RunSetup;
  /** Manifest and programs. */
  readonly blobs: BlobEntries;
}

/** One microbatch of samples that workers failed on. */
export interface ExaminedPart extends LeaseSpan {
  /** Whether sums and parameters begin anew: the first microbatch of a range. */
  readonly first: boolean;
  /** Shards that were missing when it was asked for before. */
  readonly blobs: BlobEntries;
}

/** What came of a microbatch, together with those before it; or the shards without which it cannot be computed. */
export type PartFinding = { readonly finding: Finding } | { readonly missing: readonly string[] };

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
  /** Compiles the programs that look inside; asked once, before the others of their kind. */
  readonly openInspection: { readonly input: InspectionSetup; readonly output: null };
  readonly predict: { readonly input: InspectedSource; readonly output: InspectedOutputs };
  readonly activations: { readonly input: InspectedSource; readonly output: InspectedLayers };
  readonly sample: { readonly input: number; readonly output: InspectedSample };
  /**
   * Judges one microbatch of test samples from `first` on. From 0 on with the current parameters; what follows with the same ones, so
   * that the parts belong together.
   */
  readonly judge: { readonly input: { readonly first: number }; readonly output: JudgedPart };
  /** Compiles the run's own programs; asked once, before `examine`. */
  readonly openExamination: { readonly input: ExaminationSetup; readonly output: null };
  readonly examine: { readonly input: ExaminedPart; readonly output: PartFinding };
}

/** Name of a request. */
export type ComputeRequestName = keyof ComputeRequests;

/** A request on its way to the thread. */
export type ComputeRequest = {
  readonly [Name in ComputeRequestName]: {
    readonly name: Name;
    readonly input: ComputeRequests[Name]["input"];
  };
}[ComputeRequestName];

/** The answer: an output, or what went wrong. */
export type ComputeReply =
  | { readonly output: ComputeRequests[ComputeRequestName]["output"] }
  | { readonly error: string };
