/** From here on the continued fraction converges in few terms; below it the series does. */
const SERIES_BELOW = 3;
/** erfc(6) is 2e-17, below half the spacing of float64 numbers at 1. */
const ONE_FROM = 6;
/** Enough terms for a relative error below 1e-16 where each is used. */
const SERIES_TERMS = 100;
const FRACTION_TERMS = 60;

/**
 * The error function, 2 / sqrt(pi) times the integral of exp(-t ** 2) from 0 to x, to about 1e-15 relative.
 * Source: Abramowitz and Stegun, Handbook of Mathematical Functions (1964), 7.1.6 and 7.1.14.
 */
export function erf(x: number): number {
  if (Number.isNaN(x)) return x;
  const magnitude = Math.abs(x);
  if (magnitude >= ONE_FROM) return Math.sign(x);
  return magnitude < SERIES_BELOW ? series(x) : Math.sign(x) * (1 - complement(magnitude));
}

/** 7.1.6: all terms have one sign, so nothing cancels, unlike in the alternating series 7.1.5. */
function series(x: number): number {
  let term = x;
  let total = x;
  for (let n = 1; n < SERIES_TERMS; n += 1) {
    term *= (2 * x * x) / (2 * n + 1);
    total += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * total;
}

/** 7.1.14: sqrt(pi) exp(x ** 2) erfc(x) = 1 / (x + (1/2) / (x + 1 / (x + (3/2) / (x + 2 / (x + ...))))), from the inside out. */
function complement(x: number): number {
  let denominator = x;
  for (let k = FRACTION_TERMS; k >= 1; k -= 1) denominator = x + k / 2 / denominator;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / denominator;
}
