import { describe, expect, it } from "vitest";
import { contributionByteLength, decodeContributionInto, encodeContributionInto } from "./contribution-bytes.ts";
import { float16Codec } from "./float16.ts";
import { float32Codec } from "./float32.ts";

// A count of a million among gradients that float16 could not hold beside it.
const LENGTHS = { trainableLength: 4, statisticsLength: 3 };
const SUMS = Float32Array.of(2 ** -12, -(2 ** -13), 3 * 2 ** -14, 0, 1_000_003, 0.1, -1e-7);

describe("contribution bytes", () => {
  it.each([float32Codec, float16Codec])(
    "[K4] $name codes the gradient and leaves the statistics as they are",
    (codec) => {
      const bytes = new Uint8Array(contributionByteLength(codec, LENGTHS));
      encodeContributionInto(codec, LENGTHS, SUMS, bytes);
      expect(bytes.byteLength).toBe(codec.encodedByteLength(4) + 12);
      const decoded = new Float32Array(7);
      decodeContributionInto(codec, LENGTHS, bytes, decoded);
      expect(decoded).toEqual(SUMS);
    },
  );

  it("[K4] bytes of another length are refused", () => {
    const into = new Float32Array(7);
    for (const length of [0, 27, 29, 32]) {
      expect(() => decodeContributionInto(float32Codec, LENGTHS, new Uint8Array(length), into)).toThrow(
        expect.objectContaining({ code: "CODEC_LENGTH" }),
      );
    }
  });
});
