import type { ParameterLayout, Shape } from "@tributary/program";
import { TrainingError } from "./errors.ts";
import { arrangementOf, type KerasLayer, type PlacedWeight } from "./keras-layers.ts";
import { toFloat32 } from "./model-tensors.ts";
import type { SafetensorsEntry, SafetensorsFile } from "./safetensors.ts";

/** What `metadata.format` of a file of Keras weights is. */
export const KERAS_FORMAT = "keras";

/** Where the file's metadata say which layers there are: JSON, a list of {@link KerasLayer} in the model's order. */
const LAYERS_KEY = "layers";

/** Tensors of one layer of the model: the names behind its path, with their shapes. */
interface ModelLayer {
  /** "features.0"; "" for a model that is one layer. */
  readonly path: string;
  readonly shapes: ReadonlyMap<string, Shape>;
}

/**
 * A file of Keras weights, as examples/python/keras_to_safetensors.py writes it, under the names and in the layouts of a model: layers are matched in their
 * order, kernels [..., in, out] become [out, in, ...], and the features behind a Flatten go from rows, columns, channels to channels, rows, columns.
 * The layers' options (epsilon of a normalisation, activations) are not in the file: Keras' batch normalisation has eps 1e-3 and momentum 0.01 in our terms.
 * @throws TrainingError MODEL_FILE_INVALID without the list of layers, MODEL_FILE_MISMATCH naming every layer that does not match
 */
export function fromKeras(layout: ParameterLayout, file: SafetensorsFile): SafetensorsFile {
  const layers = readLayers(file);
  const ours = modelLayers(layout);
  const tensors = new Map<string, SafetensorsEntry>();
  const problems: string[] = [];
  let next = 0;
  for (const layer of layers) {
    const { parts, problem } = arrangementOf(layer, valuesOf(layer, file));
    if (problem !== null) {
      problems.push(problem);
      continue;
    }
    for (const placed of parts) {
      const target = ours[next];
      next += 1;
      if (target === undefined) problems.push(`${layer.name} (${layer.kind}) is one more than the model has`);
      else problems.push(...place(layer, placed, target, tensors));
    }
  }
  for (const { path } of ours.slice(next)) problems.push(`the model's ${path || "layer"} has no Keras layer any more`);
  if (problems.length > 0) {
    throw new TrainingError(
      "MODEL_FILE_MISMATCH",
      `The Keras layers do not match the model: ${problems.join("; ")}: give the model the same layers in the same order`,
    );
  }
  return { tensors, metadata: new Map([["format", "pt"]]) };
}

function readLayers({ metadata }: SafetensorsFile): KerasLayer[] {
  const refuse = (what: string): never => {
    throw new TrainingError(
      "MODEL_FILE_INVALID",
      `The file of Keras weights ${what}: write it with examples/python/keras_to_safetensors.py`,
    );
  };
  const text = metadata.get(LAYERS_KEY) ?? refuse("does not say which layers there are");
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return refuse("has a list of layers that is no JSON");
  }
  if (!Array.isArray(parsed)) return refuse("has no list of layers");
  return parsed.map((item: unknown) => asLayer(item) ?? refuse("has a layer without name, kind and weights"));
}

function asLayer(value: unknown): KerasLayer | null {
  if (typeof value !== "object" || value === null) return null;
  const { name, kind, weights, flattened }: Partial<Record<string, unknown>> = { ...value };
  if (typeof name !== "string" || typeof kind !== "string" || !isListOf(weights, "string")) return null;
  if (flattened === undefined) return { name, kind, weights, flattened: null };
  return isListOf(flattened, "number") ? { name, kind, weights, flattened } : null;
}

function isListOf(value: unknown, type: "string"): value is string[];
function isListOf(value: unknown, type: "number"): value is number[];
function isListOf(value: unknown, type: "string" | "number"): boolean {
  return Array.isArray(value) && value.every((item: unknown) => typeof item === type);
}

/** The layer's weights by their short names. */
function valuesOf({ name, weights }: KerasLayer, { tensors }: SafetensorsFile) {
  return new Map(
    weights.map((weight) => {
      const full = `${name}/${weight}`;
      const tensor = tensors.get(full);
      if (tensor === undefined) {
        throw new TrainingError(
          "MODEL_FILE_INVALID",
          `The list of layers names ${full}, which the file lacks: write it again`,
        );
      }
      return [weight, { shape: tensor.shape, values: toFloat32(full, tensor) }] as const;
    }),
  );
}

/** Parameters and buffers by the layer that has them, layers in the model's order. */
function modelLayers(layout: ParameterLayout): ModelLayer[] {
  const layers = new Map<string, Map<string, Shape>>();
  for (const { name, shape } of [...layout.parameters, ...layout.buffers]) {
    const dot = name.lastIndexOf(".");
    const path = name.slice(0, Math.max(0, dot));
    const shapes = layers.get(path) ?? new Map<string, Shape>();
    layers.set(path, shapes.set(name.slice(dot + 1), shape));
  }
  return [...layers].map(([path, shapes]) => ({ path, shapes }));
}

/** Puts one part of a Keras layer into a layer of the model. @returns what does not match */
function place(
  { name, kind }: KerasLayer,
  placed: ReadonlyMap<string, PlacedWeight>,
  { path, shapes }: ModelLayer,
  tensors: Map<string, SafetensorsEntry>,
): string[] {
  const shown = path === "" ? "the model" : path;
  const problems: string[] = [];
  for (const [weight, { shape, values }] of placed) {
    const wanted = shapes.get(weight);
    if (wanted?.join() === shape.join()) {
      tensors.set(path === "" ? weight : `${path}.${weight}`, {
        dtype: "F32",
        shape,
        bytes: new Uint8Array(Float32Array.from(values).buffer),
      });
    } else {
      const has =
        wanted === undefined ? `no ${weight} (it has ${[...shapes.keys()].join(", ")})` : `${weight} [${wanted}]`;
      problems.push(`${name} (${kind}) gives ${weight} [${shape}], but ${shown} has ${has}`);
    }
  }
  const missing = [...shapes.keys()].filter((weight) => !placed.has(weight));
  if (missing.length > 0) problems.push(`${name} (${kind}) gives no ${missing.join(", ")} for ${shown}`);
  return problems;
}
