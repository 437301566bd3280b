import { elementCount, type Shape } from "@tributary/program";
import type { Window } from "./ir.ts";

/** Strides of a row-major tensor, in elements. */
export function denseStrides(shape: Shape): number[] {
  const strides: number[] = [];
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

/** The whole of a row-major tensor, from element `offset` on. */
export function denseWindow(shape: Shape, offset = 0): Window {
  return { offset, strides: denseStrides(shape) };
}

/** Whether the window's elements lie one after another in row-major order. Strides of axes of size 1 do not matter. */
export function isDense(shape: Shape, window: Window): boolean {
  if (elementCount(shape) === 0) return true;
  const dense = denseStrides(shape);
  return shape.every((size, axis) => size === 1 || window.strides[axis] === dense[axis]);
}

/** Whether two windows over one shape touch the same elements in the same order. */
export function windowsEqual(shape: Shape, a: Window, b: Window): boolean {
  return a.offset === b.offset && shape.every((size, axis) => size <= 1 || a.strides[axis] === b.strides[axis]);
}

/** First and last element that a window touches; null when it has no elements. */
export function windowBounds(shape: Shape, window: Window): { first: number; last: number } | null {
  let first = window.offset;
  let last = window.offset;
  for (const [axis, size] of shape.entries()) {
    if (size === 0) return null;
    const reach = (size - 1) * window.strides[axis];
    if (reach < 0) first += reach;
    else last += reach;
  }
  return { first, last };
}

/** The window under another shape of as many elements, or null when no strides describe it. */
export function reshapeWindow(shape: Shape, window: Window, reshaped: Shape): Window | null {
  if (elementCount(shape) === 0) return denseWindow(reshaped, window.offset);
  const runs: { size: number; stride: number }[] = [];
  for (const [axis, size] of shape.entries()) {
    if (size === 1) continue;
    const stride = window.strides[axis];
    const previous = runs.at(-1);
    if (previous !== undefined && previous.stride === stride * size) {
      previous.size *= size;
      previous.stride = stride;
    } else {
      runs.push({ size, stride });
    }
  }
  const strides: number[] = reshaped.map(() => 0);
  let run = runs.pop();
  for (let axis = reshaped.length - 1; axis >= 0; axis--) {
    const size = reshaped[axis];
    if (size === 1) continue;
    if (run?.size === 1) run = runs.pop();
    if (run === undefined || run.size % size !== 0) return null;
    strides[axis] = run.stride;
    run.stride *= size;
    run.size /= size;
  }
  return { offset: window.offset, strides };
}

/** Output axis i is axis permutation[i]. */
export function permuteWindow(window: Window, permutation: readonly number[]): Window {
  return { offset: window.offset, strides: permutation.map((axis) => window.strides[axis]) };
}

/** NumPy's broadcast of `shape` to `target`: stretched and new axes get stride 0. */
export function broadcastWindow(shape: Shape, window: Window, target: Shape): Window {
  const missing = target.length - shape.length;
  return {
    offset: window.offset,
    strides: target.map((size, axis) => {
      const source = axis - missing;
      return source < 0 || (shape[source] === 1 && size !== 1) ? 0 : window.strides[source];
    }),
  };
}

/** Elements starts, starts + steps, ... of each axis. */
export function sliceWindow(window: Window, starts: readonly number[], steps: readonly number[]): Window {
  return {
    offset: starts.reduce((offset, start, axis) => offset + start * window.strides[axis], window.offset),
    strides: window.strides.map((stride, axis) => stride * steps[axis]),
  };
}

/** Each of `axes` from its end. */
export function flipWindow(shape: Shape, window: Window, axes: readonly number[]): Window {
  let offset = window.offset;
  const strides = [...window.strides];
  for (const axis of axes) {
    offset += Math.max(0, shape[axis] - 1) * strides[axis];
    strides[axis] = -strides[axis];
  }
  return { offset, strides };
}
