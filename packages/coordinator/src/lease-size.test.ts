import { describe, expect, it } from "vitest";
import { allowedMilliseconds, shareMicrobatches } from "./lease-size.ts";

const idle = (rate: number | null, probe = false) => ({ rate, idle: true, probe });
const busy = (rate: number | null) => ({ rate, idle: false, probe: false });

describe("shareMicrobatches", () => {
  it.each([
    ["equal workers share evenly", [idle(1), idle(1)], 4, [2, 2]],
    ["three times as fast, three times as much", [idle(3), idle(1)], 4, [3, 1]],
    // 3 and 1 would be done after 3/5 and 1; 4 and 0 after 4/5.
    ["who would only be the last to finish gets nothing", [idle(5), idle(1)], 4, [4, 0]],
    ["unless it is to be measured again", [idle(5), idle(1, true)], 4, [3, 1]],
    [
      "a worker not measured yet gets one, the rest stays free until it is",
      [idle(null, true), idle(null, true)],
      8,
      [1, 1],
    ],
    ["next to one that is known, too", [idle(2), idle(null, true)], 8, [7, 1]],
    ["busy workers keep their share", [idle(1), busy(1)], 8, [4, 0]],
    ["with more workers than work, the first ones get it", [idle(2), idle(2), idle(2)], 2, [1, 1, 0]],
    ["somebody idle always gets something", [idle(1), busy(9)], 1, [1, 0]],
    ["nothing free, nothing given", [idle(1)], 0, [0]],
  ])("%s", (_, candidates, free, expected) => {
    expect(shareMicrobatches(candidates, free, 1, 1_000)).toEqual(expected);
  });

  it("no share takes longer than the target: 2 samples a millisecond, 16 a microbatch, 80 ms are 10", () => {
    expect(shareMicrobatches([idle(2)], 100, 16, 80)).toEqual([10]);
    expect(shareMicrobatches([idle(0.01)], 100, 16, 80)).toEqual([1]);
  });
});

describe("allowedMilliseconds", () => {
  it("is twice what the samples should take, within its limits", () => {
    expect(allowedMilliseconds(1_000, 1, false)).toBe(2_000);
    expect(allowedMilliseconds(10, 1, false)).toBe(500);
    expect(allowedMilliseconds(10, 1, true)).toBe(10_000);
    expect(allowedMilliseconds(10, null, false)).toBe(30_000);
    expect(allowedMilliseconds(1e9, 1, false)).toBe(600_000);
  });
});
