import { elementCount } from "@tributary/program";
import type { Kernel, ReduceKernel, StorageId, Window } from "../ir.ts";
import { denseStrides } from "../window.ts";
import type { GpuFeatures, GpuStorages } from "./kernel-code.ts";
import { lanesMax, mapBodyWindows, type ReductionGeometry, reductionGeometry } from "./reduction-geometry.ts";

/** Elements of a lane up to which one pass is as fast as two. */
const LANE_ELEMENTS_MAX = 64;
/** Elements that an invocation of the first pass has at least. */
const LANE_ELEMENTS_MIN = 4;
/** Invocations that keep a GPU busy: 160 workgroups. */
const INVOCATIONS_WANTED = 40_960;

/**
 * Makes two passes of reductions with few results and very many elements: the first leaves sums of parts in memory, for each part a result, the
 * second folds those and does what came behind the reduction. The choice follows from shapes and strides alone. Loops over time are left
 * as they are.
 */
export function splitReductions(
  storages: GpuStorages,
  kernels: readonly Kernel[],
  _features: GpuFeatures,
): readonly Kernel[] {
  return kernels.flatMap((kernel) => (kernel.kind === "reduce" ? splitReduction(storages, kernel) : [kernel]));
}

/** Into how many parts the elements of each result are cut; 1 is one pass. */
export function partsOf(geometry: ReductionGeometry): number {
  const { outputs, length, kernel } = geometry;
  const once = kernel.reductions.some(({ reducer }) => reducer === "argmax");
  const lanes = lanesMax(geometry);
  if (once || outputs === 0 || length / lanes <= LANE_ELEMENTS_MAX) return 1;
  const wanted = Math.min((outputs * length) / LANE_ELEMENTS_MIN, INVOCATIONS_WANTED);
  return Math.max(1, Math.ceil(wanted / (outputs * lanes)));
}

function splitReduction(storages: GpuStorages, kernel: ReduceKernel): readonly Kernel[] {
  if (elementCount(kernel.epilogue.shape) === 0) return [];
  const geometry = reductionGeometry(kernel);
  const wanted = partsOf(geometry);
  if (wanted === 1) return [kernel];
  const cuts = cutAxes(geometry, wanted);
  const parts = elementCount(cuts.map(({ parts }) => parts));
  const remainder = cuts.find(({ rest }) => rest > 0);
  const outer = remainder === undefined ? 0 : parts / remainder.parts;
  const { shape } = geometry.kernel.epilogue;
  const count = elementCount(shape);
  const partials = kernel.reductions.map(({ dtype }) => storages.add({ dtype, length: (parts + outer) * count }));
  const passes: Kernel[] = [firstPass(geometry, cuts, partials, 0)];
  if (remainder !== undefined) passes.push(remainderPass(geometry, cuts, partials, parts * count));
  return [...passes, secondPass(geometry, partials, parts + outer)];
}

/** A reduced axis cut into equal parts of `size` elements, and a smaller last one of `rest`. */
interface Cut {
  readonly axis: number;
  readonly parts: number;
  readonly size: number;
  readonly rest: number;
}

/** Axes are cut from the outermost in, each into as many parts as are still wanted. Only the last may leave a rest. */
function cutAxes({ kernel, reduced }: ReductionGeometry, wanted: number): Cut[] {
  const cuts: Cut[] = [];
  let missing = wanted;
  for (const axis of reduced) {
    if (missing <= 1) break;
    const length = kernel.prologue.shape[axis];
    const size = partSize(length, Math.min(missing, length));
    const parts = Math.floor(length / size);
    cuts.push({ axis, parts, size, rest: length - parts * size });
    missing = size > 1 ? 1 : Math.ceil(missing / length);
  }
  return cuts;
}

/** Parts may be so much larger than asked for if then nothing is left over. */
const LARGER_MAX = 1.6;

/** Elements of a part of an axis of which about so many parts are wanted. */
function partSize(length: number, wanted: number): number {
  const smallest = Math.ceil(length / wanted);
  for (let size = smallest; size <= smallest * LARGER_MAX; size++) if (length % size === 0) return size;
  return smallest;
}

/** Folds every whole part. Its prologue has an axis of parts for each cut before all others. */
function firstPass(
  { kernel }: ReductionGeometry,
  cuts: readonly Cut[],
  partials: readonly StorageId[],
  offset: number,
): ReduceKernel {
  const { prologue, axes, reductions, epilogue } = kernel;
  const shape = prologue.shape.map((length, axis) => cuts.find((cut) => cut.axis === axis)?.size ?? length);
  const widen = ({ offset: start, strides }: Window): Window => ({
    offset: start,
    strides: [...cuts.map(({ axis, size }) => strides[axis] * size), ...strides],
  });
  const leading = cuts.map(({ parts }) => parts);
  const results = [...leading, ...epilogue.shape];
  return {
    kind: "reduce",
    prologue: mapBodyWindows(prologue, [...leading, ...shape], widen),
    axes: axes.map((axis) => axis + cuts.length),
    reductions,
    epilogue: {
      shape: results,
      steps: reductions.map(({ dtype }, number) => ({ kind: "result", dtype, number })),
      stores: partials.map((storage, step) => ({ step, storage, window: { offset, strides: denseStrides(results) } })),
    },
  };
}

/** Folds what is behind the whole parts of the last cut. */
function remainderPass(
  geometry: ReductionGeometry,
  cuts: readonly Cut[],
  partials: readonly StorageId[],
  offset: number,
): ReduceKernel {
  const last = cuts[cuts.length - 1];
  const skip = ({ offset: start, strides }: Window): Window => ({
    offset: start + strides[last.axis] * last.parts * last.size,
    strides,
  });
  const { kernel } = geometry;
  const shape = kernel.prologue.shape.map((length, axis) => (axis === last.axis ? last.rest : length));
  const rest = { ...kernel, prologue: mapBodyWindows(kernel.prologue, shape, skip) };
  return firstPass({ ...geometry, kernel: rest }, cuts.slice(0, -1), partials, offset);
}

/** Folds the parts of each result, then does what the reduction was followed by. */
function secondPass({ kernel }: ReductionGeometry, partials: readonly StorageId[], parts: number): ReduceKernel {
  const { reductions, epilogue } = kernel;
  const shape = [parts, ...epilogue.shape];
  return {
    kind: "reduce",
    prologue: {
      shape,
      steps: partials.map((storage, index) => ({
        kind: "load",
        dtype: reductions[index].dtype,
        storage,
        window: { offset: 0, strides: denseStrides(shape) },
      })),
      stores: [],
    },
    axes: [0],
    reductions: reductions.map((reduction, step) => ({ ...reduction, step })),
    epilogue,
  };
}
