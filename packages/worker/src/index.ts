export { Backoff } from "./backoff.ts";
export type {
  CodedGradient,
  Computation,
  DeviceComputation,
  LeaseOutcome,
  LeaseSpan,
  RunSetup,
} from "./computation.ts";
export { WORKER_ERROR_CODES, WorkerError, type WorkerErrorCode } from "./errors.ts";
export { helloOf, type WorkerDescription } from "./hello.ts";
export { createOutcome, type LeaseSums } from "./lease-outcome.ts";
export { LeaseRunner, type LeaseRunnerOptions, type LeaseWork, type ShouldStop, seedWords } from "./lease-runner.ts";
export { LocalComputation, type LocalComputationOptions } from "./local-computation.ts";
export { ResilientComputation, type ResilientComputationOptions } from "./resilient-computation.ts";
export { setupKey, WorkerSession } from "./session.ts";
export { type DeviceEvent, SESSION_END_REASONS, type SessionEnd, type SessionEvent } from "./session-event.ts";
export type { HelloOptions, SessionOptions } from "./session-options.ts";
export { SHARD_CACHE_BYTES, ShardCache } from "./shard-cache.ts";
export { ComputeThread, type ComputeThreadOptions } from "./threads/compute-thread.ts";
export { ThreadHandle, type ThreadPort } from "./threads/thread-handle.ts";
export type {
  CarriedError,
  FromThread,
  OpenedThread,
  ThreadAnswer,
  ThreadRequest,
  ToThread,
} from "./threads/thread-messages.ts";
export {
  type SharedThreadMemory,
  ThreadedComputation,
  type ThreadedComputationOptions,
} from "./threads/threaded-computation.ts";
export type { Clock, Connect, FetchBlob, Transport, TransportHandlers } from "./transport.ts";
export { openTrustedDevice, type TrustedDeviceOptions } from "./trusted-device.ts";
