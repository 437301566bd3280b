import { Dataset } from "./dataset.ts";
import { DIGIT_SIDE } from "./digit-canvas.ts";
import { generateDigits } from "./digits.ts";
import type { Field } from "./field.ts";
import type { Split } from "./split.ts";

/** How many generated digits, and which. */
export interface DigitsOptions {
  /** Training digits. Default 10,000. */
  readonly train?: number;
  /** Test digits; they do not depend on the number of training digits. Default 2,000. */
  readonly test?: number;
  /** Default 0. */
  readonly seed?: number;
}

/** The fields of the digits. */
export const DIGIT_FIELDS: readonly Field[] = [
  { name: "inputs", dtype: "uint8", shape: [1, DIGIT_SIDE, DIGIT_SIDE] },
  { name: "targets", dtype: "int32", shape: [] },
];

const TRAIN_STREAM = 0;
const TEST_STREAM = 1;

/**
 * Generated handwritten digits: fields `inputs` (uint8 [1, 28, 28], white on black) and `targets` (int32 [], 0 to 9). Nothing is
 * downloaded, and every machine draws the same.
 */
export function digits(options: DigitsOptions = {}): Dataset {
  const { train = 10_000, test = 2_000, seed = 0 } = options;
  const split = (stream: number, samples: number): Split => {
    const { inputs, targets } = generateDigits({ seed, stream, first: 0, count: samples });
    return { samples, columns: { inputs, targets } };
  };
  return new Dataset("digits", async () => ({
    fields: DIGIT_FIELDS,
    train: split(TRAIN_STREAM, train),
    test: split(TEST_STREAM, test),
  }));
}
