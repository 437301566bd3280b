import { FIELD_DTYPE_BYTES, type Field, fieldElements } from "@tributary/data";
import { encodeProgram } from "@tributary/program";
import {
  WATCH_ACTIVATION_BYTES_MAX,
  WATCH_CLASS_NAME_LENGTH_MAX,
  WATCH_CLASS_NAMES_MAX,
  WATCH_LAYERS_MAX,
  WATCH_REQUEST_BYTES_MAX,
  WATCH_TEST_SAMPLES_MAX,
  type WatchedRun,
} from "@tributary/protocol";
import { stepsPerEpoch, type TracedRun, totalSteps } from "@tributary/training";
import type { InspectionSetup } from "../compute/compute-message.ts";
import { isWhole } from "../compute/test-samples.ts";
import { INSPECTED_BYTES_MAX } from "../limits.ts";

/** What identifies a started run beside the run itself. */
export interface StartedRun {
  readonly id: string;
  readonly joinUrl: string;
  readonly codecs: readonly string[];
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

/** Classes that a run's model tells apart: outputs [samples, classes], and one whole number as target; null for any other. */
export function classesOf({ programs, data }: TracedRun): number | null {
  const shape = programs.predict.outputs[0]?.shape ?? [];
  const targets = data.manifest.fields.find(({ name }) => name === "targets");
  const [, classes = 1] = shape;
  return shape.length === 2 && classes > 1 && targets !== undefined && isWhole(targets) ? classes : null;
}

/** Names of these classes; null where the data has none, or not one for each class. */
function classNamesOf(run: TracedRun): readonly string[] | null {
  const { classNames } = run;
  if (classNames === undefined || classNames.length !== classesOf(run) || classNames.length > WATCH_CLASS_NAMES_MAX) {
    return null;
  }
  return classNames.map((name) => name.slice(0, WATCH_CLASS_NAME_LENGTH_MAX));
}

/** Bytes of one sample's inputs. */
export function inputBytesOf(fields: readonly Field[]): number {
  const inputs = fields.find(({ name }) => name === "inputs");
  return inputs === undefined ? 0 : fieldElements(inputs) * FIELD_DTYPE_BYTES[inputs.dtype];
}

/** What of a run does not change, for its watchers. */
export function watchedRun(run: TracedRun, { id, joinUrl, codecs, startedAt }: StartedRun): WatchedRun {
  const { recipe, layout, data } = run;
  const { train, test } = data.manifest.splits;
  const count = (trainableOnly: boolean) =>
    layout.parameters.reduce((sum, { length, trainable }) => (trainable || !trainableOnly ? sum + length : sum), 0);
  // A sample in base64 has 4 characters for 3 bytes; the rest of the message needs a few.
  const fits = inputBytesOf(data.manifest.fields) * (4 / 3) < WATCH_REQUEST_BYTES_MAX - 1_024;
  return {
    id,
    name: run.name,
    mode: "sync",
    parameters: count(false),
    trainableParameters: count(true),
    layers: run.layers.slice(0, WATCH_LAYERS_MAX),
    batchSize: recipe.batchSize,
    microbatch: recipe.microbatch,
    epochs: recipe.epochs,
    stepsPerEpoch: stepsPerEpoch(recipe, data.manifest),
    totalSteps: totalSteps(recipe, data.manifest),
    trainSamples: train.samples,
    testSamples: test.samples,
    seed: recipe.seed,
    codecs,
    metrics: metricsOf(run),
    fields: data.manifest.fields.map(({ name, dtype, shape }) => ({ name, dtype, shape })),
    classes: classesOf(run),
    classNames: classNamesOf(run),
    joinUrl,
    features: { predict: fits, activations: fits || test.samples > 0, samples: test.samples > 0 },
    startedAt,
  };
}

/** Names of the metrics that are numbers. */
export function metricsOf({ sums }: TracedRun): string[] {
  return Object.entries(sums.forms).flatMap(([name, form]) => (form.kind === "counts" ? [] : [name]));
}

/** What a compute thread needs to look inside a run's model: programs, and the first of its test data. */
export function inspectionOf(run: TracedRun): InspectionSetup {
  const { manifest, shards: bytesByHash } = run.data;
  const shards: { entry: InspectionSetup["shards"][number]["entry"]; bytes: Uint8Array }[] = [];
  let samples = 0;
  let byteLength = 0;
  for (const entry of manifest.splits.test.shards) {
    const bytes = bytesByHash.get(entry.sha256);
    byteLength += entry.byteLength;
    const full = samples >= WATCH_TEST_SAMPLES_MAX || (samples > 0 && byteLength > INSPECTED_BYTES_MAX);
    if (bytes === undefined || full) break;
    samples += entry.samples;
    shards.push({ entry, bytes });
  }
  return {
    predict: encodeProgram(run.programs.predict),
    activations: encodeProgram(run.inspection.activations),
    fields: manifest.fields,
    shards,
    samples: Math.min(samples, WATCH_TEST_SAMPLES_MAX),
    classes: classesOf(run),
    activationBytesMax: WATCH_ACTIVATION_BYTES_MAX,
  };
}
