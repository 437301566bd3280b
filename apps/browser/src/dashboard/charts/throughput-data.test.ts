import { describe, expect, it } from "vitest";
import { throughputData } from "./throughput-data.ts";

describe("stacked throughput", () => {
  it("adds up by colour, and leaves the rest to the last column", () => {
    const points = [
      { seconds: 1, total: 100, byWorker: { a: 60, b: 30, c: 10 } },
      { seconds: 2, total: 50, byWorker: { b: 50 } },
    ];
    expect(throughputData(points, ["a", "b", null])).toEqual({
      seconds: [1, 2],
      stacked: [
        [60, 0],
        [90, 50],
        [90, 50],
        [100, 50],
      ],
    });
  });
});
