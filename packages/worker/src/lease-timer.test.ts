import { expect, it } from "vitest";
import { LeaseTimer } from "./lease-timer.ts";

it("[L3] the first microbatch is done however late it is, and then none after the time", () => {
  let nowMs = 1_000;
  const timer = new LeaseTimer(() => nowMs, 50);
  nowMs = 1_200;
  expect(timer.isOver()).toBe(false);
  expect(timer.isOver()).toBe(true);
  expect(timer.elapsed).toBe(200);
});

it("[L3] microbatches go on while there is time", () => {
  let nowMs = 0;
  const timer = new LeaseTimer(() => nowMs, 50);
  for (nowMs = 0; nowMs < 50; nowMs += 10) expect(timer.isOver()).toBe(false);
  expect(timer.isOver()).toBe(true);
});
