import type { RunEvent } from "@tributary/program";
import type { CoordinatorMessage, LeaseId, LeaseKind, ParametersMessage, WorkerId } from "@tributary/protocol";
import type { Commit, Handle } from "./handle.ts";
import type { RunSummary } from "./run-summary.ts";
import type { RunPosition } from "./settings.ts";
import type { FoldItem } from "./step-ledger.ts";

/** What the log keeps of a step: enough to prove that every sample was committed once. */
export interface StepRecord {
  /** Updates done, this one included. */
  readonly step: number;
  /** 0-based. */
  readonly epoch: number;
  readonly samples: number;
  readonly samplesCommitted: number;
  readonly loss: number;
  readonly gradientNorm: number;
  /** In sample order, as folded. */
  readonly commits: readonly Commit[];
}

/** Messages that carry no tensor. */
export type ControlMessage = Exclude<CoordinatorMessage, ParametersMessage>;

/**
 * What the machine wants done, in order. Nothing here blocks: `fold`, `update`, `persist`, `evaluate`, `examine` and
 * `checkpoint` are answered by events. Folds, updates, evaluations and checkpoints act in the order in which they were asked for.
 */
export type Effect =
  | { readonly type: "send"; readonly worker: WorkerId; readonly message: ControlMessage }
  /** Parameters and buffers of `step`, encoded once and shared by all of these workers. Always of the last update that was persisted. */
  | { readonly type: "broadcast"; readonly step: number; readonly workers: readonly WorkerId[] }
  /** Closes the socket once what was sent has gone. */
  | { readonly type: "close"; readonly worker: WorkerId; readonly code: number; readonly reason: string }
  /** Stage the chunks of this transfer; those of a transfer that was never accepted are dropped. */
  | {
      readonly type: "accept";
      readonly worker: WorkerId;
      readonly lease: LeaseId;
      readonly transfer: number;
      readonly bytes: number;
    }
  /** Forget an accepted transfer that is not complete, and drop its handle if it completes meanwhile. */
  | { readonly type: "abandon"; readonly worker: WorkerId; readonly lease: LeaseId }
  /** Add these contributions to the sum, in this order. Answered by `folded`; the handles are used up. */
  | { readonly type: "fold"; readonly kind: LeaseKind; readonly step: number; readonly items: readonly FoldItem[] }
  /** Give the handle's memory back. */
  | { readonly type: "drop"; readonly handle: Handle }
  /**
   * Measure the sum, divide, update, clear the sum. Answered by `updated`.
   * `step` and `samplesCommitted` count what was done before this update: 0 and 0 for the first.
   */
  | {
      readonly type: "update";
      readonly step: number;
      readonly samplesCommitted: number;
      readonly learningRateFactor: number;
      readonly samples: number;
    }
  /** Append to the log. Answered by `persisted`; nobody is sent the new parameters before. */
  | { readonly type: "persist"; readonly record: StepRecord }
  /** Read the evaluation's sums and clear them. Answered by `evaluated`. */
  | { readonly type: "evaluate"; readonly step: number }
  /**
   * Compute these samples here, with the parameters of `step`, and say what came of it: workers failed on them. Nothing of it is added
   * to any sum. Answered by `examined`; a later one replaces one that is not answered.
   */
  | {
      readonly type: "examine";
      readonly kind: LeaseKind;
      readonly step: number;
      /** 0-based. */
      readonly epoch: number;
      readonly start: number;
      readonly end: number;
    }
  /** Write parameters, state, buffers and position. Answered by `checkpointed`. `final`: and the model. */
  | { readonly type: "checkpoint"; readonly step: number; readonly position: RunPosition; readonly final: boolean }
  /** Tell the callbacks, the loggers, the terminal. */
  | { readonly type: "emit"; readonly event: RunEvent }
  /** Send a `tick` at this time; replaces the timer before. Null: none is needed. */
  | { readonly type: "timer"; readonly atMs: number | null }
  /** The run is over; no effect follows. */
  | { readonly type: "finish"; readonly summary: RunSummary };
