import type { Shape } from "@tributary/program";
import type { Body, Window } from "../ir.ts";
import type { StreamAccess } from "./streams.ts";
/** A nest of loops, outermost first, and how accesses move along each. */
export interface LoopAxes {
  readonly sizes: readonly number[];
  /** For each loop the group it belongs to (such as reduced or kept), as given. */
  readonly groups: readonly number[];
  readonly accesses: readonly StreamAccess[];
}

/**
 * Loops over a shape with as few and as long axes as the accesses allow: axes of size 1 vanish, the axis with the most neighbours in
 * memory comes last, and axes along which every access goes on evenly become one.
 * @param groups one number an axis: axes of different groups are never made one
 */
export function planLoops(shape: Shape, accesses: readonly StreamAccess[], groups: readonly number[]): LoopAxes {
  const axes = [...shape.keys()].filter((axis) => shape[axis] !== 1);
  const inner = innermost(shape, accesses, axes);
  const order = [...axes.filter((axis) => axis !== inner), ...(inner === null ? [] : [inner])];
  const sizes: number[] = [];
  const merged: number[] = [];
  const strides: number[][] = accesses.map(() => []);
  for (const axis of order) {
    const size = shape[axis];
    const last = sizes.length - 1;
    const even = accesses.every(({ window }, index) => strides[index][last] === window.strides[axis] * size);
    if (last >= 0 && merged[last] === groups[axis] && even) {
      sizes[last] *= size;
      for (const [index, { window }] of accesses.entries()) strides[index][last] = window.strides[axis];
    } else {
      sizes.push(size);
      merged.push(groups[axis]);
      for (const [index, { window }] of accesses.entries()) strides[index].push(window.strides[axis]);
    }
  }
  return {
    sizes,
    groups: merged,
    accesses: accesses.map((access, index) => ({
      ...access,
      window: { offset: access.window.offset, strides: strides[index] },
    })),
  };
}

/** Axes shorter than a vector are no good as innermost ones. */
const LANES = 4;

function innermost(shape: Shape, accesses: readonly StreamAccess[], axes: readonly number[]): number | null {
  let best: number | null = null;
  let bestScore = -1;
  for (const axis of axes) {
    let score = 0;
    for (const { storage, window } of accesses) {
      const stride = window.strides[axis];
      if (storage !== null && stride === 1) score += 2;
      else if (stride === 0) score += 1;
    }
    if (shape[axis] < LANES) score /= 4;
    if (score >= bestScore) {
      best = axis;
      bestScore = score;
    }
  }
  return best;
}

/** The accesses of a body: its loads and index numbers by step, then its stores. */
export interface BodyAccesses {
  readonly accesses: readonly StreamAccess[];
  /** Number of the access of each load or index step. */
  readonly ofStep: ReadonlyMap<number, number>;
  /** Number of the access of store 0; those of the others follow. */
  readonly firstStore: number;
}

/** Lists a body's accesses. @param first number of the first of them @param widen turns its windows into those of the loops */
export function bodyAccesses(
  body: Body,
  first = 0,
  widen: (window: Window) => Window = (window) => window,
): BodyAccesses {
  const accesses: StreamAccess[] = [];
  const ofStep = new Map<number, number>();
  for (const [number, step] of body.steps.entries()) {
    if (step.kind !== "load" && step.kind !== "index") continue;
    ofStep.set(number, first + accesses.length);
    const storage = step.kind === "load" ? step.storage : null;
    accesses.push({ storage, dtype: step.dtype, window: widen(step.window) });
  }
  const firstStore = first + accesses.length;
  for (const store of body.stores) {
    accesses.push({ storage: store.storage, dtype: body.steps[store.step].dtype, window: widen(store.window) });
  }
  return { accesses, ofStep, firstStore };
}
