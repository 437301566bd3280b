import { type MetricForms, metricSumNames, type RunSums } from "@tributary/program";

/** Where everything lies in S, the flat float32 vector of sums that add over microbatches and workers. */
export interface SumsLayout {
  /** Floats of the gradient part, which comes first; 0 in the sums of an evaluation. */
  readonly gradientLength: number;
  /** Names of the sums behind the gradient, in order; each is one float. */
  readonly names: readonly string[];
  /** How the sums of each metric are finished, by the metric's name; its sums are named by metricSumNames. */
  readonly forms: MetricForms;
  /** Floats of the whole vector. */
  readonly length: number;
}

/** The sums that every run has, before those of its metrics: sum of the weighted losses, what their mean divides by, samples. */
export const COMMON_SUMS = ["loss", "weight", "samples"] as const;

/** Lays out S for a gradient of `gradientLength` floats and these metrics. */
export function createSumsLayout(gradientLength: number, forms: MetricForms): SumsLayout {
  const names = [...COMMON_SUMS, ...Object.entries(forms).flatMap(([name, form]) => metricSumNames(name, form))];
  return { gradientLength, names, forms, length: gradientLength + names.length };
}

/** Reads the sums behind the gradient. @param tail the `names.length` floats of S after the gradient, in order */
export function readSums(layout: SumsLayout, tail: ArrayLike<number>): RunSums {
  const at = (index: number) => tail[index] ?? 0;
  const metrics = Object.fromEntries(
    layout.names.slice(COMMON_SUMS.length).map((name, index) => [name, at(COMMON_SUMS.length + index)]),
  );
  return { loss: at(0), weight: at(1), samples: at(2), metrics, forms: layout.forms };
}
