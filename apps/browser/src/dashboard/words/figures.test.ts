import { describe, expect, it } from "vitest";
import {
  bytes,
  clock,
  counted,
  figure,
  metricFigure,
  metricLabel,
  milliseconds,
  percent,
  rate,
  spoken,
  wholeNumber,
} from "./figures.ts";

/** Thin spaces as plain ones, so that the expectations can be read. */
const plain = (text: string) => text.replaceAll("\u202f", " ");

describe("figures", () => {
  it.each([
    [0, "0"],
    [0.00001234, "1.2e-5"],
    [0.012345, "0.0123"],
    [1.2345, "1.23"],
    [12.345, "12.3"],
    [123.45, "123"],
    [-1234.5, "-1,234"],
    [null, "–"],
    [Number.NaN, "–"],
  ])("shows %s as %s", (value, text) => expect(plain(figure(value))).toBe(text));

  it("sets thousands apart", () => {
    expect([1, 999, 1000, 12_345_678].map((value) => plain(wholeNumber(value)))).toEqual([
      "1",
      "999",
      "1,000",
      "12,345,678",
    ]);
  });

  it("gives bytes in units of a thousand", () => {
    expect([0, 999, 1000, 61_706, 246_824, 1_500_000, 3e12].map((value) => plain(bytes(value)))).toEqual([
      "0 B",
      "999 B",
      "1.0 kB",
      "61.7 kB",
      "247 kB",
      "1.5 MB",
      "3.0 TB",
    ]);
  });

  it("gives times as a clock, or as people say them", () => {
    expect([0, 42, 725, 11_220].map(clock)).toEqual(["0:00", "0:42", "12:05", "3:07:00"]);
    expect([0.4, 12, 200, 9000].map(spoken)).toEqual(["under 1 s", "12 s", "about 3 min", "about 3 h"]);
    expect([null, 0.84, 23.4, 1234].map((value) => plain(milliseconds(value)))).toEqual([
      "–",
      "0.8 ms",
      "23 ms",
      "1.2 s",
    ]);
  });

  it("shows shares as per cent, by the metric's name", () => {
    expect(plain(metricFigure("accuracy", 0.9741))).toBe("97.4 %");
    expect(plain(metricFigure("meanSquaredError", 0.9741))).toBe("0.974");
    expect(metricLabel("meanSquaredError")).toBe("Mean squared error");
    expect(plain(percent(null))).toBe("–");
  });

  it("counts in words", () => {
    expect([counted(0, "worker"), counted(1, "worker"), plain(counted(1200, "worker"))]).toEqual([
      "0 workers",
      "1 worker",
      "1,200 workers",
    ]);
    expect([plain(rate(834.4)), plain(rate(12_345))]).toEqual(["834", "12.3 k"]);
  });
});
