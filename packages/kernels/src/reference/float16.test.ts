import { describe, expect, it } from "vitest";
import { fromFloat16Bits, toFloat16Bits } from "./float16.ts";

describe("float16", () => {
  // Bits from PyTorch 1.13: torch.tensor(value, dtype=torch.float64).to(torch.float16).
  it.each([
    [0, 0x0000],
    [-0, 0x8000],
    [1, 0x3c00],
    [-2, 0xc000],
    [0.1, 0x2e66],
    [1 / 3, 0x3555],
    [65504, 0x7bff],
    [65519.9, 0x7bff],
    [65520, 0x7c00],
    [2049, 0x6800],
    [2051, 0x6802],
    [2 ** -14, 0x0400],
    [2 ** -14 - 2 ** -25, 0x0400],
    [2 ** -24, 0x0001],
    [2 ** -25, 0x0000],
    [2 ** -25 * 1.5, 0x0001],
    [-1e-9, 0x8000],
    [1e-4, 0x068e],
    [Number.POSITIVE_INFINITY, 0x7c00],
    [Number.NEGATIVE_INFINITY, 0xfc00],
    [Number.NaN, 0x7e00],
  ])("rounds %d to the nearest, ties to even: bits %i", (value, bits) => {
    expect(toFloat16Bits(value)).toBe(bits);
  });

  it("reads normal, subnormal and special bits", () => {
    expect(fromFloat16Bits(0x3555)).toBe(0.333251953125);
    expect(fromFloat16Bits(0x0001)).toBe(2 ** -24);
    expect(fromFloat16Bits(0x83ff)).toBe(-1023 * 2 ** -24);
    expect(fromFloat16Bits(0xfc00)).toBe(Number.NEGATIVE_INFINITY);
    expect(fromFloat16Bits(0x7e01)).toBeNaN();
  });

  it("gives every pattern of bits that is not NaN back unchanged", () => {
    for (let bits = 0; bits < 2 ** 16; bits += 1) {
      const value = fromFloat16Bits(bits);
      if (!Number.isNaN(value) && toFloat16Bits(value) !== bits) throw new Error(`Bits ${bits} became another number`);
    }
  });
});
