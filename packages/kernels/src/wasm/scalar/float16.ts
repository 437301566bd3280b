import type { VectorCode, Vectors } from "../vector-code.ts";

/** A float16 has 5 bits of exponent (bias 15) and 10 of fraction, a float32 8 (bias 127) and 23. */
const FRACTION_SHIFT = 13;
const BIAS_DIFFERENCE = 127 - 15;
const SIGN = 0x8000;
const INFINITY_BITS = 0x7c00;
const NAN_BITS = 0x7e00;

/** Bits of a float16, in 32-bit lanes -> float32; exact. */
export function fromFloat16(v: VectorCode, bits: Vectors): Vectors {
  const magnitude = v.shift("i32x4.shl", v.op("v128.and", bits, v.bits(SIGN - 1)), FRACTION_SHIFT);
  // Normal and subnormal numbers alike: the exponent's bias is mended by one exact multiplication.
  const finite = v.mul(magnitude, v.float(2 ** BIAS_DIFFERENCE));
  const special = v.op("i32x4.ge_s", magnitude, v.bits(INFINITY_BITS << FRACTION_SHIFT));
  const exponent = v.op("v128.and", special, v.float(Number.POSITIVE_INFINITY));
  const sign = v.shift("i32x4.shl", v.op("v128.and", bits, v.bits(SIGN)), 16);
  return v.op("v128.or", v.op("v128.or", finite, exponent), sign);
}

/**
 * float32 -> bits of the nearest float16, ties to even, in 32-bit lanes; any NaN gives 0x7e00.
 * Source: the method of F. Giesen (2012), "float->half variants", float_to_half_fast3_rtne.
 */
export function toFloat16(v: VectorCode, x: Vectors): Vectors {
  const bits = v.op("f32x4.abs", x);
  // Adding 1/2 lets the adder round a subnormal to a multiple of 2^-24, which then is the lowest bit.
  const half = v.float(0.5);
  const subnormal = v.op("i32x4.sub", v.add(bits, half), half);
  const odd = v.op("v128.and", v.shift("i32x4.shr_u", bits, FRACTION_SHIFT), v.bits(1));
  const rebias = v.bits((-BIAS_DIFFERENCE << 23) + 0xfff);
  const normal = v.shift("i32x4.shr_u", v.op("i32x4.add", v.op("i32x4.add", bits, rebias), odd), FRACTION_SHIFT);
  const tiny = v.op("f32x4.lt", bits, v.float(2 ** -14));
  const finite = v.select(tiny, subnormal, normal);
  const large = v.op("f32x4.ge", bits, v.float(2 ** 16));
  const sign = v.op("v128.and", v.shift("i32x4.shr_u", x, 16), v.bits(SIGN));
  const number = v.op("v128.or", v.select(large, v.bits(INFINITY_BITS), finite), sign);
  return v.select(v.op("f32x4.ne", x, x), v.bits(NAN_BITS), number);
}
