import { describe, expect, it } from "vitest";
import { cutIntoPieces, joinPieces, PIECE_WORK } from "./dispatch-work.ts";

describe("the pieces of a dispatch", () => {
  it("is one where it is little work, however many workgroups it has", () => {
    expect(cutIntoPieces([{ workgroups: 200_000, work: PIECE_WORK }])).toEqual([
      { first: 0, workgroups: 200_000, work: PIECE_WORK },
    ]);
  });

  it("are each of no more work than a small GPU does in time", () => {
    const pieces = cutIntoPieces([{ workgroups: 160, work: 2.5 * PIECE_WORK }]);
    expect(pieces.map(({ first, workgroups }) => [first, workgroups])).toEqual([
      [0, 64],
      [64, 64],
      [128, 32],
    ]);
  });

  it("count the work of each kernel's workgroups, and leave none out", () => {
    // 16 workgroups of the first kernel are a piece; all of the second are half of one.
    const pieces = cutIntoPieces([
      { workgroups: 32, work: 2 * PIECE_WORK },
      { workgroups: 64, work: PIECE_WORK / 2 },
    ]);
    expect(pieces.map(({ first, workgroups }) => [first, workgroups])).toEqual([
      [0, 16],
      [16, 16],
      [32, 64],
    ]);
  });

  it("are of so many workgroups as even a small GPU runs beside each other, however much work they are", () => {
    const pieces = cutIntoPieces([{ workgroups: 40, work: 400 * PIECE_WORK }]);
    expect(pieces.map(({ workgroups }) => workgroups)).toEqual([16, 16, 8]);
  });

  it("are at most 64, and of no more workgroups than a line of them may have", () => {
    expect(cutIntoPieces([{ workgroups: 6400, work: 1000 * PIECE_WORK }])).toHaveLength(64);
    const wide = cutIntoPieces([{ workgroups: 200_000, work: 2 * PIECE_WORK }]);
    expect(wide.map(({ workgroups }) => workgroups)).toEqual([65_535, 65_535, 65_535, 3395]);
  });

  it("are joined as a GPU proves able to do more at once", () => {
    const pieces = cutIntoPieces([{ workgroups: 128, work: 8 * PIECE_WORK }]);
    const ranges = (wanted: number) =>
      joinPieces(pieces, wanted).map(({ first, workgroups, number }) => [first, workgroups, number]);
    expect(ranges(4 * PIECE_WORK)).toEqual([
      [0, 64, 0],
      [64, 64, 4],
    ]);
    expect(ranges(100 * PIECE_WORK)).toEqual([[0, 128, 0]]);
    expect(ranges(0)).toHaveLength(8);
  });
});
