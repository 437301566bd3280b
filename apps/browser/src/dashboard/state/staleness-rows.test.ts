import { describe, expect, it } from "vitest";
import { stalenessRows } from "./staleness-rows.ts";

describe("the histogram of staleness", () => {
  it("ends with the last bar that has something in it, but shows a few", () => {
    expect(stalenessRows([6, 2, 0, 0, 0])).toEqual([
      { label: "0", count: 6, share: 0.75 },
      { label: "1", count: 2, share: 0.25 },
      { label: "2", count: 0, share: 0 },
    ]);
    expect(stalenessRows([0, 0, 0, 1, 0]).length).toBe(4);
  });

  it("says that the last place holds everything beyond", () => {
    expect(stalenessRows([1, 0, 0, 1]).at(-1)).toEqual({ label: "3 or more", count: 1, share: 0.5 });
  });

  it("has no shares before anything came", () => {
    expect(stalenessRows([0, 0, 0, 0]).map(({ share }) => share)).toEqual([0, 0, 0]);
  });
});
