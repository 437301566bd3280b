import type { Backend } from "@tributary/kernels";
import type { DeclineReason, LeaseKind } from "@tributary/protocol";

/** Why a session is over for good. */
export const SESSION_END_REASONS = {
  finished: "the run is over",
  left: "the worker was asked to leave",
  refused: "the coordinator refused this worker, or its server did",
  closed: "the coordinator closed the connection with a code that says not to come back",
  unreachable: "the coordinator could not be reached, so often that the worker gave up",
  failed: "the run's programs or data cannot be used here",
} as const;

/** How a session ended. */
export interface SessionEnd {
  readonly reason: keyof typeof SESSION_END_REASONS;
  /** For people: what happened, and how to mend it. */
  readonly message: string;
  /** Refusal, error or close code, where there is one. */
  readonly code: string | number | null;
}

/** What the leases are computed on, and why: at the start, and whenever that changes. */
export interface DeviceEvent {
  readonly type: "device";
  readonly backend: Backend;
  /** Name of the GPU, if it is one that has a name. */
  readonly adapter: string | null;
  /** For people, without a full stop: "This GPU (...) computes convolutions wrong, so the CPU is used". */
  readonly sentence: string;
}

/** What happens to a worker, for whoever shows or logs it. */
export type SessionEvent =
  | DeviceEvent
  | { readonly type: "connecting" }
  | { readonly type: "joined"; readonly worker: string; readonly run: string; readonly step: number }
  /** Parameters of this step are held. */
  | { readonly type: "ready"; readonly step: number }
  /** A result or an evaluation was announced. */
  | {
      readonly type: "computed";
      readonly lease: number;
      readonly kind: LeaseKind;
      readonly step: number;
      readonly microbatches: number;
      /** Samples of the whole lease: its last microbatch may be short. */
      readonly leased: number;
      readonly milliseconds: number;
    }
  /** A contribution is on its way, to its last byte. */
  | { readonly type: "sent"; readonly lease: number; readonly bytes: number }
  | { readonly type: "declined"; readonly lease: number; readonly reason: DeclineReason; readonly detail: string }
  | { readonly type: "rejected"; readonly lease: number; readonly code: string; readonly step: number }
  /** The connection is over, or could not be made; the worker tries again after `retryMilliseconds`. */
  | { readonly type: "disconnected"; readonly message: string; readonly retryMilliseconds: number };
