import type { VectorCode, Vectors } from "../vector-code.ts";

const SIGN_BIT = 0x80000000;

/** The rational approximation of tanh holds up to here, and stays what it is there. */
const TANH_MAX = 7.905311107635498;
/** From here on 1 is the nearer: what the approximation stays at may be 2e-7 below, as much as 1 - tanh^2 must not show. */
const TANH_SATURATED = 8.5;

/**
 * tanh(x) = x p(x^2) / q(x^2), minimax on -TANH_MAX ... TANH_MAX.
 * Source: the float32 coefficients of Eigen 3.3, MathFunctionsImpl.h, generic_fast_tanh_float.
 */
const TANH_NUMERATOR = [
  -2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-8, 1.48572235717979e-5,
  6.37261928875436e-4, 4.89352455891786e-3,
];
const TANH_DENOMINATOR = [1.19825839466702e-6, 1.18534705686654e-4, 2.268434632439e-3, 4.89352518554385e-3];

/** Hyperbolic tangent, within 3 units in the last place. */
export function tangentHyperbolic(v: VectorCode, x: Vectors): Vectors {
  return saturated(v, x, TANH_SATURATED, oddRational(v, x, TANH_MAX, TANH_NUMERATOR, TANH_DENOMINATOR));
}

/** Beyond this erf rounds to 1 or -1. */
const ERF_MAX = 4;

/** erf(x) = x p(x^2) / q(x^2). Source: Eigen 3.3, unsupported/SpecialFunctionsImpl.h, float32. */
const ERF_NUMERATOR = [
  -2.72614225801306e-10, 2.77068142495902e-8, -2.10102402082508e-6, -5.69250639462346e-5, -7.34990630326855e-4,
  -2.95459980854025e-3, -1.60960333262415e-2,
];
const ERF_DENOMINATOR = [
  -1.45660718464996e-5, -2.13374055278905e-4, -1.68282697438203e-3, -7.37332916720468e-3, -1.42647390514189e-2,
];

/** The error function, within a few units in the last place. */
export function errorFunction(v: VectorCode, x: Vectors): Vectors {
  return saturated(v, x, ERF_MAX, oddRational(v, x, ERF_MAX, ERF_NUMERATOR, ERF_DENOMINATOR));
}

/** y where |x| is below the limit, else 1 with the sign of x. */
function saturated(v: VectorCode, x: Vectors, limit: number, y: Vectors): Vectors {
  const sign = v.op("v128.and", x, v.bits(SIGN_BIT));
  const end = v.op("v128.or", sign, v.float(1));
  return v.select(v.op("f32x4.ge", v.op("f32x4.abs", x), v.float(limit)), end, y);
}

function oddRational(
  v: VectorCode,
  x: Vectors,
  limit: number,
  numerator: readonly number[],
  denominator: readonly number[],
): Vectors {
  const clamped = v.op("f32x4.pmax", v.op("f32x4.pmin", x, v.float(limit)), v.float(-limit));
  const square = v.mul(clamped, clamped);
  const p = v.mul(v.polynomial(square, numerator), clamped);
  return v.op("f32x4.div", p, v.polynomial(square, denominator));
}
