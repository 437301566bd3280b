export {
  bestCheckpoint,
  type Callback,
  type EarlyStoppingOptions,
  earlyStopping,
  jsonLines,
  onEvents,
} from "./callbacks.ts";
export { type CsvLoggerOptions, csvLogger } from "./csv-logger.ts";
export { TRAINING_ERROR_CODES, TrainingError, type TrainingErrorCode } from "./errors.ts";
export { type Evaluation, evaluate } from "./evaluation.ts";
export { type FitOptions, type FitResult, fit } from "./fit.ts";
export { type History, history } from "./history.ts";
export { encodePng, type GreyImage, type GridOptions, imageGrid } from "./image-grid.ts";
export { layerPath } from "./inspection-programs.ts";
export { fromKeras } from "./keras-weights.ts";
export type { LayerSummary } from "./layer-summary.ts";
export { LocalTrainer, type StepResult, type StepScalars } from "./local-trainer.ts";
export { type FlatModel, modelFromSafetensors, modelToSafetensors } from "./model-tensors.ts";
export type { MonitorOptions } from "./monitored-value.ts";
export { type PlateauOptions, reduceOnPlateau } from "./plateau.ts";
export type { SampleOutputs } from "./program-runner.ts";
export { progress } from "./progress.ts";
export { clockTime, type ProgressPlan, progressBar } from "./progress-bar.ts";
export { Reporter, type ReporterOutput, type ReportStyle } from "./reporter.ts";
export {
  defineRun,
  isRun,
  MICROBATCH_DEFAULT_MAX,
  type Run,
  type RunDescription,
  type RunOverrides,
  withOverrides,
} from "./run.ts";
export {
  decodeSafetensors,
  encodeSafetensors,
  type SafetensorsDType,
  type SafetensorsEntry,
  type SafetensorsFile,
} from "./safetensors.ts";
export { type RunSummary, showSummary, summarize, summary } from "./summary.ts";
export { COMMON_SUMS, createSumsLayout, readSums, type SumsLayout } from "./sums-layout.ts";
export { type TensorBoardOptions, tensorBoard } from "./tensorboard.ts";
export { appendTo, type TextSink } from "./text-file.ts";
export { traceRun } from "./trace-run.ts";
export {
  type InspectionPrograms,
  type RunPrograms,
  type RunRecipe,
  type RunVariant,
  seedWords,
  stepsPerEpoch,
  type TracedRun,
  totalSteps,
} from "./traced-run.ts";
export { TrainedModel } from "./trained-model.ts";
