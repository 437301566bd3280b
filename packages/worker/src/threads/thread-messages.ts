import type { Backend } from "@tributary/kernels";
import type { LeaseKind } from "@tributary/protocol";
import type { LeaseOutcome, LeaseSpan, RunSetup } from "../computation.ts";
import type { WorkerErrorCode } from "../errors.ts";

/** What the socket thread asks of a compute thread, which answers one request after the other. */
export type ThreadRequest =
  | { readonly type: "prepare"; readonly setup: RunSetup }
  | { readonly type: "parameters"; readonly step: number; readonly codec: string; readonly bytes: Uint8Array }
  /** A whole lease, by a thread that is alone. Answers with the outcome, whose coded gradient is in `memory` if there is any. */
  | {
      readonly type: "run";
      readonly span: LeaseSpan;
      readonly milliseconds: number;
      readonly memory: Uint8Array | null;
    }
  /** Clears the sums. Answers with the number of microbatches of the lease. */
  | { readonly type: "begin"; readonly span: LeaseSpan }
  /** Answers with the number of microbatches done: fewer than `count` only when the thread was stopped. */
  | { readonly type: "accumulate"; readonly span: LeaseSpan; readonly first: number; readonly count: number }
  /** Answers with the sums. */
  | { readonly type: "collect"; readonly kind: LeaseKind }
  /** Adds other threads' sums to its own, in order, and makes the outcome ready, like "run". */
  | {
      readonly type: "finish";
      readonly kind: LeaseKind;
      readonly others: readonly Float32Array[];
      readonly microbatches: number;
      readonly milliseconds: number;
      readonly memory: Uint8Array | null;
    }
  | { readonly type: "close" };

/** An answer: nothing, a number of microbatches, sums, or an outcome, as ThreadRequest says. */
export type ThreadAnswer = null | number | Float32Array | LeaseOutcome;

/** An error on its way between threads: its class does not survive the passage. */
export type CarriedError =
  | { readonly type: "worker"; readonly code: WorkerErrorCode; readonly message: string }
  /** Of another class: its name, and its code if it has one. */
  | { readonly type: "other"; readonly name: string; readonly code: string | null; readonly message: string };

/** What a compute thread's device says of itself: see DeviceComputation. */
export interface OpenedThread {
  readonly backend: Backend;
  readonly arithmeticClass: string;
  readonly adapter: string | null;
  readonly remark?: string | undefined;
}

/** What a compute thread says. */
export type FromThread =
  | ({ readonly type: "opened" } & OpenedThread)
  | { readonly type: "answer"; readonly value: ThreadAnswer }
  | { readonly type: "failed"; readonly error: CarriedError }
  | { readonly type: "fetch"; readonly hash: string };

/** What the socket thread says. */
export type ToThread =
  | { readonly type: "request"; readonly request: ThreadRequest }
  /** The lease that is computed is of no use any more. For threads that share no memory with this one. */
  | { readonly type: "stop" }
  | { readonly type: "blob"; readonly hash: string; readonly bytes: Uint8Array }
  | { readonly type: "noBlob"; readonly hash: string; readonly code: WorkerErrorCode; readonly message: string };
