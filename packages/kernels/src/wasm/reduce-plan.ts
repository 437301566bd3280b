import type { Shape } from "@tributary/program";
import type { ReduceKernel, Window } from "../ir.ts";
import { type PreparedBody, prepareBody } from "./body.ts";
import type { KernelContext } from "./context.ts";
import { type BodyAccesses, bodyAccesses, type LoopAxes, planLoops } from "./loop-axes.ts";
import { Streams } from "./streams.ts";

/** The group of loop axes that the result has. */
export const KEPT = 0;

/** The group of loop axes over which is reduced. */
export const REDUCED = 1;

/** What the loops of a reduction work with. */
export interface ReducePlan {
  readonly context: KernelContext;
  readonly kernel: ReduceKernel;
  readonly axes: LoopAxes;
  readonly streams: Streams;
  readonly prologue: PreparedBody;
  readonly epilogue: PreparedBody;
  readonly prologueAccesses: BodyAccesses;
  readonly epilogueAccesses: BodyAccesses;
}

/** Plans the loops and sets up the pointers and constants. */
export function planReduce(context: KernelContext, kernel: ReduceKernel): ReducePlan {
  const { shape } = kernel.prologue;
  const groups = shape.map((_, axis) => (kernel.axes.includes(axis) ? REDUCED : KEPT));
  const prologueAccesses = bodyAccesses(kernel.prologue);
  const widen = (window: Window): Window => widenWindow(shape, kernel.axes, window);
  const epilogueAccesses = bodyAccesses(kernel.epilogue, prologueAccesses.accesses.length, widen);
  const accesses = [...prologueAccesses.accesses, ...epilogueAccesses.accesses];
  const axes = planLoops(shape, accesses, groups);
  const prologue = prepareBody(context, kernel.prologue);
  const epilogue = prepareBody(context, kernel.epilogue);
  const streams = new Streams(context, axes.accesses, axes.sizes.length - 1);
  return { context, kernel, axes, streams, prologue, epilogue, prologueAccesses, epilogueAccesses };
}

/** A window over the kept axes as one over all: it stays where it is along the reduced ones. */
function widenWindow(shape: Shape, reduced: readonly number[], window: Window): Window {
  let next = 0;
  return {
    offset: window.offset,
    strides: shape.map((_, axis) => (reduced.includes(axis) ? 0 : window.strides[next++])),
  };
}
