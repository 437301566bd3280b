import { DIGIT_PIXELS } from "./digit-canvas.ts";
import { DigitWriter } from "./digit-writer.ts";
import { DataError } from "./errors.ts";
import { deriveKey, keyOfSeed, permutation } from "./random.ts";

/** Number of classes. */
export const DIGIT_CLASSES = 10;

const DIGITS_STREAM = 0x64696769;
const LABELS = 1;
const IMAGE = 2;

/** Which digits to generate. */
export interface DigitsRange {
  /** Seed of the dataset: whole, 0 to 2^53 - 1. */
  readonly seed: number;
  /** Streams are independent: training digits are stream 0, test digits stream 1. */
  readonly stream: number;
  /** Index of the first digit. */
  readonly first: number;
  readonly count: number;
}

/** Generated digits: images [count, 1, 28, 28] from 0 (paper) to 255, and classes [count]. */
export interface GeneratedDigits {
  readonly inputs: Uint8Array;
  readonly targets: Int32Array;
}

/**
 * Generates handwritten digits. Digit i is a function of seed, stream and i alone, bit for bit on every machine: nothing but
 * addition, multiplication, division and square root, which IEEE 754 rounds correctly, enters. Of the digits 10 k to
 * 10 k + 9 each class is one. So ranges may be generated apart, by several threads, and put together.
 * @throws DataError NUMBER_INVALID
 */
export function generateDigits(range: DigitsRange): GeneratedDigits {
  const { seed, stream, first, count } = range;
  if (!isIndex(first) || !isIndex(count) || !isIndex(first + count) || !isIndex(stream)) {
    throw new DataError(
      "NUMBER_INVALID",
      `Digits ${first} to ${first + count - 1} of stream ${stream} cannot be drawn: use whole numbers of at least 0 and below 2^32`,
    );
  }
  const key = deriveKey(keyOfSeed(seed), DIGITS_STREAM, stream);
  const writer = new DigitWriter();
  const inputs = new Uint8Array(count * DIGIT_PIXELS);
  const targets = new Int32Array(count);
  let block = -1;
  let labels: Uint32Array = new Uint32Array(0);
  for (let i = 0; i < count; i += 1) {
    const index = first + i;
    const group = Math.floor(index / DIGIT_CLASSES);
    if (group !== block) {
      block = group;
      labels = permutation(DIGIT_CLASSES, deriveKey(key, group, LABELS));
    }
    const label = labels[index % DIGIT_CLASSES] ?? 0;
    targets[i] = label;
    writer.writeInto(inputs, i * DIGIT_PIXELS, label, deriveKey(key, index, IMAGE));
  }
  return { inputs, targets };
}

function isIndex(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value < 2 ** 32;
}
