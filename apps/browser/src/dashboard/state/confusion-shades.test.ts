import { describe, expect, it } from "vitest";
import { cellAfterKey, confusionCells, shownClasses, worstMistake } from "./confusion-shades.ts";

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
    expect(cellAfterKey("ArrowDown", { row: 0, column: 1 }, 3)).toEqual({ row: 1, column: 1 });
    expect(cellAfterKey("ArrowLeft", { row: 0, column: 0 }, 3)).toBeNull();
    expect(cellAfterKey("ArrowDown", { row: 2, column: 0 }, 3)).toBeNull();
    expect(cellAfterKey("End", { row: 2, column: 0 }, 3)).toEqual({ row: 2, column: 2 });
    expect(cellAfterKey("Tab", { row: 0, column: 0 }, 3)).toBeNull();
  });

  it("shows of many classes those that are mixed up most", () => {
    // Mistakes that a class takes part in: 0 with 14, 1 with 9, 2 with 5.
    expect(shownClasses(COUNTS, 2)).toEqual([0, 1]);
    expect(shownClasses(COUNTS, 3)).toEqual([0, 1, 2]);
    expect(
      shownClasses(
        [
          [1, 0, 0],
          [0, 1, 0],
          [0, 7, 1],
        ],
        2,
      ),
    ).toEqual([1, 2]);
  });
});
