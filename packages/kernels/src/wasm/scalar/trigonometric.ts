import type { FunctionBuilder } from "../assembler-function.ts";
import type { ModuleServices } from "../context.ts";
import type { VectorCode, Vectors } from "../vector-code.ts";

/** Up to here three float32 parts of pi / 2 reduce the argument within 1e-7. */
const SMALL_MAX = 8192;

/** pi / 2 in three parts; a product of one of the first two with a quadrant number is exact (Cody and Waite, 1980). Source: Cephes 2.2, sinf.c, doubled. */
const HALF_PI = [1.5703125, 4.837512969970703e-4, 7.549789954891881e-8] as const;

/** sin(r) = r + r^3 p(r^2), cos(r) = 1 - r^2 / 2 + r^4 p(r^2) for |r| <= pi / 4. Source: Cephes 2.2, sinf.c. */
const SIN_POLYNOMIAL = [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1];
const COS_POLYNOMIAL = [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2];

/** Sine, within 1e-7 of the exact one for arguments of any size. */
export function sine(v: VectorCode, routines: ModuleServices, x: Vectors): Vectors {
  return circular(v, routines, x, 0);
}

/** Cosine: the sine a quadrant further on. */
export function cosine(v: VectorCode, routines: ModuleServices, x: Vectors): Vectors {
  return circular(v, routines, x, 1);
}

function circular(v: VectorCode, routines: ModuleServices, argument: Vectors, quadrants: 0 | 1): Vectors {
  const x = reduceLarge(v, routines, argument);
  const n = v.op("f32x4.nearest", v.mul(x, v.float(2 / Math.PI)));
  const r = HALF_PI.reduce((rest, part) => v.subtractProduct(n, v.float(part), rest), x);
  const quadrant = v.op("i32x4.add", v.op("i32x4.trunc_sat_f32x4_s", n), v.bits(quadrants));
  const square = v.mul(r, r);
  const sin = v.multiplyAdd(v.mul(v.polynomial(square, SIN_POLYNOMIAL), square), r, r);
  const cos = v.multiplyAdd(
    v.polynomial(square, COS_POLYNOMIAL),
    v.mul(square, square),
    v.subtractProduct(square, v.float(0.5), v.float(1)),
  );
  const odd = v.op("i32x4.eq", v.op("v128.and", quadrant, v.bits(1)), v.bits(1));
  const sign = v.shift("i32x4.shl", v.op("v128.and", quadrant, v.bits(2)), 30);
  return v.op("v128.xor", v.select(odd, cos, sin), sign);
}

/** Arguments beyond SMALL_MAX are brought to -pi ... pi by a routine, for all lanes of a vector if one of them needs it. */
function reduceLarge(v: VectorCode, routines: ModuleServices, x: Vectors): Vectors {
  const routine = routines.routine("reduce by 2 pi", ["v128"], (code) => writeReduction(code, routines), ["v128"]);
  const large = v.op("f32x4.gt", v.op("f32x4.abs", x), v.float(SMALL_MAX));
  return v.make((vector) => {
    v.code.get(large[vector]).op("v128.any_true");
    v.code.if(
      () => v.code.get(x[vector]).call(routine),
      () => v.code.get(x[vector]),
      "v128",
    );
  });
}

/** Digits of pi after the binary point (and 3 before it), 256 of them: room for the exponents of float32 and a float64 below. */
const PI_FRACTION_BITS = 256n;
const PI = 0x3_243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89n;

const SIGN_BIT = 0x80000000;

/** Exponents of 2 in a float32's value mantissa * 2^e with an integer mantissa below 2^24: up to 104. */
const POWERS = 105;

/** 2^e modulo 2 pi, in -pi ... pi, each correct to a float64's last place; behind them a NaN for infinite arguments. */
function powersModuloTwoPi(): Float64Array {
  const twoPi = 2n * PI;
  return Float64Array.from({ length: POWERS + 1 }, (_, e) => {
    if (e === POWERS) return Number.NaN;
    let rest = (1n << (PI_FRACTION_BITS + BigInt(e))) % twoPi;
    if (2n * rest > twoPi) rest -= twoPi;
    const kept = 64n;
    return Number(rest >> (PI_FRACTION_BITS - kept)) / 2 ** Number(kept);
  });
}

/** 2 pi, and what float64 rounds off it. */
const TWO_PI = 2 * Math.PI;
const TWO_PI_LOW = 2.4492935982947064e-16;

/**
 * x modulo 2 pi, lane by lane: x is mantissa * 2^e, and the mantissa times (2^e modulo 2 pi) is congruent to it and small enough for
 * float64, whose error of 24 bits times 2^-53 stays below 1e-8. The idea is that of Payne and Hanek (1983), "Radian
 * Reduction for Trigonometric Functions". Infinities and NaN give NaN.
 */
function writeReduction(code: FunctionBuilder, routines: ModuleServices): void {
  const table = routines.constantBytes("powers modulo 2 pi", () => new Uint8Array(powersModuloTwoPi().buffer));
  const [input] = code.parameters;
  const output = code.local("v128");
  const bits = code.local("i32");
  const exponent = code.local("i32");
  const y = code.local("f64");
  const turns = code.local("f64");
  code.get(input).set(output);
  for (let lane = 0; lane < 4; lane++) {
    code.get(input).lane("i32x4.extract_lane", lane).tee(bits);
    code.i32(23).op("i32.shr_u").i32(0xff).op("i32.and").i32(150).op("i32.sub").tee(exponent);
    code.i32(0).op("i32.ge_s");
    code.if(
      () => {
        code.get(bits).i32(0x7fffff).op("i32.and").i32(0x800000).op("i32.or").op("f64.convert_i32_s");
        code.get(exponent).i32(3).op("i32.shl").memory("f64.load", table).op("f64.mul").set(y);
      },
      () => code.get(input).lane("f32x4.extract_lane", lane).op("f32.abs").op("f64.promote_f32").set(y),
    );
    code
      .get(y)
      .f64(1 / TWO_PI)
      .op("f64.mul")
      .op("f64.nearest")
      .set(turns);
    code.get(y).get(turns).f64(TWO_PI).op("f64.mul").op("f64.sub");
    code.get(turns).f64(TWO_PI_LOW).op("f64.mul").op("f64.sub").set(y);
    code.get(output);
    code.get(y).op("f32.demote_f64").op("i32.reinterpret_f32");
    code.get(bits).i32(SIGN_BIT).op("i32.and").op("i32.xor");
    code.lane("i32x4.replace_lane", lane).set(output);
  }
  code.get(output);
}
