import { describe, expect, it } from "vitest";
import { rateCurve, samplesPerSecond, withSamples } from "./throughput.ts";

const at = (atMs: number, samples: number) => ({ atMs, samples });

describe("samples a second", () => {
  it("are those of the last ten seconds", () => {
    expect(samplesPerSecond([at(1_000, 999), at(15_000, 200), at(19_000, 300)], 0, 20_000)).toBe(50);
  });

  it("are those since the beginning while that is less", () => {
    expect(samplesPerSecond([at(2_000, 100), at(4_000, 100)], 1_000, 5_000)).toBe(50);
    expect(samplesPerSecond([], 5_000, 5_000)).toBe(0);
  });
});

describe("the curve of the last minute", () => {
  it("has a point for each whole two seconds, the latest last", () => {
    const curve = rateCurve([at(1_500, 40), at(58_000, 10), at(59_999, 20), at(60_000, 99)], 0, 61_000);
    expect(curve).toHaveLength(30);
    expect(curve[0]).toBe(20);
    expect(curve.slice(28)).toEqual([0, 15]);
  });

  it("begins where the work does", () => {
    expect(rateCurve([at(5_000, 10), at(7_000, 30)], 4_500, 8_100)).toEqual([5, 15]);
    expect(rateCurve([], 4_500, 5_000)).toEqual([]);
  });

  it("forgets what is older", () => {
    const computed = withSamples([at(0, 1), at(30_000, 2)], at(60_000, 3));
    expect(computed).toEqual([at(30_000, 2), at(60_000, 3)]);
  });
});
