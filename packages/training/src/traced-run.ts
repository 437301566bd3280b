import type { Manifest, PackedDataset } from "@tributary/data";
import type { ParameterLayout, Program } from "@tributary/program";
import type { LayerSummary } from "./layer-summary.ts";
import type { SumsLayout } from "./sums-layout.ts";

/** The programs of a run; inputs and outputs are those of the table in ARCHITECTURE.md. */
export interface RunPrograms {
  readonly initialize: Program;
  readonly gradient: Program;
  readonly measure: Program;
  readonly update: Program;
  /** gradient, measure and update in one, for batches of one microbatch. */
  readonly localStep: Program;
  readonly evaluate: Program;
  readonly predict: Program;
}

/** The worker's programs for microbatches of another size: the same sums over the same samples, up to rounding. */
export interface RunVariant {
  /** Samples of a microbatch: M divided by a whole number. */
  readonly microbatch: number;
  readonly gradient: Program;
  readonly evaluate: Program;
}

/** The programs that look inside a model; workers never see them. */
export interface InspectionPrograms {
  /** What every layer makes of the inputs. */
  readonly activations: Program;
  /** Gradient of an output by the inputs; null where the model is no classifier of samples that can be changed a little. */
  readonly saliency: Program | null;
}

/** What of a run decides how it goes, beside its programs and data. */
export interface RunRecipe {
  /** Samples of one step over all workers. */
  readonly batchSize: number;
  /** Samples that one run of `gradient` or `evaluate` takes, M. */
  readonly microbatch: number;
  readonly epochs: number;
  /** Null: the epochs decide. */
  readonly steps: number | null;
  readonly seed: number;
}

/** A run as data: nothing of the user's code is left in it. */
export interface TracedRun {
  readonly name: string;
  readonly recipe: RunRecipe;
  readonly programs: RunPrograms;
  /** For devices with too little memory, larger ones first; none where the model couples the samples of a microbatch. */
  readonly variants: readonly RunVariant[];
  readonly inspection: InspectionPrograms;
  /** What the model is made of, for people. */
  readonly layers: readonly LayerSummary[];
  readonly layout: ParameterLayout;
  /** Floats of the optimizer's state. */
  readonly stateLength: number;
  /** S: what `gradient` adds to. */
  readonly sums: SumsLayout;
  /** E: what `evaluate` adds to; the same without the gradient. */
  readonly evaluationSums: SumsLayout;
  /** The dataset in shards; indices of samples are those of this packing. */
  readonly data: PackedDataset;
  /** Names of the classes 0, 1, and so on, for people, where the dataset has some. */
  readonly classNames?: readonly string[];
}

/** Steps of one epoch: the last one takes what is left. */
export function stepsPerEpoch(recipe: RunRecipe, manifest: Manifest): number {
  return Math.ceil(manifest.splits.train.samples / recipe.batchSize);
}

/** Steps of the whole run. */
export function totalSteps(recipe: RunRecipe, manifest: Manifest): number {
  const all = stepsPerEpoch(recipe, manifest) * recipe.epochs;
  return recipe.steps === null ? all : Math.min(all, recipe.steps);
}

/** A seed as the programs take it: its low 32 bits, then the rest. */
export function seedWords(seed: number): Uint32Array {
  return Uint32Array.of(seed % 2 ** 32, Math.floor(seed / 2 ** 32));
}
