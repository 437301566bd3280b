import { describe, expect, it } from "vitest";
import { finishCounts, finishMetric, type MetricForm, metricSumNames } from "./metric-forms.ts";
import { addSums, countEntries, meansOf, type RunSums } from "./run-events.ts";

describe("metric forms", () => {
  const rows: [string, MetricForm, number[], number | null][] = [
    ["mean divides by the samples", { kind: "mean" }, [6], 1.5],
    ["ratio divides the sums", { kind: "ratio" }, [6, 3], 2],
    ["ratio may take the root", { kind: "ratio", transform: "sqrt" }, [18, 2], 3],
    ["ratio may take the power of e", { kind: "ratio", transform: "exp" }, [0, 2], 1],
    ["ratio without a denominator is NaN", { kind: "ratio" }, [0, 0], Number.NaN],
    ["ratio without a denominator is what the form says", { kind: "ratio", empty: 0 }, [0, 0], 0],
    [
      "meanRatio leaves out classes that do not occur",
      { kind: "meanRatio", classes: 3 },
      [1, 0, 0, 2, 0, 0, 3, 4, 0],
      0.25,
    ],
    // Targets 1, 3 met as 1, 2: residual 1, variation (1 + 9) - 16 / 2 = 2.
    ["r2 is 1 - residual / variation", { kind: "r2", outputs: 1 }, [1, 4, 10, 2], 0.5],
    ["r2 of constant targets is 0 unless they are met", { kind: "r2", outputs: 2 }, [1, 0, 2, 2, 2, 2, 2], 0.5],
    ["counts are no number", { kind: "counts", shape: [1, 2] }, [1, 2], null],
  ];
  it.each(rows)("%s", (_, form, sums, expected) => {
    expect(finishMetric(form, sums, 4)).toEqual(expected);
  });
  it("counts become a table, row by row", () => {
    expect(finishCounts({ kind: "counts", shape: [2, 3] }, [1, 2, 3, 4, 5, 6])).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(finishCounts({ kind: "mean" }, [1])).toBe(null);
  });
  it("sums are named by the metric, and numbered when there are several", () => {
    expect(metricSumNames("a", { kind: "mean" })).toEqual(["a"]);
    expect(metricSumNames("a", { kind: "ratio" })).toEqual(["a.0", "a.1"]);
  });
});

describe("sums of a run", () => {
  const forms = { rmse: { kind: "ratio", transform: "sqrt" }, table: { kind: "counts", shape: [1, 2] } } as const;
  const part = (error: number, count: number): RunSums => ({
    loss: error,
    weight: count,
    samples: count,
    metrics: { "rmse.0": error, "rmse.1": count, "table.0": count, "table.1": 1 },
    forms,
  });
  it("add up before they are finished: the root of (16 + 2) / 2, not the mean of two roots", () => {
    const all = addSums(part(16, 1), part(2, 1));
    expect(meansOf("test", all)).toEqual({ testLoss: 9, testRmse: 3 });
    expect(countEntries(null, all)).toEqual({ counts: { testTable: [[2, 2]] } });
  });
  it("without forms are means over the samples", () => {
    const sums = { loss: 2, weight: 4, samples: 4, metrics: { accuracy: 3 } };
    expect(meansOf("train", sums)).toEqual({ trainLoss: 0.5, trainAccuracy: 0.75 });
    expect(countEntries(sums, null)).toEqual({});
  });
});
