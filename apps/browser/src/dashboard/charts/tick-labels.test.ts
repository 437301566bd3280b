import { expect, it } from "vitest";
import { tickLabels } from "./tick-labels.ts";

it("labels have as many decimals as the distance between them", () => {
  expect(tickLabels([2.75, 3, 3.25], 0.25)).toEqual(["2.75", "3.00", "3.25"]);
  expect(tickLabels([0, 0.5, 1], 0.5)).toEqual(["0.0", "0.5", "1.0"]);
  expect(tickLabels([0, 10], 10)).toEqual(["0", "10"]);
  expect(tickLabels([0.9, 0.925], 0.025, 100)).toEqual(["90.0", "92.5"]);
  expect(tickLabels([0, 0.2], 0.2, 100)).toEqual(["0", "20"]);
});

it("labels without room are empty", () => expect(tickLabels([1, null], 1)).toEqual(["1", ""]));
