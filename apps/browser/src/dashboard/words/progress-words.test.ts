import type { WatchedProgress } from "@tributary/protocol";
import { describe, expect, it } from "vitest";
import type { CurvePoint } from "../state/step-series.ts";
import { someProgress, someRun } from "../testing/watched-figures.ts";
import { curveSentence, secondsLeft, shareDone } from "./progress-words.ts";

const progress = (step: number, state: WatchedProgress["state"] = "running") => someProgress(step, { state });
const run = someRun();

const point = (step: number, seconds: number): CurvePoint => ({
  step,
  seconds,
  samples: 0,
  loss: 1,
  gradientNorm: 1,
  metrics: {},
  count: 1,
});

describe("time left", () => {
  it("follows the pace of the latest steps", () => {
    // 4 steps in 2 s, 90 to go.
    expect(secondsLeft(progress(10), run, [point(6, 5), point(10, 7)])).toBe(45);
  });

  it("is unknown before the second step, and while nothing goes on", () => {
    expect(secondsLeft(progress(1), run, [point(1, 1)])).toBeNull();
    expect(secondsLeft(progress(10, "paused"), run, [point(6, 5), point(10, 7)])).toBeNull();
    expect(secondsLeft(progress(0), run, [])).toBeNull();
  });

  it("goes with the share that is done", () => {
    expect([shareDone(progress(25), run), shareDone(progress(0), { ...run, totalSteps: 0 })]).toEqual([0.25, 0]);
  });
});

describe("a curve in words", () => {
  const figure = (value: number | null) => (value ?? 0).toFixed(1);

  it("tells first, last and test", () => {
    const rows = [
      { step: 1, train: 2.3, test: null },
      { step: 50, train: null, test: 0.4 },
      { step: 60, train: 0.3, test: null },
    ];
    expect(curveSentence("Loss", rows, figure)).toBe(
      "Loss in training: 2.3 at step 1, 0.3 at step 60. On the test data: 0.4 at step 50.",
    );
  });

  it("says when there is nothing yet", () => {
    expect(curveSentence("Loss", [], figure)).toBe("Loss: no step is done yet.");
  });
});
