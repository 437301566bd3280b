import { describe, expect, it } from "vitest";
import { PIECE_WORK } from "./dispatch-work.ts";
import { GpuPace } from "./gpu-pace.ts";

describe("the pace of a GPU", () => {
  it("is careful at first", () => {
    const { dispatchWork, submitWork } = new GpuPace();
    expect([dispatchWork, submitWork]).toEqual([4 * PIECE_WORK, 16 * PIECE_WORK]);
  });

  it("is what it does in a tenth of a second, and in half a second", () => {
    const pace = new GpuPace();
    pace.note(8 * PIECE_WORK, 8);
    expect([pace.dispatchWork, pace.submitWork]).toEqual([100 * PIECE_WORK, 500 * PIECE_WORK]);
  });

  it("of a slow one stays such that a step of a small model is one command buffer", () => {
    const pace = new GpuPace();
    pace.note(8 * PIECE_WORK, 80_000);
    expect([pace.dispatchWork, pace.submitWork]).toEqual([PIECE_WORK, 16 * PIECE_WORK]);
  });

  it("is not told from little work, which waits more than it computes", () => {
    const pace = new GpuPace();
    pace.note(PIECE_WORK / 8, 10_000);
    expect(pace.dispatchWork).toBe(4 * PIECE_WORK);
  });
});
