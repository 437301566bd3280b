import type { ParameterLayout } from "@tributary/program";
import { fromKeras, KERAS_FORMAT } from "./keras-weights.ts";
import { decodeSafetensors, type SafetensorsFile } from "./safetensors.ts";

/**
 * A model file under our names, which are PyTorch's; a file of Keras weights, known by its metadata, is brought under them.
 * @throws TrainingError MODEL_FILE_INVALID, and MODEL_FILE_MISMATCH for Keras layers that do not match the model's
 */
export function decodeModelFile(layout: ParameterLayout, bytes: Uint8Array): SafetensorsFile {
  const file = decodeSafetensors(bytes);
  return file.metadata.get("format") === KERAS_FORMAT ? fromKeras(layout, file) : file;
}
