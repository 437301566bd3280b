import { describe, expect, it } from "vitest";
import { factorFigure } from "./figures.ts";
import { parseFactor } from "./learning-rate-factor.ts";

describe("a factor of the learning rate", () => {
  it("is read as people write it", () => {
    expect(["0.5", " 2 ", ".1", "0,25", "1e-3", "1000"].map(parseFactor)).toEqual([0.5, 2, 0.1, 0.25, 0.001, 1000]);
  });

  it.each(["", "0", "-1", "1001", "half", "1.2.3", "1 000", "NaN", "Infinity", "0x10", "5."])(
    "%j is refused",
    (text) => {
      expect(parseFactor(text)).toBeNull();
    },
  );

  it("is shown without digits that say nothing, in a form that can be read again", () => {
    expect([1, 0.5, 0.1 * 0.1, 1 / 3, 0.00005, 1000].map(factorFigure)).toEqual([
      "1",
      "0.5",
      "0.01",
      "0.3333",
      "0.00005",
      "1000",
    ]);
    expect(parseFactor(factorFigure(2e-9))).toBe(2e-9);
  });
});
