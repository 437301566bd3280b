const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/**
 * Bits of the float16 nearest to `value`, ties to even (IEEE 754-2019, 4.3.1). Beyond 65,520 it is infinite; any NaN
 * becomes the one 0x7e00.
 */
export function halfFromFloat(value: number): number {
  float[0] = value;
  const x = bits[0] ?? 0;
  const sign = (x >>> 16) & 0x8000;
  const magnitude = x & 0x7fff_ffff;
  if (magnitude > 0x7f80_0000) return 0x7e00;
  // 65,520 is halfway between the largest finite float16 and the next, which would be 2^16: ties go to the even one.
  if (magnitude >= 0x477f_f000) return sign | 0x7c00;
  // Below 2^-14 a float16 is subnormal, a multiple of 2^-24. Adding 1/2, whose float32 neighbours are 2^-24 apart,
  // makes the addition itself round to that grid; what is left above the bits of 1/2 counts the multiples.
  if (magnitude < 0x3880_0000) {
    float[0] = Math.abs(value) + 0.5;
    return sign | ((bits[0] ?? 0) - 0x3f00_0000);
  }
  // 13 bits of the significand go. The half of what goes, less one, plus the last bit that stays: ties to even. A carry
  // into the exponent is right as it is. The exponents' biases are 127 and 15.
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
  return sign | ((rounded >>> 13) - ((127 - 15) << 10));
}

/** The float32 value of a float16's bits. Exact. */
export function floatFromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
