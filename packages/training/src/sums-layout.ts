import { type MetricForms, metricSumNames, type RunSums } from "@tributary/program";

/**
 * Where everything lies in S, the flat float32 vector of sums that add over microbatches and workers: the gradient, the
 * statistics of layers, then the named sums.
 */
export interface SumsLayout {
  /** Floats of the gradient part, which comes first; 0 in the sums of an evaluation. */
  readonly gradientLength: number;
  /** Floats of the statistics behind the gradient, which travel with it; 0 in the sums of an evaluation. */
  readonly statisticsLength: number;
  /** Names of the sums behind those, in order; each is one float. */
  readonly names: readonly string[];
  /** How the sums of each metric are finished, by the metric's name; its sums are named by metricSumNames. */
  readonly forms: MetricForms;
  /** Floats of the whole vector. */
  readonly length: number;
}

/** The sums that every run has, before those of its metrics: sum of the weighted losses, what their mean divides by, samples. */
export const COMMON_SUMS = ["loss", "weight", "samples"] as const;

/** What S is laid out for. */
export interface SumsParts {
  /** Default 0. */
  readonly gradientLength?: number;
  /** Default 0. */
  readonly statisticsLength?: number;
  /** Of the run's metrics. */
  readonly forms: MetricForms;
}

/** Lays out S. */
export function createSumsLayout({ gradientLength = 0, statisticsLength = 0, forms }: SumsParts): SumsLayout {
  const names = [...COMMON_SUMS, ...Object.entries(forms).flatMap(([name, form]) => metricSumNames(name, form))];
  return { gradientLength, statisticsLength, names, forms, length: gradientLength + statisticsLength + names.length };
}

/** Place of the first named sum in S. */
export function namedSumsOffset({ gradientLength, statisticsLength }: SumsLayout): number {
  return gradientLength + statisticsLength;
}

/** Reads the named sums. @param tail the last `names.length` floats of S, in order */
export function readSums(layout: SumsLayout, tail: ArrayLike<number>): RunSums {
  const at = (index: number) => tail[index] ?? 0;
  const metrics = Object.fromEntries(
    layout.names.slice(COMMON_SUMS.length).map((name, index) => [name, at(COMMON_SUMS.length + index)]),
  );
  return { loss: at(0), weight: at(1), samples: at(2), metrics, forms: layout.forms };
}
