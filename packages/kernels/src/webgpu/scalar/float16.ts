import type { Routine } from "./routine.ts";

/*
 * A float16 has 5 bits of exponent (bias 15) and 10 of fraction, a float32 8 (bias 127) and 23. WGSL's unpack2x16float and pack2x16float
 * may flush subnormal numbers, and their rounding is the driver's: both ways are done on integers.
 */

/** Bits of a float16 -> float32; exact. */
export const FROM_FLOAT16: Routine = {
  name: "from_float16",
  text: `fn from_float16(bits: u32) -> f32 {
  let sign = (bits & 0x8000u) << 16u;
  let magnitude = bits & 0x7fffu;
  let rebiased = (magnitude << 13u) + select(0x38000000u, 0x70000000u, magnitude >= 0x7c00u);
  let tiny = bitcast<u32>(f32(magnitude) * 5.960464477539063e-8f);
  return bitcast<f32>(sign | select(rebiased, tiny, magnitude < 0x0400u));
}`,
};

/** float32 -> bits of the nearest float16, ties to even; any NaN gives 0x7e00. */
export const TO_FLOAT16: Routine = {
  name: "to_float16",
  text: `fn to_float16(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  let sign = (bits >> 16u) & 0x8000u;
  let magnitude = bits & 0x7fffffffu;
  // How far the fraction with its leading 1 moves right: 13, and more the smaller a subnormal result is, up to nothing of it being left.
  let exponent = magnitude >> 23u;
  let normal = exponent >= 113u;
  let shift = select(min(126u - exponent, 31u), 13u, normal);
  let fraction = select((magnitude & 0x007fffffu) | 0x00800000u, magnitude - 0x38000000u, normal);
  let even = (fraction >> shift) & 1u;
  let finite = (fraction + (1u << (shift - 1u)) - 1u + even) >> shift;
  let large = select(finite, 0x7c00u, magnitude >= 0x477ff000u);
  return select(sign | large, 0x7e00u, magnitude > 0x7f800000u);
}`,
};
