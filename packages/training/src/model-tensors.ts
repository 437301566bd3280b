import type { LayoutEntry, ParameterLayout } from "@tributary/program";
import { TrainingError } from "./errors.ts";
import type { SafetensorsEntry, SafetensorsFile } from "./safetensors.ts";

/** The two flat vectors that a model consists of; see ParameterLayout. */
export interface FlatModel {
  readonly parameters: Float32Array;
  readonly buffers: Float32Array;
}

/** Every parameter and buffer as a tensor of its own, under the names and in the layouts that PyTorch's state_dict has. */
export function modelToSafetensors(
  layout: ParameterLayout,
  model: FlatModel,
  metadata: Readonly<Record<string, string>>,
): SafetensorsFile {
  const entry = (vector: Float32Array, { name, shape, offset, length }: LayoutEntry): [string, SafetensorsEntry] => {
    const floats = vector.slice(offset, offset + length);
    return [name, { dtype: "F32", shape, bytes: new Uint8Array(floats.buffer) }];
  };
  return {
    tensors: new Map([
      ...layout.parameters.map((parameter) => entry(model.parameters, parameter)),
      ...layout.buffers.map((buffer) => entry(model.buffers, buffer)),
    ]),
    metadata: new Map(Object.entries(metadata)),
  };
}

/** The buffer of PyTorch's batch normalisation that is left out on reading. */
const COUNTER = "num_batches_tracked";

/** How a file's tensors are matched with a model's. */
export interface MatchOptions {
  /** What tensors that the file lacks are taken from, as with PyTorch's `strict=False`; tensors that the model lacks are then left out. Default: both are errors. */
  readonly missingFrom?: FlatModel;
}

/**
 * The flat vectors of a model file. F32, F64, F16 and BF16 are converted to float32.
 * @throws TrainingError MODEL_FILE_MISMATCH naming what is missing, too many, or of another shape or dtype
 */
export function modelFromSafetensors(
  layout: ParameterLayout,
  file: SafetensorsFile,
  options: MatchOptions = {},
): FlatModel {
  const { missingFrom } = options;
  const model = {
    parameters: missingFrom?.parameters.slice() ?? new Float32Array(layout.parameterLength),
    buffers: missingFrom?.buffers.slice() ?? new Float32Array(layout.bufferLength),
  };
  const places = [
    ...layout.parameters.map((entry) => ({ entry, vector: model.parameters })),
    ...layout.buffers.map((entry) => ({ entry, vector: model.buffers })),
  ];
  if (missingFrom === undefined) {
    checkNames(
      file,
      places.map(({ entry }) => entry.name),
    );
  }
  for (const { entry, vector } of places) {
    const tensor = file.tensors.get(entry.name);
    if (tensor === undefined) continue;
    if (tensor.shape.join() !== entry.shape.join()) {
      throw mismatch(`${entry.name} is [${tensor.shape}] in the file, but [${entry.shape}] in the model`);
    }
    vector.set(toFloat32(entry.name, tensor), entry.offset);
  }
  return model;
}

function checkNames(file: SafetensorsFile, names: readonly string[]): void {
  const missing = names.filter((name) => !file.tensors.has(name));
  const known = new Set(names);
  // PyTorch's batch normalisation counts its steps; nothing reads that at a fixed momentum, so models here have no such buffer.
  const isCounter = (name: string) =>
    name.endsWith(COUNTER) && known.has(`${name.slice(0, -COUNTER.length)}running_mean`);
  const unknown = [...file.tensors.keys()].filter((name) => !known.has(name) && !isCounter(name));
  if (missing.length === 0 && unknown.length === 0) return;
  const parts = [
    missing.length > 0 ? `lacks ${missing.join(", ")}` : "",
    unknown.length > 0 ? `has ${unknown.join(", ")}, which the model lacks` : "",
  ];
  throw mismatch(`The file ${parts.filter(Boolean).join(" and ")}`);
}

/** The elements as float32, the caller's own. @throws TrainingError MODEL_FILE_MISMATCH for integers @returns row by row */
export function toFloat32(name: string, { dtype, bytes }: SafetensorsEntry): Float32Array {
  // The file's bytes may lie anywhere in their buffer; a copy is aligned. Not slice: that of Node's Buffer copies nothing.
  const { buffer } = new Uint8Array(bytes);
  switch (dtype) {
    case "F32":
      return new Float32Array(buffer);
    case "F64":
      return Float32Array.from(new Float64Array(buffer));
    case "BF16":
      // bfloat16 is the upper half of a float32.
      return new Float32Array(Uint32Array.from(new Uint16Array(buffer), (bits) => bits * 2 ** 16).buffer);
    case "F16":
      return Float32Array.from(new Uint16Array(buffer), float16Value);
    default:
      throw mismatch(
        `${name} is ${dtype} in the file, but the model computes with float32; F32, F64, F16 and BF16 are converted`,
      );
  }
}

/** Value of an IEEE 754 binary16 from its bits. */
function float16Value(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

function mismatch(message: string): TrainingError {
  return new TrainingError("MODEL_FILE_MISMATCH", `${message}: use the model that the file was written from`);
}
