import { describe, expect, it } from "vitest";
import { microbatchRounds } from "./microbatch-rounds.ts";

describe("microbatchRounds", () => {
  it("[L3] gives fewer rounds to a lease of few microbatches, down to one", () => {
    expect([1, 2, 5, 6, 100].map((count) => microbatchRounds(count, 2).length)).toEqual([1, 1, 2, 3, 4]);
  });

  it("[L3] gives two threads ten microbatches in four rounds of 2, 3, 2 and 3", () => {
    expect(microbatchRounds(10, 2).map((round) => round.map(({ first, count }) => [first, count]))).toEqual([
      [
        [0, 1],
        [1, 1],
      ],
      [
        [2, 1],
        [3, 2],
      ],
      [
        [5, 1],
        [6, 1],
      ],
      [
        [7, 1],
        [8, 2],
      ],
    ]);
  });

  it("[L3] every microbatch belongs to one range, and ranges follow each other, for any number of threads", () => {
    for (let threads = 1; threads <= 9; threads++) {
      for (let microbatches = 1; microbatches <= 40; microbatches++) {
        const flat = microbatchRounds(microbatches, threads).flat();
        let next = 0;
        for (const { first, count } of flat) {
          expect(first).toBe(next);
          next += count;
        }
        expect(next).toBe(microbatches);
      }
    }
  });
});
