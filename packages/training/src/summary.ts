import { programCost } from "@tributary/program";
import { TrainingError } from "./errors.ts";
import type { LayerSummary } from "./layer-summary.ts";
import type { Run } from "./run.ts";
import { traceRun } from "./trace-run.ts";

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
  const { layout, layers, recipe } = traced;
  const gradient = programCost(traced.programs.gradient);
  const microbatches = Math.ceil(recipe.batchSize / recipe.microbatch);
  const count = (trainableOnly: boolean) =>
    layout.parameters.reduce((sum, { length, trainable }) => (trainable || !trainableOnly ? sum + length : sum), 0);
  return {
    layers,
    parameters: count(false),
    trainableParameters: count(true),
    flopsPerStep: gradient.flops * microbatches,
    bytesPerMicrobatch: gradient.bytes,
    bytesPerSync: 4 * (layout.trainableLength + layout.parameterLength + layout.bufferLength),
  };
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
