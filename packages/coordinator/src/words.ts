import type { SampleRange } from "./sample-range.ts";

/** Names said in one sentence before the rest is counted. */
const NAMES_MAX = 3;

/** "sample 3", or "samples 3 to 5". */
export function samplesInWords({ start, end }: SampleRange): string {
  return end - start === 1 ? `sample ${start}` : `samples ${start} to ${end - 1}`;
}

/** The first names, and how many more there are. */
export function namesInWords(names: readonly string[]): string {
  const rest = names.length - NAMES_MAX;
  const shown = names.slice(0, NAMES_MAX).join(", ");
  return rest > 0 ? `${shown} and ${rest} more` : shown;
}
