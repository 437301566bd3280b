import type { RunSums } from "@tributary/program";

/** Where everything lies in S, the flat float32 vector of sums that add over microbatches and workers. */
export interface SumsLayout {
  /** Floats of the gradient part, which comes first; 0 in the sums of an evaluation. */
  readonly gradientLength: number;
  /** Names of the sums behind the gradient, in order; each is one float. */
  readonly names: readonly string[];
  /** Floats of the whole vector. */
  readonly length: number;
}

/** The sums that every run has, before those of its metrics: sum of the weighted losses, what their mean divides by, samples. */
export const COMMON_SUMS = ["loss", "weight", "samples"] as const;

/** Lays out S for a gradient of `gradientLength` floats and these metrics. */
export function createSumsLayout(gradientLength: number, metrics: readonly string[]): SumsLayout {
  const names = [...COMMON_SUMS, ...metrics];
  return { gradientLength, names, length: gradientLength + names.length };
}

/** Reads the sums behind the gradient. @param tail the `names.length` floats of S after the gradient, in order */
export function readSums(layout: SumsLayout, tail: ArrayLike<number>): RunSums {
  const at = (index: number) => tail[index] ?? 0;
  const metrics = Object.fromEntries(
    layout.names.slice(COMMON_SUMS.length).map((name, index) => [name, at(COMMON_SUMS.length + index)]),
  );
  return { loss: at(0), weight: at(1), samples: at(2), metrics };
}
