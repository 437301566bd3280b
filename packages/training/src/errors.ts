import { CodedError } from "@tributary/program";

/** Every code a {@link TrainingError} can carry, with what it means and how to mend it. */
export const TRAINING_ERROR_CODES = {
  RUN_INVALID:
    "The options of defineRun do not fit together or are out of range: the message names the option and what it takes",
  RUN_SHAPE:
    "The model, the loss and the data do not fit each other: the message shows both shapes; change the layer or the data",
  NO_FILE_SYSTEM:
    "A file was to be written where there is no file system: take the bytes instead, and store them as the platform does",
  ONNX_UNSUPPORTED:
    "The model uses an operation that the ONNX export has no form for: the message names it; export a part without it",
  DIVERGED:
    "The loss or the parameters are no longer finite: lower the learning rate, clip gradients, or look at the data",
  MODEL_FILE_INVALID:
    "The bytes are not a safetensors file, or break its rules: write the file again or fetch a whole copy",
  MODEL_FILE_MISMATCH:
    "The file's tensors do not match the model's names, shapes or dtypes: use the model that the file was written from",
} as const;

/** A code of {@link TRAINING_ERROR_CODES}. */
export type TrainingErrorCode = keyof typeof TRAINING_ERROR_CODES;

/** What is wrong with a run, its training or a model file, why, and how to mend it. */
export class TrainingError extends CodedError<TrainingErrorCode> {
  override readonly name = "TrainingError";
}
