import { describe, expect, it } from "vitest";
import { cellAfterKey, confusionCells, worstMistake } from "./confusion-shades.ts";

const COUNTS = [
  [90, 9, 1],
  [0, 100, 0],
  [4, 0, 96],
];

describe("the confusion matrix", () => {
  it("shades right answers by their share, and mistakes by the worst of them", () => {
    const cells = confusionCells(COUNTS);
    // 0.9 and 1 of 5; sqrt(0.09 / 0.09), sqrt(0.01 / 0.09) = 1/3, sqrt(0.04 / 0.09) = 2/3 of 5.
    expect(cells.map((row) => row.map((cell) => cell.shade))).toEqual([
      [5, 5, 2],
      [0, 5, 0],
      [3, 0, 5],
    ]);
    expect(cells[0]?.[1]).toEqual({ count: 9, share: 0.09, isRight: false, shade: 5 });
  });

  it("has no shade for a class that did not occur", () => {
    expect(
      confusionCells([
        [0, 0],
        [0, 3],
      ])[0]?.map((cell) => [cell.share, cell.shade]),
    ).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  it("names the worst mistake", () => {
    expect(worstMistake(COUNTS)).toEqual({ label: 0, predicted: 1, count: 9 });
    expect(
      worstMistake([
        [3, 0],
        [0, 3],
      ]),
    ).toBeNull();
  });

  it("is walked with the arrow keys, and not left with them", () => {
    expect(cellAfterKey("ArrowDown", { label: 0, predicted: 1 }, 3)).toEqual({ label: 1, predicted: 1 });
    expect(cellAfterKey("ArrowLeft", { label: 0, predicted: 0 }, 3)).toBeNull();
    expect(cellAfterKey("End", { label: 2, predicted: 0 }, 3)).toEqual({ label: 2, predicted: 2 });
    expect(cellAfterKey("Tab", { label: 0, predicted: 0 }, 3)).toBeNull();
  });
});
