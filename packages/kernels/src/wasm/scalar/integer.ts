import type { VectorCode, Vectors } from "../vector-code.ts";

/** Bits of an exponent. */
const WORD_BITS = 32;

/** a / b truncated, 0 where b is 0. Exact: a float64 quotient of 32-bit integers never rounds up to the next integer. */
export function integerQuotient(v: VectorCode, a: Vectors, b: Vectors, signed: boolean): Vectors {
  const convert = signed ? "f64x2.convert_low_i32x4_s" : "f64x2.convert_low_i32x4_u";
  const truncate = signed ? "i32x4.trunc_sat_f64x2_s_zero" : "i32x4.trunc_sat_f64x2_u_zero";
  const half = (shuffle: (vectors: Vectors) => Vectors): Vectors =>
    v.op(truncate, v.op("f64x2.div", v.op(convert, shuffle(a)), v.op(convert, shuffle(b))));
  const low = half((vectors) => vectors);
  const high = half((vectors) =>
    v.make((vector) => v.code.get(vectors[vector]).get(vectors[vector]).shuffle32(2, 3, 2, 3)),
  );
  const quotient = v.make((vector) => v.code.get(low[vector]).get(high[vector]).shuffle32(0, 1, 4, 5));
  const defined = v.op("v128.andnot", quotient, v.op("i32x4.eq", b, v.bits(0)));
  if (!signed) return defined;
  // -2^31 / -1 wraps to -2^31, where the conversion would saturate.
  return v.select(v.op("i32x4.eq", b, v.bits(-1)), v.op("i32x4.neg", a), defined);
}

/** base^exponent, wrapping; a negative exponent gives 1 / base^-exponent truncated, and 0 for base 0. */
export function integerPower(v: VectorCode, base: Vectors, exponent: Vectors, signed: boolean): Vectors {
  let result = v.bits(1);
  let square = base;
  for (let bit = 0; bit < WORD_BITS; bit++) {
    const taken = v.op("i32x4.ne", v.op("v128.and", exponent, v.bits(1 << bit)), v.bits(0));
    result = v.select(taken, v.op("i32x4.mul", result, square), result);
    square = v.op("i32x4.mul", square, square);
  }
  if (!signed) return result;
  const minusOne = v.op("i32x4.eq", base, v.bits(-1));
  const unit = v.op("v128.or", v.op("i32x4.eq", base, v.bits(1)), minusOne);
  const odd = v.op("i32x4.ne", v.op("v128.and", exponent, v.bits(1)), v.bits(0));
  const sign = v.select(v.op("v128.and", odd, minusOne), v.bits(-1), v.bits(1));
  const inverse = v.op("v128.and", sign, unit);
  return v.select(v.op("i32x4.lt_s", exponent, v.bits(0)), inverse, result);
}
