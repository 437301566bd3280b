/** How far the sum of what may be probabilities already may be from 1. */
const SUM_TOLERANCE = 1e-3;

/**
 * Probabilities of classes from a model's outputs: as they are where they are probabilities already, otherwise their softmax, the
 * largest output subtracted first because exp overflows float32 above 88.7.
 */
export function classProbabilities(outputs: Float32Array): Float32Array {
  const sum = outputs.reduce((total, value) => total + value, 0);
  if (outputs.every((value) => value >= 0) && Math.abs(sum - 1) < SUM_TOLERANCE) return outputs.slice();
  const largest = outputs.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const powers = outputs.map((value) => Math.exp(value - largest));
  const total = powers.reduce((all, value) => all + value, 0);
  return powers.map((value) => value / total);
}

/** Index of the largest value; the first of equal ones. */
export function largestIndex(values: ArrayLike<number>): number {
  let best = 0;
  for (let index = 1; index < values.length; index += 1) {
    if ((values[index] ?? Number.NEGATIVE_INFINITY) > (values[best] ?? Number.NEGATIVE_INFINITY)) best = index;
  }
  return best;
}
