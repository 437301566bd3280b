import type { VectorCode, Vectors } from "../vector-code.ts";

/** High word of the float64 sqrt(1/2): mantissas are taken from sqrt(1/2) ... sqrt(2). */
const SQRT_HALF_BITS = 0x3fe6a09e667f3bcdn;

/** log(m) = 2 s (1 + s^2 / 3 + s^4 / 5 + ...) with s = (m - 1) / (m + 1), |s| < 0.172: the next term is below 1e-12. */
const ATANH_TERMS = 7;

/** 2^f = sum of (f ln 2)^k / k! for |f| <= 1/2: the next term is below 1e-12. */
const EXP2_TERMS = 10;

/** Powers of 2 beyond this are infinite or 0 in float32 whatever the fraction is. */
const EXPONENT_MAX = 300;

/** From here on every float32 is an even integer. */
const EVEN_FROM = 2 ** 25;

/**
 * x^y as IEEE 754-2019 has it, within a unit in the last place: computed in float64 as 2^(y log2 |x|), because the error of a float32
 * logarithm would be multiplied by y.
 */
export function power(v: VectorCode, x: Vectors, y: Vectors): Vectors {
  const magnitude = v.op("f32x4.abs", x);
  const low = v.scope(() =>
    halfPower(v, v.op("f64x2.promote_low_f32x4", magnitude), v.op("f64x2.promote_low_f32x4", y)),
  );
  const upper = (vectors: Vectors): Vectors =>
    v.make((vector) => v.code.get(vectors[vector]).get(vectors[vector]).shuffle32(2, 3, 2, 3));
  const high = v.scope(() =>
    halfPower(v, v.op("f64x2.promote_low_f32x4", upper(magnitude)), v.op("f64x2.promote_low_f32x4", upper(y))),
  );
  const size = v.make((vector) => v.code.get(low[vector]).get(high[vector]).shuffle32(0, 1, 4, 5));
  return powerEdges(v, x, y, size);
}

/** Signs and exceptional arguments; `size` is |x|^y where that is a number. */
function powerEdges(v: VectorCode, x: Vectors, y: Vectors, size: Vectors): Vectors {
  const one = v.float(1);
  const whole = v.op("f32x4.eq", y, v.op("f32x4.trunc", y));
  const last = v.shift("i32x4.shl", v.op("i32x4.trunc_sat_f32x4_s", y), 31);
  const small = v.op("f32x4.lt", v.op("f32x4.abs", y), v.float(EVEN_FROM));
  const oddSign = v.op("v128.and", v.op("v128.and", whole, small), last);
  const signed = v.op("v128.xor", size, v.op("v128.and", oddSign, x));
  const negative = v.op(
    "v128.and",
    v.op("f32x4.lt", x, v.float(0)),
    v.op("f32x4.gt", x, v.float(Number.NEGATIVE_INFINITY)),
  );
  const impossible = v.op("v128.andnot", negative, whole);
  const undefinedBase = v.op("v128.or", impossible, v.op("f32x4.ne", x, x));
  const checked = v.select(undefinedBase, v.float(Number.NaN), signed);
  const infiniteExponent = v.op("f32x4.eq", v.op("f32x4.abs", y), v.float(Number.POSITIVE_INFINITY));
  const minusOne = v.op("v128.and", v.op("f32x4.eq", x, v.float(-1)), infiniteExponent);
  const alwaysOne = v.op("v128.or", v.op("f32x4.eq", x, one), v.op("f32x4.eq", y, v.float(0)));
  return v.select(v.op("v128.or", alwaysOne, minusOne), one, checked);
}

/** Two lanes: x^y for x >= 0 in float64, as float32 in the lower lanes. */
function halfPower(v: VectorCode, x: Vectors, y: Vectors): Vectors {
  const exponent = v.make((vector) => {
    v.code.get(x[vector]);
    pushLong(v, SQRT_HALF_BITS);
    v.code.op("i64x2.sub").i32(52).op("i64x2.shr_s");
  });
  const mantissa = v.make((vector) =>
    v.code.get(x[vector]).get(exponent[vector]).i32(52).op("i64x2.shl").op("i64x2.sub"),
  );
  const e = v.make((vector) =>
    v.code.get(exponent[vector]).get(exponent[vector]).shuffle32(0, 2, 0, 2).op("f64x2.convert_low_i32x4_s"),
  );
  const one = double(v, 1);
  const s = v.op("f64x2.div", v.op("f64x2.sub", mantissa, one), v.op("f64x2.add", mantissa, one));
  const series = doublePolynomial(
    v,
    v.op("f64x2.mul", s, s),
    Array.from({ length: ATANH_TERMS }, (_, k) => (2 * Math.LOG2E) / (2 * (ATANH_TERMS - k) - 1)),
  );
  const finite = v.op("f64x2.add", v.op("f64x2.mul", series, s), e);
  const infinity = double(v, Number.POSITIVE_INFINITY);
  const large = v.select(v.op("f64x2.eq", x, infinity), infinity, finite);
  const log2 = v.select(v.op("f64x2.eq", x, double(v, 0)), double(v, Number.NEGATIVE_INFINITY), large);
  return exponentialOf2(v, v.op("f64x2.mul", y, log2));
}

function exponentialOf2(v: VectorCode, argument: Vectors): Vectors {
  const t = v.op("f64x2.max", v.op("f64x2.min", argument, double(v, EXPONENT_MAX)), double(v, -EXPONENT_MAX));
  const n = v.op("f64x2.nearest", t);
  const f = v.op("f64x2.sub", t, n);
  const coefficients: number[] = [1];
  for (let k = 1; k <= EXP2_TERMS; k++) coefficients.unshift((coefficients[0] * Math.LN2) / k);
  const fraction = doublePolynomial(v, f, coefficients);
  const scale = v.make((vector) => {
    v.code.get(n[vector]).op("i32x4.trunc_sat_f64x2_s_zero").op("i64x2.extend_low_i32x4_s");
    pushLong(v, 1023n);
    v.code.op("i64x2.add").i32(52).op("i64x2.shl");
  });
  return v.op("f32x4.demote_f64x2_zero", v.op("f64x2.mul", fraction, scale));
}

function double(v: VectorCode, value: number): Vectors {
  return v.make(() => v.code.f64(value).op("f64x2.splat"));
}

function pushLong(v: VectorCode, value: bigint): void {
  v.code.i64(value).op("i64x2.splat");
}

function doublePolynomial(v: VectorCode, x: Vectors, coefficients: readonly number[]): Vectors {
  return coefficients
    .slice(1)
    .reduce(
      (sum: Vectors, coefficient) => v.op("f64x2.add", v.op("f64x2.mul", sum, x), double(v, coefficient)),
      double(v, coefficients[0]),
    );
}
