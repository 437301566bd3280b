import { CodedError } from "@tributary/program";

/** Every code a {@link WorkerError} can carry: what it means and how to mend it. */
export const WORKER_ERROR_CODES = {
  CONNECT_FAILED: "The coordinator could not be reached: check the address, and that it is running",
  CONNECT_REFUSED: "The coordinator's server refused the connection: check the token in the link",
  BLOB_UNREACHABLE:
    "A program, a manifest or a shard could not be fetched: the coordinator may be gone, or does not have it",
  BLOB_HASH: "Bytes that were fetched by their hash have another one: distrust where they came from",
  PROGRAM_MISMATCH:
    "A program's inputs or outputs are not those of the run: the coordinator is faulty, or another version",
  MANIFEST_TEXT: "A manifest is no UTF-8 text: the coordinator is faulty",
  NOT_PREPARED: "A lease or parameters came before programs and data were there: prepare first",
  STALE_STEP: "The device does not hold the parameters of the lease's step: set them first",
  LEASE_STOPPED: "The lease was stopped before its first microbatch was done",
  DEVICE_WRONG: "The GPU computes wrong, as its self-test found: update its driver, or use the backend wasm",
  DEVICE_CHANGED:
    "What computes here is not what the coordinator was told: the worker joins again by itself, and says so",
  THREAD_FAILED: "A compute thread ended: read its message, and start the worker again",
} as const;

/** One of the keys of {@link WORKER_ERROR_CODES}. */
export type WorkerErrorCode = keyof typeof WORKER_ERROR_CODES;

/** What keeps a worker from joining, or from computing a lease. */
export class WorkerError extends CodedError<WorkerErrorCode> {
  override readonly name = "WorkerError";
}
