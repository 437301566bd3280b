import { type Tensor, uniform, where } from "@tributary/autograd";
import type { Shape } from "@tributary/program";

/** Where to cut, in the units of the numbers themselves. */
export interface TruncationOptions {
  readonly mean: number;
  readonly standardDeviation: number;
  readonly low: number;
  readonly high: number;
}

/** Coefficients for w < 5, highest power first, and for larger w. Source: Giles (2012), "Approximating the erfinv function", table 5. */
const CENTRAL = [
  2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 0.00021858087, -0.00125372503, -0.00417768164,
  0.246640727, 1.50140941,
];
const TAIL = [
  -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613, 0.00943887047,
  1.00167406, 2.83297682,
];

function polynomial(x: Tensor, coefficients: readonly number[]): Tensor {
  const [first = 0, ...rest] = coefficients;
  return rest.reduce((sum, coefficient) => sum.mul(x).add(coefficient), x.mul(0).add(first));
}

/** The number whose error function is x, for -1 < x < 1, with a relative error below 1e-6 or so. */
export function inverseErf(x: Tensor): Tensor {
  const w = x.neg().add(1).mul(x.add(1)).log().neg();
  const isCentral = w.lt(5);
  const central = polynomial(where(isCentral, w, 0).sub(2.5), CENTRAL);
  const tail = polynomial(where(isCentral, 9, w).sqrt().sub(3), TAIL);
  return where(isCentral, central, tail).mul(x);
}

/** The error function, as a number. Source: Abramowitz and Stegun (1964), 7.1.5 and 7.1.14. */
function erf(x: number): number {
  const size = Math.abs(x);
  if (size > 6) return Math.sign(x);
  if (size > 2.5) {
    // The continued fraction converges fast where the series would cancel.
    let fraction = size;
    for (let k = 60; k > 0; k -= 1) fraction = size + k / 2 / fraction;
    return Math.sign(x) * (1 - Math.exp(-size * size) / (fraction * Math.sqrt(Math.PI)));
  }
  let term = x;
  let sum = x;
  for (let k = 1; k < 100; k += 1) {
    term *= (-x * x) / k;
    sum += term / (2 * k + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

/**
 * Normal numbers that are all between low and high, by the inverse of their distribution, as PyTorch's trunc_normal_. They are
 * functions of the key, one word each.
 */
export function truncatedNormal(key: Tensor, shape: Shape, options: TruncationOptions): Tensor {
  const { mean, standardDeviation, low, high } = options;
  const at = (limit: number) => erf((limit - mean) / standardDeviation / Math.SQRT2);
  // 2 P - 1 for a probability P between those of the limits.
  const x = uniform(key, shape, at(low), at(high));
  // At +-1 itself the inverse is infinite; the nearest float32 below gives 5.4 deviations.
  const bounded = x.clamp({ min: -1 + 2 ** -24, max: 1 - 2 ** -24 });
  const numbers = inverseErf(bounded)
    .mul(standardDeviation * Math.SQRT2)
    .add(mean);
  return numbers.clamp({ min: low, max: high });
}
