import type { Handle, MachineMessage } from "@tributary/coordinator";
import type { CoordinatorMessage, LeaseMessage, ParametersMessage } from "@tributary/protocol";
import type { TinyParameters, TinySums } from "./tiny-model.ts";

/** What arrives at a worker. */
export type DownMessage =
  | Exclude<CoordinatorMessage, ParametersMessage>
  | { readonly type: "parameters"; readonly step: number; readonly values: TinyParameters };

/** What a worker sends: messages, evaluations with their sums, and the last chunk of a transfer. */
export type UpMessage =
  | { readonly kind: "message"; readonly message: Exclude<MachineMessage, { readonly handle: Handle }> }
  | {
      readonly kind: "evaluation";
      readonly lease: LeaseMessage;
      readonly microbatches: number;
      readonly sums: TinySums;
      readonly finite: boolean;
    }
  | {
      readonly kind: "lastChunk";
      readonly lease: number;
      readonly transfer: number;
      readonly sums: TinySums;
      readonly finite: boolean;
      readonly damaged: boolean;
    };
