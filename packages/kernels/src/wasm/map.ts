import { elementCount } from "@tributary/program";
import type { MapKernel } from "../ir.ts";
import { type PreparedBody, prepareBody } from "./body.ts";
import type { BodyAccess, KernelContext } from "./context.ts";
import { type BodyAccesses, bodyAccesses, planLoops } from "./loop-axes.ts";
import { Streams } from "./streams.ts";

const LANES = 4;

/** Adjacent vectors that are written together: two, which an engine can make one of twice the width. */
const PAIR = 2;

/** Writes the loops of a map kernel. */
export function emitMap(context: KernelContext, kernel: MapKernel): void {
  const { body } = kernel;
  if (elementCount(body.shape) === 0) return;
  const plan = bodyAccesses(body);
  const axes = planLoops(
    body.shape,
    plan.accesses,
    body.shape.map(() => 0),
  );
  const prepared = prepareBody(context, body);
  const inner = axes.sizes.length - 1;
  const streams = new Streams(context, axes.accesses, inner);
  const nest = (axis: number): void => {
    if (axis < inner) streams.loop(axis, axes.sizes[axis], 1, () => nest(axis + 1));
    else
      emitLanes(streams, inner, axes.sizes[inner] ?? 1, (vectors, lanes) => {
        emitWith(prepared, streams, plan, vectors, lanes);
      });
  };
  nest(0);
}

/** Cuts the innermost axis into pairs of vectors, one vector and single elements, in that order. */
export function emitLanes(
  streams: Streams,
  axis: number,
  size: number,
  emit: (vectors: number, lanes: 1 | 4) => void,
  vectors = PAIR,
): void {
  let rest = size;
  const cut = (count: number, lanes: 1 | 4): void => {
    const step = count * lanes;
    const turns = Math.floor(rest / step);
    streams.walk(axis, turns, step, () => emit(count, lanes));
    rest -= turns * step;
    if (turns === 1 && rest > 0) streams.advance(axis, step);
    moved += turns > 1 || rest > 0 ? turns * step : 0;
  };
  let moved = 0;
  for (let count = vectors; count >= 1; count /= 2) cut(count, LANES);
  cut(1, 1);
  if (moved > 0) streams.advance(axis, -moved);
}

function emitWith(prepared: PreparedBody, streams: Streams, plan: BodyAccesses, vectors: number, lanes: 1 | 4): void {
  prepared.emit(vectors, streamAccess(streams, plan, lanes));
}

/** A body's elements through streams; `result` pushes what the kernel around it has computed. */
export function streamAccess(
  streams: Streams,
  plan: BodyAccesses,
  lanes: 1 | 4,
  result: BodyAccess["result"] = () => {},
): BodyAccess {
  const access = (step: number): number => plan.ofStep.get(step) ?? 0;
  return {
    load: (step, vector) => streams.pushLoad(access(step), vector, lanes),
    index: (step, vector) => streams.pushIndex(access(step), vector),
    result,
    store: (store, vector, value) => streams.store(plan.firstStore + store, vector, lanes, value),
  };
}
