export { type EarlyStoppingOptions, earlyStopping, jsonLines, onEvents } from "./callbacks.ts";
export { TRAINING_ERROR_CODES, TrainingError, type TrainingErrorCode } from "./errors.ts";
export {
  type Callback,
  type CheckpointEvent,
  type EpochEvent,
  type ErrorEvent,
  type FinishedEvent,
  type LeaseEvent,
  type ListeningEvent,
  metricKey,
  type RunCommand,
  type RunEvent,
  type StepEvent,
  type WorkerEvent,
} from "./events.ts";
export {
  decodeSafetensors,
  encodeSafetensors,
  type SafetensorsDType,
  type SafetensorsEntry,
  type SafetensorsFile,
} from "./safetensors.ts";
