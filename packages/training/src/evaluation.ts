import type { DatasetSplit, FieldSamples } from "@tributary/data";
import { type Backend, open } from "@tributary/kernels";
import { type CountTable, countEntries, elementCount, meansOf, type RunSums } from "@tributary/program";
import { TrainingError } from "./errors.ts";
import type { FlatModel } from "./model-tensors.ts";
import type { Run } from "./run.ts";
import { readSums } from "./sums-layout.ts";
import { traceRun } from "./trace-run.ts";
import type { TracedRun } from "./traced-run.ts";
import type { TrainedModel } from "./trained-model.ts";

/** Loss and metrics of a model over some samples. */
export interface Evaluation {
  /** Samples that were looked at. */
  readonly samples: number;
  /** Mean loss. */
  readonly loss: number;
  /** By the names that the run gives them. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Tables of metrics that count, such as a confusion matrix, by their names. */
  readonly counts: Readonly<Record<string, CountTable>>;
}

/** What is evaluated. */
export interface EvaluationSource {
  readonly traced: TracedRun;
  readonly flat: FlatModel;
  readonly backend: Backend | "auto";
}

/** Before a metric's name in the keys of events. */
const TEST_PREFIX = "test";

/**
 * Loss and metrics of a run over its test samples, under the parameters of a model: the run may have other data and metrics than the one that
 * the model was trained by, but must have the same layers.
 * @throws TrainingError MODEL_FILE_MISMATCH if the layers differ; RUN_SHAPE, RUN_INVALID as `fit` does
 */
export async function evaluate(
  run: Run,
  model: TrainedModel,
  options: { readonly backend?: Backend | "auto" } = {},
): Promise<Evaluation> {
  const traced = await traceRun(run);
  if (traced.layout.hash !== model.traced.layout.hash) {
    throw new TrainingError(
      "MODEL_FILE_MISMATCH",
      `The model of run ${model.traced.name} has other parameters than that of run ${run.name}: evaluate it with a run that has the same layers`,
    );
  }
  return evaluateSplit({ traced, flat: model.flat, backend: options.backend ?? "auto" }, run.data.test);
}

/**
 * Loss and metrics over the samples of one part of a dataset.
 * @throws TrainingError RUN_SHAPE if its samples are not what the model was traced for, RUN_INVALID if there are none
 */
export async function evaluateSplit(source: EvaluationSource, split: DatasetSplit): Promise<Evaluation> {
  const { traced, flat, backend } = source;
  const { samples } = await split.load();
  if (samples === 0) {
    throw new TrainingError("RUN_INVALID", "There are no samples to evaluate the model on: give a part that has some");
  }
  const { evaluate: program } = traced.programs;
  const { microbatch } = traced.recipe;
  const device = await open(backend);
  try {
    const executable = await device.compile(program);
    const buffers = new Map(
      program.inputs.map(({ name, dtype, shape }) => [name, device.allocate(dtype, elementCount(shape))]),
    );
    const write = async (name: string, data: FieldSamples["data"]) => {
      const buffer = buffers.get(name);
      if (buffer !== undefined) await device.write(buffer, data);
    };
    await write("parameters", flat.parameters);
    await write("buffers", flat.buffers);
    await write("sums", new Float32Array(traced.evaluationSums.length));
    for (let first = 0; first < samples; first += microbatch) {
      const count = Math.min(microbatch, samples - first);
      const fields = await split.take(count, first);
      checkFields(traced, fields);
      for (const [name, { data }] of Object.entries(fields)) await write(name, data);
      await write("weights", new Float32Array(microbatch).fill(1, 0, count));
      await executable.run(Object.fromEntries(buffers));
    }
    const sums = buffers.get("sums");
    const values = sums === undefined ? [] : await device.read(sums);
    return evaluationOf(readSums(traced.evaluationSums, values));
  } finally {
    device.dispose();
  }
}

function checkFields(traced: TracedRun, given: Readonly<Record<string, FieldSamples>>): void {
  for (const { name, dtype, shape } of traced.data.manifest.fields) {
    const field = given[name];
    if (field !== undefined && field.dtype === dtype && field.shape.slice(1).join() === shape.join()) continue;
    const found = field === undefined ? "no such field" : `${field.dtype} [${field.shape.slice(1)}]`;
    throw new TrainingError(
      "RUN_SHAPE",
      `The model was traced for ${name} as ${dtype} [${shape}], but the samples have ${found}: give samples of the same form`,
    );
  }
}

function evaluationOf(sums: RunSums): Evaluation {
  const { [`${TEST_PREFIX}Loss`]: loss, ...metrics } = meansOf(TEST_PREFIX, sums);
  return {
    samples: sums.samples,
    loss: loss ?? Number.NaN,
    metrics: withoutPrefix(metrics),
    counts: withoutPrefix(countEntries(null, sums).counts ?? {}),
  };
}

/** "testTopFive" becomes "topFive": names of metrics begin with a small letter. */
function withoutPrefix<Value>(byKey: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(byKey).map(([key, value]) => {
      const name = key.slice(TEST_PREFIX.length);
      return [`${name.charAt(0).toLowerCase()}${name.slice(1)}`, value];
    }),
  );
}
