import { IS_NAN, NAN } from "./float-bits.ts";
import { MULTIPLY_HIGH } from "./integer.ts";
import { float, polynomial, type Routine } from "./routine.ts";

/** Bits of 8192: up to there three float32 parts of pi / 2 reduce the argument within 1e-7. */
const SMALL_MAX_BITS = "0x46000000u";

/** pi / 2 in three parts; a product of one of the first two with a quadrant number is exact (Cody and Waite, 1980). Source: Cephes 2.2, sinf.c, doubled. */
const HALF_PI = [1.5703125, 4.837512969970703e-4, 7.549789954891881e-8] as const;

/** sin(r) = r + r^3 p(r^2), cos(r) = 1 - r^2 / 2 + r^4 p(r^2) for |r| <= pi / 4. Source: Cephes 2.2, sinf.c. */
const SIN_POLYNOMIAL = [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1];
const COS_POLYNOMIAL = [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2];

/** Digits of pi behind the binary point (and 3 before it): room for the words of 2 / pi below. */
const PI_FRACTION_BITS = 256n;
const PI = 0x3_243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89n;

/** Words of 2 / pi behind the binary point: the largest exponent of float32 and 96 bits behind it. */
const TWO_OVER_PI_WORDS = 7;

/** 32 zeros, then 2 / pi behind the binary point, word by word. */
export function twoOverPi(): number[] {
  const bits = BigInt(32 * TWO_OVER_PI_WORDS);
  const digits = (1n << (PI_FRACTION_BITS + bits + 1n)) / PI;
  const words = Array.from({ length: TWO_OVER_PI_WORDS }, (_, word) =>
    Number((digits >> (bits - 32n * BigInt(word + 1))) & 0xffffffffn),
  );
  return [0, ...words];
}

const TABLE: Routine = {
  name: "TWO_OVER_PI",
  text: `const TWO_OVER_PI = array<u32, ${TWO_OVER_PI_WORDS + 1}>(${twoOverPi()
    .map((word) => `0x${word.toString(16).padStart(8, "0")}u`)
    .join(", ")});`,
};

/** 32 bits of the table from a bit on. */
const WORD: Routine = {
  name: "two_over_pi_word",
  needs: [TABLE],
  text: `fn two_over_pi_word(bit: u32) -> u32 {
  var table = TWO_OVER_PI;
  let word = bit >> 5u;
  let shift = bit & 31u;
  if (shift == 0u) { return table[word]; }
  return (table[word] << shift) | (table[word + 1u] >> (32u - shift));
}`,
};

/** A quarter turn's number (lowest bits) and what is left of the angle, -pi / 4 ... pi / 4. */
const REDUCED: Routine = {
  name: "Reduced",
  text: `struct Reduced { quadrant: u32, angle: f32 }`,
};

/**
 * The reduction of numbers of any size (Payne and Hanek, 1983, "Radian Reduction for Trigonometric Functions"): x is mantissa * 2^e;
 * of 2 / pi only the 96 bits count whose product with it is neither a multiple of 4 nor too small.
 */
const REDUCE_LARGE: Routine = {
  name: "reduce_large",
  needs: [REDUCED, WORD, MULTIPLY_HIGH],
  text: `fn reduce_large(x: f32) -> Reduced {
  let bits = bitcast<u32>(x);
  let mantissa = (bits & 0x007fffffu) | 0x00800000u;
  let start = ((bits >> 23u) & 0xffu) - 120u;
  let w0 = two_over_pi_word(start);
  let w1 = two_over_pi_word(start + 32u);
  let w2 = two_over_pi_word(start + 64u);
  let p2 = mantissa * w2;
  let low = mantissa * w1;
  let p1 = low + multiply_high(mantissa, w2);
  let p0 = mantissa * w0 + multiply_high(mantissa, w1) + select(0u, 1u, p1 < low);
  var high = (p0 << 2u) | (p1 >> 30u);
  var rest = (p1 << 2u) | (p2 >> 30u);
  let above = (high >> 31u) == 1u;
  if (above) {
    rest = 0u - rest;
    high = ~high + select(0u, 1u, rest == 0u);
  }
  let size = fma(f32(rest), ${float(2 ** -64)}, f32(high) * ${float(2 ** -32)}) * ${float(Math.PI / 2)};
  let quadrant = (p0 >> 30u) + select(0u, 1u, above);
  let negative = (bits >> 31u) == 1u;
  return Reduced(select(quadrant, 0u - quadrant, negative), select(size, -size, above != negative));
}`,
};

const REDUCE_ANGLE: Routine = {
  name: "reduce_angle",
  needs: [REDUCED, REDUCE_LARGE],
  text: `fn reduce_angle(x: f32) -> Reduced {
  if ((bitcast<u32>(x) & 0x7fffffffu) > ${SMALL_MAX_BITS}) { return reduce_large(x); }
  let n = floor(fma(x, ${float(2 / Math.PI)}, 0.5f));
  let r = fma(n, ${float(-HALF_PI[2])}, fma(n, ${float(-HALF_PI[1])}, fma(n, ${float(-HALF_PI[0])}, x)));
  return Reduced(bitcast<u32>(i32(n)), r);
}`,
};

/** Sine and cosine, within 1e-7 of the exact ones for arguments of any size. */
const CIRCULAR: Routine = {
  name: "circular_f32",
  needs: [IS_NAN, REDUCE_ANGLE],
  text: `fn circular_f32(x: f32, quadrants: u32) -> f32 {
  if ((bitcast<u32>(x) & 0x7f800000u) == 0x7f800000u) { return ${NAN}; }
  let reduced = reduce_angle(x);
  let r = reduced.angle;
  let quadrant = reduced.quadrant + quadrants;
  let square = r * r;
  let sine = fma(${polynomial("square", SIN_POLYNOMIAL)} * square, r, r);
  let cosine = fma(${polynomial("square", COS_POLYNOMIAL)}, square * square, fma(square, -0.5f, 1.0f));
  let value = select(sine, cosine, (quadrant & 1u) == 1u);
  return bitcast<f32>(bitcast<u32>(value) ^ ((quadrant & 2u) << 30u));
}`,
};

/** Sine. */
export const SINE: Routine = {
  name: "sin_f32",
  needs: [CIRCULAR],
  text: "fn sin_f32(x: f32) -> f32 { return circular_f32(x, 0u); }",
};

/** Cosine: the sine a quadrant further on. */
export const COSINE: Routine = {
  name: "cos_f32",
  needs: [CIRCULAR],
  text: "fn cos_f32(x: f32) -> f32 { return circular_f32(x, 1u); }",
};
