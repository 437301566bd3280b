import { describe, expect, it } from "vitest";
import { stepLabels, tickLabels } from "./tick-labels.ts";

it("labels have as many decimals as the distance between them", () => {
  expect(tickLabels([2.75, 3, 3.25], 0.25)).toEqual(["2.75", "3.00", "3.25"]);
  expect(tickLabels([0, 0.5, 1], 0.5)).toEqual(["0.0", "0.5", "1.0"]);
  expect(tickLabels([0, 10], 10)).toEqual(["0", "10"]);
  expect(tickLabels([0.9, 0.925], 0.025, 100)).toEqual(["90.0", "92.5"]);
  expect(tickLabels([0, 0.2], 0.2, 100)).toEqual(["0", "20"]);
});

it("labels without room are empty", () => expect(tickLabels([1, null], 1)).toEqual(["1", ""]));

describe("labels of steps", () => {
  it("are whole, and short where there are many", () => {
    expect(stepLabels([0, 0.5, 1])).toEqual(["0", "", "1"]);
    expect(stepLabels([0, 5_000, 10_000])).toEqual(["0", "5,000", "10,000"]);
    expect(stepLabels([0, 50_000, 100_000])).toEqual(["0", "50k", "100k"]);
    expect(stepLabels([2_500_000, 5_000_000, 12_500_000])).toEqual(["2.5M", "5M", "12.5M"]);
  });
});
