import type { Backend } from "@tributary/kernels";
import type { LayoutSizes, LeaseMessage, WelcomeMessage } from "@tributary/protocol";

/** What of `welcome` a computation needs: hashes of programs and manifest, sizes, and what makes the run's numbers. */
export type RunSetup = Pick<
  WelcomeMessage,
  "run" | "programs" | "variants" | "manifest" | "microbatch" | "codec" | "seed"
> & {
  readonly layout: LayoutSizes;
  /** Runs of the programs that make up one microbatch: they take a part of its samples. Default 1. */
  readonly parts?: number;
};

/** A lease without what concerns only the session. */
export type LeaseSpan = Pick<LeaseMessage, "step" | "kind" | "epoch" | "start" | "end">;

/** A coded gradient, ready to be sent. */
export interface CodedGradient {
  readonly bytes: Uint8Array;
  /** float32 elements it holds: the layout's trainableLength and statisticsLength. */
  readonly elements: number;
  readonly crc32: number;
}

/** What came out of a lease. The receiver owns the bytes until it gives them back with `release`. */
export interface LeaseOutcome {
  /** Whole microbatches done from the start of the lease: at least 1. */
  readonly microbatches: number;
  /** Time it took. */
  readonly milliseconds: number;
  /** Null for evaluate leases. */
  readonly gradient: CodedGradient | null;
  /** float32, little-endian: all sums that are not in `gradient`. */
  readonly sums: Uint8Array;
}

/** What computes a worker's leases, wherever that is: on a device of this thread, or on compute threads. */
export interface Computation {
  /**
   * Fetches programs and manifest by hash, checks and compiles them. Called again with another setup, forgets the first.
   * @throws WorkerError BLOB_*, PROGRAM_MISMATCH, MANIFEST_TEXT; ProgramError, DataError, KernelError
   */
  prepare(setup: RunSetup): Promise<void>;
  /** Memory for parameters that setParameters can take without a copy. */
  allocate(byteLength: number): Uint8Array;
  /**
   * Puts parameters, then buffers, of `step` on the device; takes `bytes`. A run that is asked for before the promise
   * resolves happens after it, so that a step does not wait for the way there and back. @throws WorkerError NOT_PREPARED; ProtocolError CODEC_*
   */
  setParameters(step: number, codec: string, bytes: Uint8Array): Promise<void>;
  /**
   * Computes whole microbatches from the lease's start, until its end or until `milliseconds` have passed; at least one.
   * One at a time: the caller waits for one run before it asks for the next, or for setParameters.
   * @param breathe awaited between microbatches, with the device at rest, by a computation on a device of this thread; threads
   *   of their own do not ask for it
   * @throws WorkerError NOT_PREPARED, STALE_STEP, BLOB_UNREACHABLE, LEASE_STOPPED, THREAD_FAILED; DataError; KernelError
   */
  run(span: LeaseSpan, milliseconds: number, breathe?: () => Promise<void>): Promise<LeaseOutcome>;
  /** The outcome's bytes are not needed any more: their memory may be used again. Need not be called. */
  release(outcome: LeaseOutcome): void;
  /** The run that is going on, if any, ends after the microbatch it is in, with LEASE_STOPPED or a partial outcome. */
  stop(): void;
  dispose(): Promise<void>;
}

/** A computation that says what it computes on. All three may change when a device is lost: see ResilientComputation. */
export interface DeviceComputation extends Computation {
  readonly backend: Backend;
  /** Results are bit-equal only within one class. */
  readonly arithmeticClass: string;
  /** Name of the GPU, for people; null where there is none, or none is known. */
  readonly adapter: string | null;
  /** What of the GPU is left unused and why: see Device.remark. */
  readonly remark?: string | undefined;
}
