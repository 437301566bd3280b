import type { VectorCode, Vectors } from "../vector-code.ts";

/** exp of more than this is infinite in float32. */
const EXP_MAX = 89;

/** exp of less than this is no normal float32. It is made 0: processors take a hundred times as long for subnormal numbers. */
const EXP_MIN = -87.33654;

/** ln 2 in two parts, the first with so few bits that a product with an exponent is exact (Cody and Waite, 1980). */
const LN2_HIGH = 0.693359375;
const LN2_LOW = -2.1219444e-4;

/** exp(r) = 1 + r + r^2 p(r) for |r| <= ln(2) / 2. Source: Cephes 2.2, expf.c. */
const EXP_POLYNOMIAL = [
  1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1,
];

/** e^x, about 1 unit in the last place, and 0 where that would be subnormal; NaN stays NaN. */
export function exponential(v: VectorCode, x: Vectors): Vectors {
  const clamped = v.op("f32x4.min", v.op("f32x4.max", x, v.float(EXP_MIN)), v.float(EXP_MAX));
  const n = v.op("f32x4.nearest", v.mul(clamped, v.float(Math.LOG2E)));
  const r = v.subtractProduct(n, v.float(LN2_LOW), v.subtractProduct(n, v.float(LN2_HIGH), clamped));
  const p = v.polynomial(r, EXP_POLYNOMIAL);
  const value = v.add(v.multiplyAdd(p, v.mul(r, r), r), v.float(1));
  const power = scaleByPowerOfTwo(v, value, v.op("i32x4.trunc_sat_f32x4_s", n));
  return v.op("v128.andnot", power, v.op("f32x4.lt", x, v.float(EXP_MIN)));
}

/** value * 2^n for -126 <= n <= 129, in two factors because 2^n itself may not be a float32. */
function scaleByPowerOfTwo(v: VectorCode, value: Vectors, n: Vectors): Vectors {
  const half = v.shift("i32x4.shr_s", n, 1);
  const rest = v.op("i32x4.sub", n, half);
  const power = (exponent: Vectors): Vectors => v.shift("i32x4.shl", v.op("i32x4.add", exponent, v.bits(127)), 23);
  return v.mul(v.mul(value, power(half)), power(rest));
}

const SQRT_HALF = Math.SQRT1_2;
const SMALLEST_NORMAL = 2 ** -126;

/** log(1 + m) = m - m^2 / 2 + m^3 p(m) for 1 + m in sqrt(1/2) ... sqrt(2). Source: Cephes 2.2, logf.c. */
const LOG_POLYNOMIAL = [
  7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
  2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
];

/** Natural logarithm, about 1 unit in the last place; -infinity at 0, NaN below. */
export function logarithm(v: VectorCode, x: Vectors): Vectors {
  const subnormal = v.op("f32x4.lt", x, v.float(SMALLEST_NORMAL));
  const scaled = v.select(subnormal, v.mul(x, v.float(2 ** 23)), x);
  const bits = v.op("i32x4.sub", scaled, v.float(SQRT_HALF));
  const exponent = v.op("i32x4.sub", v.shift("i32x4.shr_s", bits, 23), v.op("v128.and", subnormal, v.bits(23)));
  const e = v.op("f32x4.convert_i32x4_s", exponent);
  // The mantissa in sqrt(1/2) ... sqrt(2), less 1.
  const mantissa = v.op("i32x4.add", v.op("v128.and", bits, v.bits(0x007fffff)), v.float(SQRT_HALF));
  const m = v.sub(mantissa, v.float(1));
  const square = v.mul(m, m);
  const tail = v.multiplyAdd(e, v.float(LN2_LOW), v.mul(v.mul(v.polynomial(m, LOG_POLYNOMIAL), m), square));
  const low = v.subtractProduct(square, v.float(0.5), tail);
  const finite = v.multiplyAdd(e, v.float(LN2_HIGH), v.add(m, low));
  return logarithmEdges(v, x, finite);
}

function logarithmEdges(v: VectorCode, x: Vectors, finite: Vectors): Vectors {
  const infinity = v.float(Number.POSITIVE_INFINITY);
  const large = v.select(v.op("f32x4.eq", x, infinity), infinity, finite);
  const zero = v.select(v.op("f32x4.eq", x, v.float(0)), v.float(Number.NEGATIVE_INFINITY), large);
  // Neither at least 0: negative, or NaN.
  return v.select(v.op("f32x4.ge", x, v.float(0)), zero, v.float(Number.NaN));
}
