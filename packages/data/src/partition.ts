import { DataError } from "./errors.ts";
import { deriveKey, keyOfSeed, permutation } from "./random.ts";

/** Which share of the samples is kept from training. */
export interface SplitShares {
  /** For choosing between models; 0 to 1. Default 0. */
  readonly validation?: number;
  /** For the final figure; 0 to 1. Default 0. */
  readonly test?: number;
}

/** Samples of each part, by index, ascending. */
export interface Partition {
  readonly train: readonly number[];
  readonly validation: readonly number[];
  readonly test: readonly number[];
}

const SPLIT_STREAM = 0x73706c74;

/**
 * How many samples each part gets: shares rounded to whole samples, the rest is for training.
 * @throws DataError SPLIT_INVALID, DATASET_EMPTY when nothing is left to train on
 */
export function partSizes(samples: number, shares: SplitShares): { train: number; validation: number; test: number } {
  const { validation = 0, test = 0 } = shares;
  if (!(validation >= 0) || !(test >= 0) || !(validation + test <= 1)) {
    throw new DataError(
      "SPLIT_INVALID",
      `The shares are ${validation} for validation and ${test} for test: use numbers from 0 to 1 that leave a rest`,
    );
  }
  const counts = { validation: Math.round(samples * validation), test: Math.round(samples * test) };
  const train = samples - counts.validation - counts.test;
  if (train < 1) {
    throw new DataError(
      "DATASET_EMPTY",
      `Of ${samples} samples, ${counts.validation} for validation and ${counts.test} for test leave none to train on: use smaller shares`,
    );
  }
  return { train, ...counts };
}

/** Cuts samples at random, by seed alone. @throws DataError SPLIT_INVALID, DATASET_EMPTY, NUMBER_INVALID */
export function partition(samples: number, shares: SplitShares, seed: number): Partition {
  const sizes = partSizes(samples, shares);
  const order = permutation(samples, deriveKey(keyOfSeed(seed), SPLIT_STREAM, 0));
  const part = (from: number, count: number) => [...order.subarray(from, from + count).toSorted()];
  return {
    test: part(0, sizes.test),
    validation: part(sizes.test, sizes.validation),
    train: part(sizes.test + sizes.validation, sizes.train),
  };
}
