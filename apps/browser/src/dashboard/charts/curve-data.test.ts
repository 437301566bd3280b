import { describe, expect, it } from "vitest";
import type { CurvePoint } from "../state/step-series.ts";
import { curveData, curveRows } from "./curve-data.ts";

const point = (step: number, loss: number | null, accuracy: number): CurvePoint => ({
  step,
  samples: 0,
  seconds: 0,
  loss,
  gradientNorm: null,
  metrics: { accuracy },
  count: 1,
});

const epoch = (step: number, testLoss: number, accuracy: number) => ({
  epoch: 1,
  step,
  seconds: 0,
  trainLoss: null,
  testLoss,
  trainMetrics: {},
  testMetrics: { accuracy },
});

const PLAIN = { smoothing: 0, logarithmic: false };

describe("the columns of a curve", () => {
  it("put training and test on one axis of steps", () => {
    const data = curveData(
      { kind: "loss" },
      [point(2, 4, 0.1), point(4, 3, 0.2), point(6, 2, 0.3)],
      [epoch(5, 2.5, 0.4)],
      PLAIN,
    );
    expect(data).toEqual({
      steps: [2, 4, 5, 6],
      train: [4, 3, null, 2],
      trainSmoothed: [4, 3, null, 2],
      test: [null, null, 2.5, null],
    });
  });

  it("are of a metric by its name, smoothed without counting the ends of epochs", () => {
    const curve = { kind: "metric", name: "accuracy" } as const;
    const data = curveData(curve, [point(1, 0, 0.4), point(3, 0, 0.8)], [epoch(2, 0, 0.5)], {
      ...PLAIN,
      smoothing: 0.5,
    });
    expect(data.trainSmoothed).toEqual([expect.closeTo(0.4, 12), null, expect.closeTo(2 / 3, 12)]);
    expect(data.test).toEqual([null, 0.5, null]);
  });

  it("leave out what a logarithm does not have", () => {
    const data = curveData({ kind: "loss" }, [point(1, 0, 0), point(2, 1, 0)], [], { smoothing: 0, logarithmic: true });
    expect(data.train).toEqual([null, 1]);
  });
});

describe("the table of a curve", () => {
  it("has first and last, rows between them, and the ends of epochs", () => {
    const points = Array.from({ length: 11 }, (_, index) => point(10 * index, index, 0));
    const rows = curveRows(curveData({ kind: "loss" }, points, [epoch(75, 3, 0)], PLAIN), 3);
    expect(rows.map((row) => [row.step, row.train, row.test])).toEqual([
      [0, 0, null],
      [60, 6, null],
      [75, null, 3],
      [100, 10, null],
    ]);
  });

  it("is empty before the first step", () => {
    expect(curveRows(curveData({ kind: "loss" }, [], [], PLAIN), 5)).toEqual([]);
  });
});
