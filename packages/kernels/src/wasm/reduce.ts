import { elementCount } from "@tributary/program";
import type { ReduceKernel } from "../ir.ts";
import { Accumulators, BLOCK } from "./accumulators.ts";
import { emitArgmax } from "./argmax.ts";
import type { KernelContext } from "./context.ts";
import { emitLanes, streamAccess } from "./map.ts";
import { KEPT, planReduce, REDUCED, type ReducePlan } from "./reduce-plan.ts";

/** Vectors accumulated side by side, so that an addition need not wait for the one before. */
const VECTORS = 4;

/**
 * Writes a reduction. Where neighbours in memory are reduced, lanes hold partial results; where they are kept, each lane
 * holds a result of its own. Either order is fixed by the kernel alone.
 */
export function emitReduce(context: KernelContext, kernel: ReduceKernel): void {
  if (elementCount(kernel.epilogue.shape) === 0) return;
  const plan = planReduce(context, kernel);
  const kept = [...plan.axes.groups.keys()].filter((axis) => plan.axes.groups[axis] === KEPT);
  const reduced = [...plan.axes.groups.keys()].filter((axis) => plan.axes.groups[axis] === REDUCED);
  const inner = plan.axes.sizes.length - 1;
  if (kernel.reductions.some(({ reducer }) => reducer === "argmax")) {
    nest(plan, kept, () => emitArgmax(plan, reduced[0]));
  } else if (plan.axes.groups[inner] === KEPT) {
    nest(plan, kept.slice(0, -1), () => {
      const emit = (vectors: number, lanes: 1 | 4): void => keepLanes(plan, reduced, vectors, lanes);
      emitLanes(plan.streams, inner, plan.axes.sizes[inner], emit, VECTORS);
    });
  } else {
    nest(plan, kept, () => foldLanes(plan, reduced));
  }
}

/** Runs `body` for every element of these axes. */
function nest(plan: ReducePlan, axes: readonly number[], body: () => void): void {
  const [axis, ...rest] = axes;
  if (axis === undefined) body();
  else plan.streams.loop(axis, plan.axes.sizes[axis], 1, () => nest(plan, rest, body));
}

/** The innermost axis is kept: each lane has a result of its own. */
function keepLanes(plan: ReducePlan, reduced: readonly number[], vectors: number, lanes: 1 | 4): void {
  const turns = reduced.reduce((product, axis) => product * plan.axes.sizes[axis], 1);
  const accumulators = new Accumulators(plan.context.body, plan.kernel.reductions, vectors, turns);
  accumulators.clear();
  const inner = reduced.at(-1);
  nest(plan, reduced.slice(0, -1), () => {
    const size = inner === undefined ? 1 : plan.axes.sizes[inner];
    const moved = accumulate(plan, accumulators, inner, size, 1, () => addVectors(plan, accumulators, vectors, lanes));
    if (inner !== undefined) plan.streams.advance(inner, -moved);
  });
  const results = accumulators.lanes();
  const push = (number: number, vector: number): void => void plan.context.body.get(results[number][vector]);
  plan.epilogue.emit(vectors, streamAccess(plan.streams, plan.epilogueAccesses, lanes, push));
  accumulators.release();
}

/** The innermost axis is reduced: lanes hold partial results, folded at the end. */
function foldLanes(plan: ReducePlan, reduced: readonly number[]): void {
  const { streams, axes } = plan;
  const inner = reduced.at(-1);
  const size = inner === undefined ? 1 : axes.sizes[inner];
  const outer = reduced.slice(0, -1);
  const turns = outer.reduce((product, axis) => product * axes.sizes[axis], 1) * Math.ceil(size / (VECTORS * 4));
  const accumulators = new Accumulators(plan.context.body, plan.kernel.reductions, VECTORS, turns + VECTORS);
  accumulators.clear();
  nest(plan, outer, () => {
    let done = 0;
    let at = 0;
    const cut = (vectors: number, lanes: 1 | 4): void => {
      const step = vectors * lanes;
      const count = Math.floor((size - done) / step);
      if (count === 0) return;
      if (inner !== undefined) streams.advance(inner, done - at);
      const add = (): void => addVectors(plan, accumulators, vectors, lanes, lanes === 1);
      at = done + accumulate(plan, accumulators, inner, count, step, add);
      done += count * step;
    };
    for (let vectors = VECTORS; vectors >= 1; vectors /= 2) cut(vectors, 4);
    cut(1, 1);
    if (inner !== undefined) streams.advance(inner, -at);
  });
  const results = accumulators.folded();
  const push = (number: number): void => void plan.context.body.get(results[number]);
  plan.epilogue.emit(1, streamAccess(streams, plan.epilogueAccesses, 1, push));
  accumulators.release();
}

/**
 * Runs `add` count times, each time `step` elements of the axis further on, and flushes float sums in time.
 * @returns how far the pointers have moved
 */
function accumulate(
  plan: ReducePlan,
  accumulators: Accumulators,
  axis: number | undefined,
  count: number,
  step: number,
  add: () => void,
): number {
  if (axis === undefined) {
    add();
    if (accumulators.blocked) accumulators.flush();
    return 0;
  }
  const blocks = accumulators.blocked ? Math.floor(count / BLOCK) : 0;
  plan.streams.walk(axis, blocks, 0, () => {
    plan.streams.walk(axis, BLOCK, step, add);
    accumulators.flush();
  });
  const rest = count - blocks * BLOCK;
  plan.streams.walk(axis, rest, step, add);
  if (accumulators.blocked && rest > 0) accumulators.flush();
  return (blocks * BLOCK + (rest > 1 ? rest : 0)) * step;
}

function addVectors(
  plan: ReducePlan,
  accumulators: Accumulators,
  vectors: number,
  lanes: 1 | 4,
  onlyFirstLane = false,
): void {
  const wanted = plan.kernel.reductions.map(({ step }) => step);
  plan.prologue.emitFor(vectors, streamAccess(plan.streams, plan.prologueAccesses, lanes), wanted, (values) => {
    accumulators.add(values, onlyFirstLane);
  });
}
