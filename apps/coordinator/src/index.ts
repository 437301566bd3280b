export { isLoopback, localNames } from "./access.ts";
export { COORDINATOR_APP_ERROR_CODES, CoordinatorAppError, type CoordinatorAppErrorCode } from "./errors.ts";
export { type PageFile, type Pages, readPages } from "./pages.ts";
export type { RunTuning } from "./run-content.ts";
export type { TlsIdentity } from "./server.ts";
export {
  type CoordinatorOptions,
  type CoordinatorResult,
  type RunningCoordinator,
  startCoordinator,
} from "./start-coordinator.ts";
export { CHECKPOINT_FOLDER, MODEL_FILE, STEP_LOG } from "./storage.ts";
