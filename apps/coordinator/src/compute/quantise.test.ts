import { describe, expect, it } from "vitest";
import { classProbabilities, largestIndex } from "./class-probabilities.ts";
import { quantise, shownValues } from "./quantise.ts";

describe("quantise", () => {
  it("spreads the values over 0 to 255, linearly", () => {
    const { minimum, maximum, bytes } = quantise([-1, 0, 1, 0.5]);
    expect([minimum, maximum]).toEqual([-1, 1]);
    // (x + 1) * 127.5: 0, 127.5 (rounded to even by Uint8ClampedArray), 255, 191.25.
    expect([...bytes]).toEqual([0, 128, 255, 191]);
  });

  it("gives zeros for values that are all the same", () => {
    expect(quantise([3, 3])).toEqual({ minimum: 3, maximum: 3, bytes: Uint8Array.of(0, 0) });
  });

  it("takes what is not finite for the ends, and NaN for the smallest", () => {
    const { minimum, maximum, bytes } = quantise([
      0,
      10,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      Number.NaN,
    ]);
    expect([minimum, maximum]).toEqual([0, 10]);
    expect([...bytes]).toEqual([0, 255, 255, 0, 0]);
    expect(quantise([Number.NaN])).toEqual({ minimum: 0, maximum: 0, bytes: Uint8Array.of(0) });
  });
});

describe("shownValues", () => {
  it("shows everything where it fits", () => {
    expect(shownValues([[2, 3], [4], []], 100)).toEqual([6, 4, 1]);
  });

  it("cuts large layers to whole rows of their first dimension, and leaves small ones whole", () => {
    // 110 for three layers: 10 is whole, then 50 each: 5 rows of 10, and 3 rows of 16.
    expect(shownValues([[10, 10], [10], [8, 16]], 110)).toEqual([50, 10, 48]);
  });

  it("cuts within a row where not even one fits", () => {
    expect(shownValues([[1, 100]], 30)).toEqual([30]);
  });
});

describe("classProbabilities", () => {
  it("is the softmax of outputs, also of large ones", () => {
    // exp(0), exp(ln 3) over their sum.
    const [a, b] = classProbabilities(Float32Array.of(1_000, 1_000 + Math.log(3)));
    expect(a).toBeCloseTo(0.25, 4);
    expect(b).toBeCloseTo(0.75, 4);
  });

  it("leaves probabilities as they are", () => {
    expect([...classProbabilities(Float32Array.of(0.25, 0.75))]).toEqual([0.25, 0.75]);
  });

  it("takes a negative value for a sign that they are none", () => {
    expect(classProbabilities(Float32Array.of(-1, 2))[1]).toBeCloseTo(1 / (1 + Math.exp(-3)), 6);
  });
});

describe("largestIndex", () => {
  it("is the first of equal ones", () => {
    expect(largestIndex([1, 3, 3, 2])).toBe(1);
  });
});
