import type { StepPoint } from "@tributary/protocol";
import { describe, expect, it } from "vitest";
import { appendSteps, cutFrom, EMPTY_SERIES } from "./step-series.ts";

const step = (number: number, loss: number | null = number): StepPoint => ({
  step: number,
  samples: 64 * number,
  seconds: number,
  loss,
  gradientNorm: 1,
  metrics: { accuracy: number / 10 },
});

const steps = (...numbers: number[]) => numbers.map((number) => step(number));

describe("the series of steps", () => {
  it("keeps every step while there is room", () => {
    const series = appendSteps(EMPTY_SERIES, steps(1, 2, 3), 4);
    expect(series.points.map((point) => point.step)).toEqual([1, 2, 3]);
  });

  it("takes no step twice, and none out of order", () => {
    const series = appendSteps(appendSteps(EMPTY_SERIES, steps(1, 2)), steps(2, 1, 3, 3));
    expect(series.points.map((point) => point.step)).toEqual([1, 2, 3]);
  });

  it("merges neighbours into their mean when it is full, and those that follow as well", () => {
    const full = appendSteps(EMPTY_SERIES, steps(1, 2, 3, 4, 5), 4);
    expect(full.stride).toBe(2);
    expect(full.points.map(({ step: at, loss, count }) => [at, loss, count])).toEqual([
      [2, 1.5, 2],
      [4, 3.5, 2],
      [5, 5, 1],
    ]);
    expect(full.points[0]?.metrics).toEqual({ accuracy: expect.closeTo(0.15, 12) });
    const more = appendSteps(full, steps(6, 7), 4);
    expect(more.points.map(({ step: at, loss }) => [at, loss])).toEqual([
      [2, 1.5],
      [4, 3.5],
      [6, 5.5],
      [7, 7],
    ]);
  });

  it("weighs points that stand for different numbers of steps by these numbers", () => {
    const full = appendSteps(EMPTY_SERIES, steps(1, 2, 3, 4, 5), 4);
    // 1 ... 4 become (1 + 2 + 3 + 4) / 4; the third point stands for 5 and 6, and 7 and 8 follow: then 9 makes it halve again.
    const halved = appendSteps(full, steps(6, 7, 8, 9), 4);
    expect(halved.points.map(({ step: at, loss, count }) => [at, loss, count])).toEqual([
      [4, 2.5, 4],
      [8, 6.5, 4],
      [9, 9, 1],
    ]);
    // A point of one step beside one of four: (4 x 0 + 1 x 10) / 5.
    const uneven = { stride: 5, points: [{ ...step(4, 0), count: 4 }] };
    expect(appendSteps(uneven, [step(5, 10)]).points.map(({ loss }) => loss)).toEqual([2]);
  });

  it("stays within its bound however long the run is", () => {
    let series = EMPTY_SERIES;
    for (let at = 1; at <= 10_000; at++) series = appendSteps(series, [step(at)], 100);
    expect(series.points.length).toBeLessThanOrEqual(100);
    expect(series.points.reduce((sum, point) => sum + point.count, 0)).toBe(10_000);
    expect(series.points.at(-1)?.step).toBe(10_000);
  });

  it("leaves losses that are not finite out of the mean", () => {
    const series = appendSteps(EMPTY_SERIES, [step(1, 4), step(2, null), step(3, null)], 2);
    expect(series.points.map((point) => point.loss)).toEqual([4, null]);
  });

  it("forgets the steps that a resumed run does again", () => {
    expect(cutFrom(appendSteps(EMPTY_SERIES, steps(1, 2, 3)), 2).points.map((point) => point.step)).toEqual([1]);
  });
});
