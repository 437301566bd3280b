import type { VectorCode, Vectors } from "../vector-code.ts";

/** The largest float32 whose exponential is one too. */
const EXP_MAX = 88.72283172607422;

/** exp of less than this is no normal float32. It is made 0: processors take a hundred times as long for subnormal numbers. */
const EXP_MIN = -87.33654;

/** Added to a number below 2^22 this rounds it to a whole one, which is then in the lowest bits of the sum. */
const ROUNDER = 1.5 * 2 ** 23;

/** ln 2 in two parts, the first with so few bits that a product with an exponent is exact (Cody and Waite, 1980). */
const LN2_HIGH = 0.693359375;
const LN2_LOW = -2.1219444e-4;

/** exp(r) = 1 + r + r^2 p(r) for |r| <= ln(2) / 2. Source: Cephes 2.2, expf.c. */
const EXP_POLYNOMIAL = [
  1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1,
];

/**
 * e^x, about 1 unit in the last place, and 0 where that would be subnormal; NaN stays NaN. What is computed beyond both ends
 * means nothing and is replaced. Every instruction is one that V8 makes twice as wide.
 */
export function exponential(v: VectorCode, x: Vectors): Vectors {
  const rounded = v.multiplyAdd(x, v.float(Math.LOG2E), v.float(ROUNDER));
  const n = v.sub(rounded, v.float(ROUNDER));
  const r = v.subtractProduct(n, v.float(LN2_LOW), v.subtractProduct(n, v.float(LN2_HIGH), x));
  const p = v.polynomial(r, EXP_POLYNOMIAL);
  const value = v.add(v.multiplyAdd(p, v.mul(r, r), r), v.float(1));
  // Times 2^n: the bits of `rounded` above the lowest nine, which hold n, are shifted out.
  const scaled = v.op("i32x4.add", value, v.shift("i32x4.shl", rounded, 23));
  const beyond = v.add(x, v.float(Number.POSITIVE_INFINITY));
  const large = v.select(v.op("f32x4.le", x, v.float(EXP_MAX)), scaled, beyond);
  return v.op("v128.andnot", large, v.op("f32x4.lt", x, v.float(EXP_MIN)));
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
