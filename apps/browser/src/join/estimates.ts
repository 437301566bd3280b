import type { DataField } from "./run-description.ts";

/** Bytes of a float32. */
const FLOAT_BYTES = 4;

/** Bytes of a thread with its compiled programs, before it holds anything of the run: some 30 MB. */
const THREAD_BYTES = 30e6;

/** Vectors as long as the parameters that a device holds: parameters, sums, a copy of each on the way, and what a layer makes. */
const VECTORS = 6;

/** What taking part costs a device, roughly. */
export interface Estimate {
  /** Bytes that come and go in a step. */
  readonly networkBytes: number;
  /** Bytes of memory, besides the training data that is kept. */
  readonly memoryBytes: number;
}

/** A rough estimate, of a run with so many parameters on so many threads of computing (1 on a GPU). */
export function estimate(parameters: number, threads: number): Estimate {
  return {
    // Parameters come, and a gradient of the same length goes, unless the run's codec makes it shorter.
    networkBytes: 2 * FLOAT_BYTES * parameters,
    memoryBytes: (1 + threads) * THREAD_BYTES + threads * VECTORS * FLOAT_BYTES * parameters,
  };
}

/** A number of bytes in words: two digits and a unit. */
export function bytesWords(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  const value = bytes / 1000 ** power;
  return `${value >= 10 || power === 0 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}

/** A count with separators, the same on every machine. */
export function countWords(count: number): string {
  return Math.round(count).toLocaleString("en");
}

/** What a sample is made of, in words. */
export function dataWords(fields: readonly DataField[]): string {
  if (fields.length === 0) return "samples of the run's training data";
  return fields.map(fieldWords).join(" and ");
}

function fieldWords({ name, dtype, shape }: DataField): string {
  const count = shape.reduce((product, length) => product * length, 1);
  if (dtype === "uint8" && isImage(shape)) return `small images (${shape.slice(-2).join(" × ")} pixels)`;
  return count === 1 ? `one number as ${name}` : `${countWords(count)} numbers as ${name}`;
}

/** [channels, height, width] or [height, width], with more than a line of points. */
function isImage(shape: readonly number[]): boolean {
  return (shape.length === 2 || shape.length === 3) && shape.slice(-2).every((length) => length > 4);
}
