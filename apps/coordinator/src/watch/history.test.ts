import { describe, expect, it } from "vitest";
import { History } from "./history.ts";
import { RateMeter } from "./rate-meter.ts";

function filled(count: number, most: number, thins: boolean): History<number> {
  const history = new History<number>(most, { thins });
  for (let item = 1; item <= count; item += 1) history.add(item);
  return history;
}

describe("History", () => {
  it("drops the oldest where it does not thin", () => {
    expect(filled(5, 3, false).all).toEqual([3, 4, 5]);
    expect(filled(5, 3, false).last).toBe(5);
  });

  it("keeps the whole course where it thins, the newest quarter in full", () => {
    // The ninth is one too many: of the oldest 6 (3/4 of 9, rounded down) every second stays.
    expect(filled(9, 8, true).all).toEqual([1, 3, 5, 7, 8, 9]);
    const long = filled(100_000, 1_024, true).all;
    expect(long.length).toBeLessThanOrEqual(1_024);
    expect(long[0]).toBe(1);
    expect(long.at(-1)).toBe(100_000);
  });

  it("gives what is new since a number; where that is much, every n-th with the newest", () => {
    const history = filled(10, 100, false);
    expect(history.since(7, 100)).toEqual([8, 9, 10]);
    expect(history.since(10, 100)).toEqual([]);
    expect(history.since(0, 4)).toEqual([1, 4, 7, 10]);
  });
});

describe("RateMeter", () => {
  const read = (meter: RateMeter, total: number, nowMs: number) => meter.read(new Map([["a", total]]), nowMs);

  it("is what was added over the last five seconds, a second", () => {
    const meter = new RateMeter();
    read(meter, 100, 0);
    expect(meter.rate("a")).toBe(0);
    read(meter, 300, 1_000);
    expect(meter.rate("a")).toBe(200);
    for (let second = 2; second <= 6; second += 1) read(meter, 300, 1_000 * second);
    expect(meter.rate("a")).toBe(0);
  });

  it("forgets names that are no longer read", () => {
    const meter = new RateMeter();
    read(meter, 0, 0);
    read(meter, 10, 1_000);
    meter.read(new Map(), 2_000);
    expect(meter.rate("a")).toBe(0);
  });
});
