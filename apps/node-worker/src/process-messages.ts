import type { SessionEnd, SessionEvent } from "@tributary/worker";

/** What a worker's process tells the process that started it. */
export type ProcessMessage =
  | { readonly type: "event"; readonly event: SessionEvent }
  | { readonly type: "end"; readonly end: SessionEnd };

/** What the process that started it says to a worker's process: leave. */
export const LEAVE = "leave";

/** Environment variable with the token: arguments are visible to everybody on the machine. */
export const TOKEN_VARIABLE = "TRIBUTARY_TOKEN";
