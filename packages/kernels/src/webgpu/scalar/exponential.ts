import { INFINITY, IS_NAN, NAN, NEGATIVE_INFINITY, ORDER } from "./float-bits.ts";
import { float, polynomial, type Routine } from "./routine.ts";

/** ln 2 in two parts, the first with so few bits that a product with an exponent is exact (Cody and Waite, 1980). */
const LN2_HIGH = 0.693359375;
const LN2_LOW = -2.1219444e-4;

/** exp(r) = 1 + r + r^2 p(r) for |r| <= ln(2) / 2. Source: Cephes 2.2, expf.c. */
const EXP_POLYNOMIAL = [
  1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1,
];

/** e^r 2^n for |r| <= ln(2) / 2 and a whole n for which the result is a normal number. */
export const SCALED_EXPONENTIAL: Routine = {
  name: "exp_scaled",
  text: `fn exp_scaled(r: f32, n: f32) -> f32 {
  let p = ${polynomial("r", EXP_POLYNOMIAL)};
  let value = fma(p, r * r, r) + 1.0f;
  return bitcast<f32>(bitcast<u32>(value) + (bitcast<u32>(i32(n)) << 23u));
}`,
};

/** Bits of 88.72283, the largest float32 whose exponential is one too, and of 87.33654: beyond -87.33654 exp is no normal float32 and made 0. */
const EXP_MAX_BITS = "0x42b17217";
const EXP_MIN_BITS = "0x42aeac4f";

/** e^x, about 1 unit in the last place, and 0 where that would be subnormal. */
export const EXPONENTIAL: Routine = {
  name: "exp_f32",
  needs: [IS_NAN, ORDER, SCALED_EXPONENTIAL],
  text: `fn exp_f32(x: f32) -> f32 {
  let key = order_f32(x);
  let y = clamp(x, -87.4f, 88.73f);
  let n = floor(fma(y, ${float(Math.LOG2E)}, 0.5f));
  let r = fma(n, ${float(-LN2_LOW)}, fma(n, ${float(-LN2_HIGH)}, y));
  let inside = select(exp_scaled(r, n), 0.0f, key < -${EXP_MIN_BITS});
  let result = select(inside, ${INFINITY}, key > ${EXP_MAX_BITS});
  return select(result, x, nan_f32(x));
}`,
};

/** log(1 + m) = m - m^2 / 2 + m^3 p(m) for 1 + m in sqrt(1/2) ... sqrt(2). Source: Cephes 2.2, logf.c. */
const LOG_POLYNOMIAL = [
  7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
  2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
];

/** Natural logarithm, about 1 unit in the last place, of subnormal numbers too. */
export const LOGARITHM: Routine = {
  name: "log_f32",
  needs: [IS_NAN],
  text: `fn log_f32(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  let tiny = bits < 0x00800000u;
  let normal = select(bits, bitcast<u32>(f32(bits)), tiny);
  let from_root = normal - 0x3f3504f3u;
  let e = f32((bitcast<i32>(from_root) >> 23u) - select(0, 149, tiny));
  let m = bitcast<f32>((from_root & 0x007fffffu) + 0x3f3504f3u) - 1.0f;
  let square = m * m;
  let p = ${polynomial("m", LOG_POLYNOMIAL)};
  let low = fma(square, -0.5f, fma(e, ${float(LN2_LOW)}, p * m * square));
  let finite = fma(e, ${float(LN2_HIGH)}, m + low);
  let positive = select(finite, x, nan_f32(x) || bits == 0x7f800000u);
  let zero = select(positive, ${NEGATIVE_INFINITY}, (bits & 0x7fffffffu) == 0u);
  return select(zero, ${NAN}, bits > 0x80000000u);
}`,
};
