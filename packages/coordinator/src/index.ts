export type { ControlMessage, Effect, StepRecord } from "./effects.ts";
export { EPOCH_START, EpochPlan, type EpochPosition } from "./epoch-plan.ts";
export { COORDINATOR_ERROR_CODES, CoordinatorError, type CoordinatorErrorCode } from "./errors.ts";
export type { MachineCommand, MachineEvent, MachineMessage } from "./events.ts";
export type { Finding } from "./finding.ts";
export type { Commit, Handle } from "./handle.ts";
export { EVALUATION_LEASES_AHEAD_MAX, STAGED_LEASES_MAX, WORKERS_MAX } from "./limits.ts";
export { RunMachine } from "./run-machine.ts";
export type { Counters, Phase } from "./run-state.ts";
export type { Outcome, RunSummary } from "./run-summary.ts";
export type { RunView, WorkerView } from "./run-view.ts";
export type { SampleRange } from "./sample-range.ts";
export {
  type CodecSize,
  DEFAULT_SETTINGS,
  RUN_START,
  type RunPosition,
  type RunSettings,
  type WelcomeTemplate,
} from "./settings.ts";
export type { FoldItem } from "./step-ledger.ts";
