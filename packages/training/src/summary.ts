import { traceProgram } from "@tributary/autograd";
import { bindModel, describeModel } from "@tributary/nn";
import { createLayout, elementCount, programCost, type Shape } from "@tributary/program";
import { TrainingError } from "./errors.ts";
import { tensorsIn } from "./flat-vector.ts";
import { fieldInputs, modelInput } from "./model-input.ts";
import type { Run } from "./run.ts";
import { traceRun } from "./trace-run.ts";
import { floats, input } from "./update-programs.ts";

/** One layer of a model. */
export interface LayerSummary {
  /** Dotted path, as in the names of its parameters. */
  readonly path: string;
  /** Name of its class. */
  readonly kind: string;
  /** Shape of its output for one sample; null for one that did not run. */
  readonly outputShape: Shape | null;
  /** Numbers in its own parameters, layers inside it not counted. */
  readonly parameters: number;
}

/** What a run is, before it runs. */
export interface RunSummary {
  readonly layers: readonly LayerSummary[];
  readonly parameters: number;
  readonly trainableParameters: number;
  /** Floating-point operations of the gradient of one step. */
  readonly flopsPerStep: number;
  /** Most bytes that the gradient of one microbatch holds at once. */
  readonly bytesPerMicrobatch: number;
  /** Bytes that one worker sends and receives a step with float32: gradient up, parameters and buffers down. */
  readonly bytesPerSync: number;
}

/** Looks at a run without training it: layers, shapes, parameters and cost. @throws what tracing the run throws */
export async function summarize(run: Run): Promise<RunSummary> {
  const traced = await traceRun(run);
  const { layout, recipe, data } = traced;
  const gradient = programCost(traced.programs.gradient);
  const microbatches = Math.ceil(recipe.batchSize / recipe.microbatch);
  const count = (trainableOnly: boolean) =>
    layout.parameters.reduce((sum, { length, trainable }) => (trainable || !trainableOnly ? sum + length : sum), 0);
  return {
    layers: layersOf(run, data.manifest.fields),
    parameters: count(false),
    trainableParameters: count(true),
    flopsPerStep: gradient.flops * microbatches,
    bytesPerMicrobatch: gradient.bytes,
    bytesPerSync: 4 * (layout.trainableLength + layout.parameterLength + layout.bufferLength),
  };
}

function layersOf(run: Run, fields: Parameters<typeof fieldInputs>[0]): LayerSummary[] {
  const model = run.model();
  const layout = createLayout(describeModel(model));
  const shapes = new Map<string, Shape>();
  const inputs = {
    parameters: floats(layout.parameterLength),
    buffers: floats(layout.bufferLength),
    ...fieldInputs(
      fields.filter(({ name }) => name === "inputs"),
      1,
    ),
  };
  traceProgram({ name: "summary", inputs }, (given) => {
    const tensors = {
      ...tensorsIn(input(given, "parameters"), layout.parameters),
      ...tensorsIn(input(given, "buffers"), layout.buffers),
    };
    const binding = { tensors, training: false, capture: true };
    const { result, activations } = bindModel(model, binding, () => model.forward(modelInput(given)));
    for (const [path, output] of activations) shapes.set(path, output.shape.slice(1));
    return { outputs: result };
  });
  return model
    .namedModules()
    .filter(([path]) => path !== "")
    .map(([path, module]) => ({
      path,
      kind: module.constructor.name,
      outputShape: shapes.get(path) ?? null,
      parameters: layout.parameters
        .filter(({ name }) => name.slice(0, Math.max(0, name.lastIndexOf("."))) === path)
        .reduce((sum, { shape }) => sum + elementCount(shape), 0),
    }));
}

/** A summary as a table for people, as Keras prints it. */
export function showSummary(summary: RunSummary): string {
  const rows = [
    ["layer", "kind", "output", "parameters"],
    ...summary.layers.map(({ path, kind, outputShape, parameters }) => [
      path,
      kind,
      outputShape === null ? "-" : `[${outputShape.join(", ")}]`,
      parameters.toLocaleString("en"),
    ]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  const { parameters, trainableParameters, flopsPerStep, bytesPerMicrobatch, bytesPerSync } = summary;
  return [
    ...rows.map(line),
    `${parameters.toLocaleString("en")} parameters, ${trainableParameters.toLocaleString("en")} of them trainable`,
    `${(flopsPerStep / 1e6).toFixed(1)} MFLOP a step; ${(bytesPerMicrobatch / 2 ** 20).toFixed(1)} MiB at once; ${(bytesPerSync / 2 ** 20).toFixed(2)} MiB to and from each worker a step`,
  ].join("\n");
}

/** The layers of a run as a table. @throws TrainingError RUN_INVALID, RUN_SHAPE */
export async function summary(run: Run): Promise<string> {
  const summarized = await summarize(run);
  if (summarized.layers.length === 0 && summarized.parameters === 0) {
    throw new TrainingError("RUN_INVALID", "The model has no layers: give it some");
  }
  return showSummary(summarized);
}
