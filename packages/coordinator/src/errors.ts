import { CodedError } from "@tributary/program";

/** What can be wrong with the settings of a run, broken invariants of the machine, and what it says of workers in `error` events. */
export const COORDINATOR_ERROR_CODES = {
  BAD_SETTINGS: "A setting of the run is out of its range: the message names it and says what it may be",
  BROKEN_INVARIANT: "The coordinator's own bookkeeping contradicts itself: a bug, to be reported with the run's log",
  WORKER_AT_FAULT:
    "An event, not thrown: a worker failed on samples that the coordinator itself could compute, or was sent away after three contributions of no use. Let another device join; on that one, update the browser or the driver, or use --backend wasm",
} as const;

/** One of {@link COORDINATOR_ERROR_CODES}. */
export type CoordinatorErrorCode = keyof typeof COORDINATOR_ERROR_CODES;

/** Thrown by this package; what a worker does wrong never throws, it is answered by effects. */
export class CoordinatorError extends CodedError<CoordinatorErrorCode> {
  override readonly name = "CoordinatorError";
}

/** @throws CoordinatorError BROKEN_INVARIANT when `condition` is false: going on would count a sample wrongly. */
export function assertInvariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new CoordinatorError("BROKEN_INVARIANT", message);
}
