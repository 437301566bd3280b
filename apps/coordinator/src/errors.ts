import { CodedError } from "@tributary/program";

/** What can go wrong in the coordinator's process, and what it says of strangers in `error` events. */
export const COORDINATOR_APP_ERROR_CODES = {
  CANNOT_BIND: "The address cannot be listened on: take another port or host, or end the process that has it",
  COMPUTE_FAILED: "The compute thread ended or reported an error: the message says which",
  STORAGE_FAILED: "The run's folder cannot be written: see the disk's space and the folder's rights",
  WRONG_TOKENS:
    "An event, not thrown: many wrong tokens come from one address. Somebody may be guessing, or uses a link of an earlier run; they are answered slowly",
} as const;

/** One of {@link COORDINATOR_APP_ERROR_CODES}. */
export type CoordinatorAppErrorCode = keyof typeof COORDINATOR_APP_ERROR_CODES;

/** Thrown by this app; what a worker sends never causes one. */
export class CoordinatorAppError extends CodedError<CoordinatorAppErrorCode> {
  override readonly name = "CoordinatorAppError";
}
