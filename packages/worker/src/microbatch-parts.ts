import type { RunSetup } from "./computation.ts";

/** Numbers of parts of a microbatch that the run has programs for, ascending. */
export function partsOf({ microbatch, variants }: RunSetup): readonly number[] {
  return variants
    .filter((variant) => variant.microbatch < microbatch && microbatch % variant.microbatch === 0)
    .map((variant) => microbatch / variant.microbatch)
    .sort((a, b) => a - b);
}

/** The setup with the programs for so many parts; with its own for 1, and for a number that there are none for. */
export function setupInParts(setup: RunSetup, parts: number): RunSetup {
  const variant = setup.variants.find(({ microbatch }) => microbatch * parts === setup.microbatch);
  return parts === 1 || variant === undefined
    ? { ...setup, parts: 1 }
    : { ...setup, programs: variant.programs, parts };
}
