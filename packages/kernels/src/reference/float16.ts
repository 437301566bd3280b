/** Fraction bits of a float16, IEEE 754-2019 binary16. */
const FRACTION_BITS = 10;
const EXPONENT_BIAS = 15;
/** Exponent of the smallest normal float16; subnormals share it. */
const EXPONENT_MIN = 1 - EXPONENT_BIAS;
/** Half way between the largest finite float16, 65504, and 2 ** 16: from here on values round to infinity. */
const OVERFLOW_FROM = 65520;
const SIGN_BIT = 0x8000;
const INFINITY_BITS = 0x7c00;
const NAN_BITS = 0x7e00;

/** Bits of the float16 nearest to `value`; ties go to the even one. Any NaN gives the quiet NaN 0x7e00. */
export function toFloat16Bits(value: number): number {
  if (Number.isNaN(value)) return NAN_BITS;
  const sign = value < 0 || Object.is(value, -0) ? SIGN_BIT : 0;
  const magnitude = Math.abs(value);
  if (magnitude >= OVERFLOW_FROM) return sign | INFINITY_BITS;
  const exponent = Math.max(binaryExponent(magnitude), EXPONENT_MIN);
  // Dividing by a power of two is exact, so that the only rounding is the one to a whole number.
  const quanta = roundHalfEven(magnitude / 2 ** (exponent - FRACTION_BITS));
  // A normal number's leading 1 is worth one more exponent, and so is a carry out of the fraction.
  return sign | ((exponent - EXPONENT_MIN) * 2 ** FRACTION_BITS + quanta);
}

/** The number that these 16 bits stand for. */
export function fromFloat16Bits(bits: number): number {
  const sign = (bits & SIGN_BIT) === 0 ? 1 : -1;
  const exponent = (bits & INFINITY_BITS) >> FRACTION_BITS;
  const fraction = bits & (2 ** FRACTION_BITS - 1);
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** (EXPONENT_MIN - FRACTION_BITS);
  return sign * (2 ** FRACTION_BITS + fraction) * 2 ** (exponent - EXPONENT_BIAS - FRACTION_BITS);
}

/** Largest e with 2 ** e <= magnitude, for magnitudes below 2 ** 16; anything tiny gives at most EXPONENT_MIN. */
function binaryExponent(magnitude: number): number {
  let exponent = EXPONENT_BIAS;
  while (exponent > EXPONENT_MIN && 2 ** exponent > magnitude) exponent -= 1;
  return exponent;
}

function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest > 0.5 || (rest === 0.5 && below % 2 === 1)) return below + 1;
  return below;
}
