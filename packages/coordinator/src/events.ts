import type { RunCommand, RunSums } from "@tributary/program";
import type {
  ContributionMessage,
  DeclineMessage,
  EvaluationMessage,
  HelloMessage,
  LeaseId,
  LeaseKind,
  LeaveMessage,
  ReadyMessage,
  RejectionCode,
  ResultMessage,
  WorkerId,
} from "@tributary/protocol";
import type { Finding } from "./finding.ts";
import type { Handle } from "./handle.ts";

/** What a run can be told while it goes: what callbacks may ask for, and what only somebody who watches it does. */
export type MachineCommand =
  | RunCommand
  /** Lease nothing more once the open step (or evaluation) is done. */
  | { readonly command: "pause" }
  | { readonly command: "resume" };

/** The messages of a worker as the machine sees them: sums and chunks are staged outside, and stand here as handles. */
export type MachineMessage =
  | HelloMessage
  | ReadyMessage
  | ResultMessage
  | DeclineMessage
  | LeaveMessage
  | Omit<ContributionMessage, "sums">
  | (Omit<EvaluationMessage, "sums"> & { readonly handle: Handle });

/** Everything that can happen to a run. Completions of effects come back here. */
export type MachineEvent =
  | { readonly type: "connectionOpened"; readonly worker: WorkerId }
  | { readonly type: "connectionClosed"; readonly worker: WorkerId }
  | { readonly type: "message"; readonly worker: WorkerId; readonly message: MachineMessage }
  /** The chunks of an accepted contribution are all in and their checksum is right. */
  | { readonly type: "transferCompleted"; readonly worker: WorkerId; readonly lease: LeaseId; readonly handle: Handle }
  /** They are not what was announced. */
  | {
      readonly type: "transferFailed";
      readonly worker: WorkerId;
      readonly lease: LeaseId;
      readonly code: Extract<RejectionCode, "BAD_SIZE" | "BAD_CHECKSUM" | "NOT_FINITE">;
    }
  | { readonly type: "folded"; readonly kind: LeaseKind; readonly step: number; readonly leases: readonly LeaseId[] }
  | {
      readonly type: "updated";
      /** As in the `update` effect. */
      readonly step: number;
      readonly measures: RunSums;
      /** Norm of the mean gradient; not finite when the sum was not. */
      readonly gradientNorm: number;
      /** False: the sum was not finite, and the parameters are as they were. */
      readonly applied: boolean;
    }
  | { readonly type: "persisted"; readonly step: number }
  | { readonly type: "evaluated"; readonly step: number; readonly measures: RunSums }
  /** The coordinator has computed samples itself; `kind`, `step`, `start` and `end` as in the `examine` effect. */
  | {
      readonly type: "examined";
      readonly kind: LeaseKind;
      readonly step: number;
      readonly start: number;
      readonly end: number;
      readonly finding: Finding;
    }
  | { readonly type: "checkpointed"; readonly step: number; readonly path: string; readonly final: boolean }
  /** An effect could not be performed: the disk is full, a compute thread died. The run ends. */
  | { readonly type: "effectFailed"; readonly effect: string; readonly message: string }
  /** Time has passed; see the `timer` effect. */
  | { readonly type: "tick" }
  | { readonly type: "command"; readonly command: MachineCommand };
