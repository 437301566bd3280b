import { describe, expect, it } from "vitest";
import {
  broadcastWindow,
  denseWindow,
  flipWindow,
  isDense,
  permuteWindow,
  reshapeWindow,
  sliceWindow,
  windowBounds,
} from "./window.ts";

describe("windows", () => {
  it("a dense tensor keeps being dense under any shape", () => {
    expect(reshapeWindow([6, 4], denseWindow([6, 4], 5), [2, 3, 1, 4])).toEqual({ offset: 5, strides: [12, 4, 0, 1] });
  });

  it("a transposed matrix has no strides as a vector, but has them with its axes cut", () => {
    const transposed = permuteWindow(denseWindow([4, 6]), [1, 0]);
    expect(reshapeWindow([6, 4], transposed, [24])).toBeNull();
    expect(reshapeWindow([6, 4], transposed, [2, 3, 4])).toEqual({ offset: 0, strides: [3, 1, 6] });
  });

  it("broadcast axes have stride 0, and are one axis of stride 0 together", () => {
    const wide = broadcastWindow([3], denseWindow([3]), [2, 5, 3]);
    expect(wide.strides).toEqual([0, 0, 1]);
    expect(reshapeWindow([2, 5, 3], wide, [10, 3])?.strides).toEqual([0, 1]);
    expect(reshapeWindow([2, 5, 3], wide, [30])).toBeNull();
  });

  it("slices and flips move the first element", () => {
    const row = sliceWindow(denseWindow([4, 10]), [1, 3], [2, 3]);
    expect(row).toEqual({ offset: 13, strides: [20, 3] });
    expect(flipWindow([2, 3], row, [1])).toEqual({ offset: 19, strides: [20, -3] });
  });

  it("bounds are the first and the last element touched, whatever the direction", () => {
    expect(windowBounds([2, 3], { offset: 19, strides: [20, -3] })).toEqual({ first: 13, last: 39 });
    expect(windowBounds([2, 0], { offset: 19, strides: [20, -3] })).toBeNull();
  });

  it("strides of axes of size 1 do not count", () => {
    expect(isDense([1, 3], { offset: 0, strides: [77, 1] })).toBe(true);
    expect(isDense([2, 3], { offset: 0, strides: [77, 1] })).toBe(false);
  });
});
