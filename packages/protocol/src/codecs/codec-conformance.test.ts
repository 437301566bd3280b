import { describe, expect, it } from "vitest";
import { ProtocolError } from "../errors.ts";
import type { GradientCodec } from "./codec.ts";
import { CODECS, codecNamed } from "./codec-table.ts";

const SIZES = [0, 1, 3, 7, 31, 33, 65, 65_535, 65_536, 65_537, 131_073];

/** Values of very different sizes, both signs, from a small linear congruential generator. */
function gradientLike(length: number): Float32Array {
  let state = 12_345;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const uniform = state / 2 ** 32 - 0.5;
    return uniform ** 3 * 100;
  });
}

function roundTrip(codec: GradientCodec, source: Float32Array): Float32Array {
  const bytes = new Uint8Array(codec.encodedByteLength(source.length));
  codec.encode(source, bytes);
  const decoded = new Float32Array(source.length);
  codec.decode(bytes, decoded);
  return decoded;
}

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}

describe.each([...CODECS.values()].map((codec): [string, GradientCodec] => [codec.name, codec]))(
  "codec %s",
  (_, codec) => {
    it.each(SIZES)("[K1] gives %i elements back within 0.1 percent of their norm", (length) => {
      const source = gradientLike(length);
      const difference = roundTrip(codec, source).map((value, index) => value - (source[index] as number));
      expect(norm(difference)).toBeLessThanOrEqual(1e-3 * norm(source));
    });

    it("[K1] zeros stay zeros", () => {
      expect(roundTrip(codec, new Float32Array(5))).toEqual(new Float32Array(5));
    });

    it("[K1] the same values have the same bytes, whatever was in the memory before", () => {
      const source = gradientLike(100);
      const a = new Uint8Array(codec.encodedByteLength(100)).fill(0xff);
      const b = new Uint8Array(codec.encodedByteLength(100));
      codec.encode(source, a);
      codec.encode(source, b);
      expect(a).toEqual(b);
    });

    it("[K1] bytes and elements may lie anywhere in their buffers", () => {
      const source = gradientLike(33);
      const length = codec.encodedByteLength(33);
      const shifted = new Uint8Array(length + 3).subarray(3);
      codec.encode(new Float32Array([0, ...source]).subarray(1), shifted);
      const decoded = new Float32Array(34).subarray(1);
      codec.decode(shifted, decoded);
      expect(decoded).toEqual(roundTrip(codec, source));
    });

    it("[K2] values that are not finite arrive as such, so that the coordinator sees and refuses them", () => {
      const decoded = roundTrip(
        codec,
        new Float32Array([1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]),
      );
      expect([...decoded]).toEqual([1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
    });

    it("[K2] finite values arrive finite, the largest and the smallest too", () => {
      const largest = 3.4028234663852886e38;
      const decoded = roundTrip(codec, new Float32Array([largest, -largest, 2 ** -149]));
      expect(decoded.every((value) => Number.isFinite(value))).toBe(true);
      expect(Math.abs((decoded[0] as number) / largest - 1)).toBeLessThan(1e-3);
    });

    it.each([-1, 1])("[K1] bytes of another length (%i) are refused", (by) => {
      const length = codec.encodedByteLength(10) + by;
      expect(() => codec.encode(new Float32Array(10), new Uint8Array(length))).toThrow(ProtocolError);
      expect(() => codec.decode(new Uint8Array(length), new Float32Array(10))).toThrow(ProtocolError);
    });
  },
);

describe("codec table", () => {
  it("[K1] an unknown name is refused with CODEC_UNKNOWN", () => {
    expect(() => codecNamed("zip")).toThrow(expect.objectContaining({ code: "CODEC_UNKNOWN" }));
  });
});
