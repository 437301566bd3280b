import { describe, expect, it } from "vitest";
import { float16Codec } from "./float16.ts";
import { floatFromHalf, halfFromFloat } from "./half.ts";

function encode(values: readonly number[]): string {
  const bytes = new Uint8Array(float16Codec.encodedByteLength(values.length));
  float16Codec.encode(new Float32Array(values), bytes);
  return Buffer.from(bytes).toString("hex");
}

function decode(hex: string, length: number): Float32Array {
  const into = new Float32Array(length);
  float16Codec.decode(new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex")), into);
  return into;
}

describe("halfFromFloat", () => {
  // Bits as numpy.float16 gives them; the cases are the borders of IEEE 754's binary16.
  it.each([
    [0, 0x0000],
    [-0, 0x8000],
    [1, 0x3c00],
    [-2, 0xc000],
    [0.1, 0x2e66],
    [1 / 3, 0x3555],
    [65_504, 0x7bff],
    [65_519.99, 0x7bff],
    [65_520, 0x7c00],
    [-1e30, 0xfc00],
    [2_049, 0x6800],
    [2_051, 0x6802],
    [2 ** -14, 0x0400],
    [2 ** -14 - 2 ** -25, 0x0400],
    [2 ** -14 - 2 ** -24, 0x03ff],
    [2 ** -24, 0x0001],
    [2 ** -25, 0x0000],
    [2 ** -25 * 1.0001, 0x0001],
    [3 * 2 ** -25, 0x0002],
    [-(2 ** -24), 0x8001],
    [Number.NaN, 0x7e00],
    [Number.POSITIVE_INFINITY, 0x7c00],
  ])("[K3] %d is rounded to the nearest float16, ties to even", (value, bits) => {
    expect(halfFromFloat(value)).toBe(bits);
  });

  it("[K3] every float16 that is a number comes back with its own bits", () => {
    for (let half = 0; half < 65_536; half++) {
      const value = floatFromHalf(half);
      if (!Number.isNaN(value)) expect(halfFromFloat(value)).toBe(half);
    }
  });
});

describe("float16 codec", () => {
  it("[K3] scales a block's largest magnitude to between 2^14 and 2^15", () => {
    // 3 = 1.5 x 2^1 needs the scale 2^(1 - 14) = 2^-13, float32 bits 0x39000000. Then 3 is 24576 = 1.5 x 2^14 (0x7600),
    // -1 is -8192 (0xf000), 0 is 0. After one scale come four zero bytes.
    expect(encode([3, -1, 0])).toBe("00000039 00000000 0076 00f0 0000".replaceAll(" ", ""));
    expect([...decode("00000039 00000000 0076 00f0 0000", 3)]).toEqual([3, -1, 0]);
  });

  it("[K3] carries gradients that float16 alone would lose: 1e-9 and 1e9", () => {
    for (const value of [1e-9, 1e9]) {
      const bytes = new Uint8Array(float16Codec.encodedByteLength(1));
      const decoded = new Float32Array(1);
      float16Codec.encode(new Float32Array([value]), bytes);
      float16Codec.decode(bytes, decoded);
      expect(Math.abs((decoded[0] as number) / value - 1)).toBeLessThanOrEqual(2 ** -11);
    }
  });

  it("[K3] has a scale for every 65,536 elements, and a table of scales padded to 8 bytes", () => {
    expect([0, 1, 65_536, 65_537, 131_073].map((n) => float16Codec.encodedByteLength(n))).toEqual([
      0,
      8 + 2,
      8 + 131_072,
      8 + 131_074,
      16 + 262_146,
    ]);
    const source = new Float32Array(65_537).fill(1);
    source[65_536] = 2 ** 20;
    const bytes = new Uint8Array(float16Codec.encodedByteLength(source.length));
    float16Codec.encode(source, bytes);
    const view = new DataView(bytes.buffer);
    expect([view.getFloat32(0, true), view.getFloat32(4, true)]).toEqual([2 ** -14, 2 ** 6]);
  });

  it("[K3] a block of zeros, or of nothing finite, has the scale 1", () => {
    expect(encode([0])).toBe("0000803f000000000000");
    expect(encode([Number.NaN, Number.NEGATIVE_INFINITY])).toBe("0000803f00000000007e00fc");
  });

  it.each(["00000000", "000080bf", "0100803f", "00008078", "0000c07f", "0000807f"])(
    "[K3] a scale with bytes %s, which is no power of two from 2^-126 to 2^113, is refused",
    (scale) => {
      expect(() => decode(`${scale} 00000000 003c`, 1)).toThrow(expect.objectContaining({ code: "CODEC_SCALE" }));
    },
  );
});
