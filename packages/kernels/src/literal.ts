import type { DType } from "@tributary/program";

/** How a literal is stored in a tensor of a dtype: float16 as its bits, integers wrapped, bool as 0 or 1. */
export function storedLiteral(dtype: DType, value: number): number {
  switch (dtype) {
    case "float32":
      return Math.fround(value);
    case "float16":
      return float16Bits(value);
    case "int32":
      return value | 0;
    case "uint32":
      return value >>> 0;
    case "uint8":
      return value & 255;
    case "bool":
      return value === 0 ? 0 : 1;
    default:
      return dtype satisfies never;
  }
}

/** As storedLiteral, but integers saturate and NaN is 0: the rule of a cast from float32. */
export function storedFloat(dtype: DType, value: number): number {
  const limits = { int32: [-(2 ** 31), 2 ** 31 - 1], uint32: [0, 2 ** 32 - 1], uint8: [0, 255] } as const;
  if (dtype !== "int32" && dtype !== "uint32" && dtype !== "uint8") return storedLiteral(dtype, value);
  const [lowest, highest] = limits[dtype];
  return Number.isNaN(value) ? 0 : Math.min(Math.max(Math.trunc(value), lowest), highest);
}

const INFINITY_BITS = 0x7c00;
const NAN_BITS = 0x7e00;

/** Bits of the float16 nearest to a number, ties to even (IEEE 754-2019, binary16). */
function float16Bits(value: number): number {
  if (Number.isNaN(value)) return NAN_BITS;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size >= 65520) return sign | INFINITY_BITS;
  const exponent = Math.max(-14, Math.floor(Math.log2(Math.max(size, 2 ** -24))));
  const scaled = size / 2 ** (exponent - 10);
  const below = Math.floor(scaled);
  const rest = scaled - below;
  const quanta = rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
  // The leading 1 of a normal number, and a carry out of the fraction, add to the exponent.
  return sign | ((exponent + 14) * 1024 + quanta);
}
