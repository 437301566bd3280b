import { describe, expect, it } from "vitest";
import { erf } from "./erf.ts";

describe("erf", () => {
  // Values of Python's math.erf (C's erf), which is right to an ulp.
  it.each([
    [1e-300, 1.1283791670955126e-300],
    [0.1, 0.1124629160182849],
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [1.5, 0.9661051464753108],
    [2, 0.9953222650189527],
    [2.5, 0.999593047982555],
    [2.999, 0.9999777698314002],
    [3, 0.9999779095030014],
    [3.001, 0.9999780483390822],
    [3.5, 0.9999992569016276],
    [4, 0.9999999845827421],
    [5, 0.9999999999984626],
    [5.9, 0.9999999999999999],
    [7, 1],
    [Number.POSITIVE_INFINITY, 1],
  ])("erf(%d) is %d to 1e-15 relative, and odd", (x, expected) => {
    expect(Math.abs(erf(x) - expected)).toBeLessThanOrEqual(1e-15 * expected);
    expect(erf(-x)).toBe(-erf(x));
  });

  it("hands on zero and NaN", () => {
    expect(erf(0)).toBe(0);
    expect(erf(Number.NaN)).toBeNaN();
  });
});
