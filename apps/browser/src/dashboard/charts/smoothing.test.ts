import { describe, expect, it } from "vitest";
import { smoothed } from "./smoothing.ts";

describe("smoothing", () => {
  it("leaves values as they are at weight 0", () => {
    expect(smoothed([3, null, 5], 0)).toEqual([3, null, 5]);
  });

  it("is a mean with weights that add up to 1, from the first value on", () => {
    // w = 0.5: 4; (0.5 * 4 + 8) / 1.5; (0.25 * 4 + 0.5 * 8 + 12) / 1.75.
    const [first, second, third] = smoothed([4, 8, 12], 0.5);
    expect(first).toBe(4);
    expect(second).toBeCloseTo(20 / 3, 12);
    expect(third).toBeCloseTo(17 / 1.75, 12);
  });

  it("gives a constant back", () => {
    expect(smoothed([2, 2, 2, 2], 0.9)).toEqual([2, 2, 2, 2].map((value) => expect.closeTo(value, 12)));
  });

  it("steps over gaps", () => {
    expect(smoothed([4, null, 8], 0.5)).toEqual([4, null, expect.closeTo(20 / 3, 12)]);
  });
});
