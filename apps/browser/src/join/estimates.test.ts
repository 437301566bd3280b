import { describe, expect, it } from "vitest";
import { bytesWords, dataWords, estimate } from "./estimates.ts";

describe("estimates", () => {
  it("of a million parameters on two threads: 8 MB a step, and 90 MB with 48 MB of vectors", () => {
    // 4 bytes down and 4 up for each; three threads of 30 MB with the one of the socket; two threads with six vectors each.
    expect(estimate(1e6, 2)).toEqual({ networkBytes: 8e6, memoryBytes: 90e6 + 48e6 });
  });
});

describe("words for bytes", () => {
  it.each([
    [0, "0 bytes"],
    [999, "999 bytes"],
    [1_500, "1.5 kB"],
    [493_648, "494 kB"],
    [15_000_000, "15 MB"],
    [2.5e9, "2.5 GB"],
  ])("%d are %s", (bytes, words) => {
    expect(bytesWords(bytes)).toBe(words);
  });
});

describe("words for data", () => {
  it("call bytes of two dimensions images", () => {
    expect(dataWords([{ name: "inputs", dtype: "uint8", shape: [1, 28, 28] }])).toBe("small images (28 × 28 pixels)");
  });

  it("count other numbers", () => {
    const fields = [
      { name: "features", dtype: "float32", shape: [13] },
      { name: "targets", dtype: "float32", shape: [] },
    ];
    expect(dataWords(fields)).toBe("13 numbers as features and one number as targets");
  });

  it("say little where the coordinator does", () => {
    expect(dataWords([])).toBe("samples of the run's training data");
  });
});
