import { checkIndices, type Field, packDataset } from "@tributary/data";
import { describeModel, Module, metricForms } from "@tributary/nn";
import { createLayout, type ParameterLayout } from "@tributary/program";
import { TrainingError } from "./errors.ts";
import { type InspectionSource, traceActivations, traceSaliency } from "./inspection-programs.ts";
import { summarizeLayers } from "./layer-summary.ts";
import { ModelPrograms, type ModelSource } from "./model-programs.ts";
import { MICROBATCH_DEFAULT_MAX, type Run } from "./run.ts";
import { createSumsLayout } from "./sums-layout.ts";
import type { InspectionPrograms, RunVariant, TracedRun } from "./traced-run.ts";
import { stateLengthOf, UpdatePrograms } from "./update-programs.ts";

/** A microbatch is also offered in so many parts, where they are whole. */
const PARTS_OFFERED = [2, 4];

/** The field that the model takes, and the one that the loss compares its outputs with. */
const REQUIRED_FIELDS = ["inputs", "targets"];

/**
 * Makes data of a run: loads and packs its dataset, calls its model once, and traces every program.
 * @throws TrainingError RUN_SHAPE, RUN_INVALID; DataError LABEL_OUT_OF_RANGE; what model, loss and data throw when they do not fit each other
 */
export async function traceRun(run: Run): Promise<TracedRun> {
  const dataset = await run.data.load();
  requireFields(dataset.fields);
  requireSamples(dataset.train.samples, run);
  const model = modelOf(run);
  const description = describeModel(model);
  const layout = createLayout(description);
  requireTrainable(layout);
  const { batchSize, microbatch, epochs, steps, seed, optimizer } = run;
  const forms = metricForms(run.metrics);
  const statisticsLength = description.statistics.reduce((sum, { length }) => sum + length, 0);
  const sums = createSumsLayout({ gradientLength: layout.trainableLength, statisticsLength, forms });
  const evaluationSums = createSumsLayout({ forms });
  const length = { batchSize, samplesPerEpoch: dataset.train.samples, totalSamples: dataset.train.samples * epochs };
  const updates = new UpdatePrograms({ optimizer, model, layout, sums, length });
  const source = { run, model, layout, sums, evaluationSums, fields: dataset.fields, updates };
  const programs = new ModelPrograms(source);
  const traced = {
    initialize: programs.initialize(),
    gradient: programs.gradient(),
    measure: updates.measure(),
    update: updates.update(),
    localStep: programs.localStep(),
    evaluate: programs.evaluate(),
    predict: programs.predict(),
  };
  for (const rule of programs.indexRules) checkIndices(dataset, rule);
  const inspection = inspectionOf({ model, layout, fields: dataset.fields, microbatch });
  return {
    name: run.name,
    recipe: { batchSize, microbatch, epochs, steps, seed },
    programs: traced,
    variants: variantsOf(source),
    inspection,
    layers: summarizeLayers(model, layout, inspection.activations),
    layout,
    stateLength: stateLengthOf(optimizer, layout),
    sums,
    evaluationSums,
    data: packDataset(dataset),
    ...(dataset.classNames === undefined ? {} : { classNames: dataset.classNames }),
  };
}

/** What couples samples has statistics, and is defined over a whole microbatch: there are no parts of it. */
function variantsOf(source: ModelSource): readonly RunVariant[] {
  const { run, sums } = source;
  if (sums.statisticsLength > 0) return [];
  return PARTS_OFFERED.filter((parts) => run.microbatch % parts === 0).map((parts) => {
    const microbatch = run.microbatch / parts;
    const programs = new ModelPrograms({ ...source, run: { ...run, microbatch } });
    return { microbatch, gradient: programs.gradient(), evaluate: programs.evaluate() };
  });
}

function inspectionOf(source: InspectionSource): InspectionPrograms {
  const activations = traceActivations(source);
  try {
    return { activations, saliency: traceSaliency(source) };
  } catch (error) {
    if (error instanceof TrainingError && error.code === "RUN_SHAPE") return { activations, saliency: null };
    throw error;
  }
}

function modelOf(run: Run): Module {
  const model: unknown = run.model();
  if (model instanceof Module) return model;
  const given = model instanceof Promise ? "a promise" : model === undefined ? "nothing" : `a ${typeof model}`;
  throw new TrainingError(
    "RUN_INVALID",
    `The function model gives ${given}: return a Module, as in model: () => new Sequential(...)`,
  );
}

function requireSamples(samples: number, { microbatch, data }: Run): void {
  if (samples === 0) {
    throw new TrainingError("RUN_INVALID", `The data (${data.name}) has no training samples: give at least one`);
  }
  // A small one is padded; one that nobody chose by chance would compute mostly padding.
  if (microbatch > Math.max(samples, MICROBATCH_DEFAULT_MAX)) {
    throw new TrainingError(
      "RUN_INVALID",
      `microbatch is ${microbatch}, but the data (${data.name}) has ${samples} training samples: use at most ${samples}, or leave it out`,
    );
  }
}

function requireFields(fields: readonly Field[]): void {
  const names = fields.map(({ name }) => name);
  const missing = REQUIRED_FIELDS.filter((name) => !names.includes(name));
  if (missing.length === 0) return;
  throw new TrainingError(
    "RUN_SHAPE",
    `The data has the fields ${names.join(", ") || "(none)"}, but not ${missing.join(" and ")}: name what the model takes inputs, and what the loss compares with targets`,
  );
}

function requireTrainable(layout: ParameterLayout): void {
  if (layout.trainableLength > 0) return;
  throw new TrainingError(
    "RUN_INVALID",
    "The model has no trainable parameter: add a layer that has some, or unfreeze one",
  );
}
