import { elementCount } from "@tributary/program";
import type { Body, ReduceKernel, Step, Window } from "../ir.ts";
import { WORKGROUP_SIZE } from "./kernel-code.ts";

/** How the elements of a reduction are shared out. Everything here follows from shapes and strides alone. */
export interface ReductionGeometry {
  /** The kernel over as few axes as possible. */
  readonly kernel: ReduceKernel;
  /** Axes of the prologue that the results have, and those that vanish: what lies closest together in memory comes last. */
  readonly kept: readonly number[];
  readonly reduced: readonly number[];
  /** Number of results. */
  readonly outputs: number;
  /** Elements folded into each. */
  readonly length: number;
  /** Whether neighbours in memory are folded into one result. */
  readonly inner: boolean;
}

/** Geometry of a reduction as it is written. */
export function reductionGeometry(original: ReduceKernel): ReductionGeometry {
  const kernel = collapseReduction(original);
  const { shape } = kernel.prologue;
  const strides = leadingStrides(kernel.prologue);
  const far = (axis: number): number => Math.abs(strides[axis] ?? 0);
  // Axes along which the largest operand does not move stay outside of those along which it does.
  const order = [...shape.keys()].sort((a, b) => rank(far(b)) - rank(far(a)) || a - b);
  const reduced = order.filter((axis) => kernel.axes.includes(axis));
  const kept = order.filter((axis) => !kernel.axes.includes(axis));
  const size = (axes: readonly number[]): number => elementCount(axes.map((axis) => shape[axis]));
  const [closest] = [...order].reverse().filter((axis) => far(axis) > 0);
  const inner = closest === undefined || kernel.axes.includes(closest);
  return { kernel, kept, reduced, outputs: size(kept), length: size(reduced), inner };
}

function rank(distance: number): number {
  return distance === 0 ? Number.MAX_SAFE_INTEGER : distance;
}

/** Strides of the load that touches most elements; none when nothing is loaded. */
function leadingStrides({ shape, steps }: Body): readonly number[] {
  let most = 0;
  let leading: readonly number[] = [];
  for (const step of steps) {
    if (step.kind !== "load") continue;
    const touched = elementCount(shape.filter((_, axis) => step.window.strides[axis] !== 0));
    if (touched > most) {
      most = touched;
      leading = step.window.strides;
    }
  }
  return leading;
}

/** Fewest lanes for a row of neighbours in memory: with fewer, loads of a row are not coalesced. */
const INNER_LANES_MIN = 32;
/** Most lanes where neighbours belong to different results: at least 16 of those stay side by side. */
const OUTER_LANES_MAX = 16;
/** Invocations beyond which more lanes bring nothing. */
const INVOCATIONS_ENOUGH = 65_536;
/** Elements that a lane has at least before there are twice as many lanes. */
const ELEMENTS_MIN = 4;

/** The smallest power of 2 that is not smaller. */
export function powerAbove(count: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, count)));
}

/** Most lanes that may fold into one result. */
export function lanesMax({ inner, outputs }: Pick<ReductionGeometry, "inner" | "outputs">): number {
  if (inner) return WORKGROUP_SIZE;
  return Math.max(OUTER_LANES_MAX, WORKGROUP_SIZE / Math.min(WORKGROUP_SIZE, powerAbove(outputs)));
}

/** How many invocations fold into one result: a power of 2. */
export function lanesOf(geometry: Pick<ReductionGeometry, "inner" | "outputs" | "length">): number {
  const { inner, outputs, length } = geometry;
  const most = Math.min(lanesMax(geometry), powerAbove(length));
  let lanes = inner ? Math.min(INNER_LANES_MIN, most) : 1;
  while (lanes < most && lanes * ELEMENTS_MIN <= length && outputs * lanes < INVOCATIONS_ENOUGH) lanes *= 2;
  return lanes;
}

/** The same reduction with neighbouring axes made one wherever every window runs through them as if they were. */
function collapseReduction({ prologue, axes, reductions, epilogue }: ReduceKernel): ReduceKernel {
  const vanishing = new Set(axes);
  const keptAxes = [...prologue.shape.keys()].filter((axis) => !vanishing.has(axis));
  const widened = windowsOf(epilogue).map(({ strides }) =>
    prologue.shape.map((_, axis) => (vanishing.has(axis) ? 0 : strides[keptAxes.indexOf(axis)])),
  );
  const strides = [...windowsOf(prologue).map((window) => window.strides), ...widened];
  const runs: { first: number; last: number }[] = [];
  for (const [axis, size] of prologue.shape.entries()) {
    if (size === 1) continue;
    const run = runs.at(-1);
    const joins =
      run !== undefined &&
      vanishing.has(run.last) === vanishing.has(axis) &&
      strides.every((own) => own[run.last] === own[axis] * size);
    if (joins) run.last = axis;
    else runs.push({ first: axis, last: axis });
  }
  const shape = runs.map(({ first, last }) => elementCount(prologue.shape.slice(first, last + 1)));
  const isReduced = runs.map(({ last }) => vanishing.has(last));
  const keptRuns = runs.filter((_, index) => !isReduced[index]);
  return {
    kind: "reduce",
    prologue: overAxes(
      prologue,
      shape,
      runs.map(({ last }) => last),
    ),
    axes: [...isReduced.keys()].filter((index) => isReduced[index]),
    reductions,
    epilogue: overAxes(
      epilogue,
      shape.filter((_, index) => !isReduced[index]),
      keptRuns.map(({ last }) => keptAxes.indexOf(last)),
    ),
  };
}

function windowsOf({ steps, stores }: Body): Window[] {
  const loaded = steps.flatMap((step) => (step.kind === "load" || step.kind === "index" ? [step.window] : []));
  return [...loaded, ...stores.map(({ window }) => window)];
}

/** The body over another shape, of whose axes each is made of the one named and perhaps of some before it. */
function overAxes(body: Body, shape: readonly number[], axes: readonly number[]): Body {
  return mapBodyWindows(body, shape, ({ offset, strides }) => ({ offset, strides: axes.map((axis) => strides[axis]) }));
}

/** The body over another shape with every window changed. */
export function mapBodyWindows(body: Body, shape: readonly number[], change: (window: Window) => Window): Body {
  return {
    shape,
    steps: body.steps.map(
      (step): Step => (step.kind === "load" || step.kind === "index" ? { ...step, window: change(step.window) } : step),
    ),
    stores: body.stores.map((store) => ({ ...store, window: change(store.window) })),
  };
}
