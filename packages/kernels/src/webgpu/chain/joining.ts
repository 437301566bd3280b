import type { ContractKernel, Kernel, ReduceKernel, Storage } from "../../ir.ts";
import { kernelReads, kernelWrites } from "../../kernel-access.ts";
import type { PartSizes } from "./part-sizes.ts";
import { chooseParts } from "./parts.ts";
import { workOfTurns } from "./segments.ts";
import { contractionDepth, kernelWork } from "./work.ts";

/** Longest sum of a product in a chain: one invocation computes it from end to end. */
const DEPTH_MAX = 512;
/** Most elements of the right side of a product that all parts read anew. */
const SHARED_SIDE_MAX = 1 << 14;
/** Most work of such a product: tiles over all of its rows would read that side less often. */
const SHARED_WORK_MAX = 1 << 17;
/** The same where parts have right sides of their own (heads of an attention). */
const OWN_SIDE_MAX = 1 << 16;
/** Parts that keep every GPU busy well enough. */
const WIDTH_ENOUGH = 128;
/** Work of a part, in elements and in all of its kernels, that takes about as long as a dispatch does to begin. */
const WORK_SMALL = 4096;
/** Work, in elements, of one workgroup of a kernel that runs by itself. */
const WORKGROUP_WORK = 2048;

/** Whether a kernel may be part of a chain: big products want tiles over all of their rows and columns. */
export function canJoin(kernel: Kernel): boolean {
  if ([...kernelReads(kernel), ...kernelWrites(kernel)].some(({ shape }) => shape.includes(0))) return false;
  if (kernel.kind === "contract") return isSmallProduct(kernel);
  return kernel.kind !== "reduce" || isRowReduction(kernel) || kernelWork(kernel) <= WORK_SMALL;
}

/** Sums over rows' own elements; sums over many rows want many workgroups, and nobody waits for most of them (gradients of biases). */
function isRowReduction({ prologue: { shape }, axes }: ReduceKernel): boolean {
  const first = Math.min(...axes.filter((axis) => shape[axis] > 1));
  return shape.every((size, axis) => axis < first || size === 1 || axes.includes(axis));
}

function isSmallProduct(kernel: ContractKernel): boolean {
  const { contraction, b } = kernel;
  if (contraction.operation !== "matmul" || contractionDepth(kernel) > DEPTH_MAX) return false;
  const [depth, columns] = b.shape.slice(-2);
  const isBatched = b.shape.some((size, axis) => axis < b.shape.length - 2 && size > 1 && b.strides[axis] !== 0);
  if (isBatched) return depth * columns <= OWN_SIDE_MAX;
  return depth * columns <= SHARED_SIDE_MAX && kernelWork(kernel) <= SHARED_WORK_MAX;
}

/**
 * Whether kernels in one chain are better than in two dispatches: enough parts run side by side, or each has so little to do that beginning another dispatch
 * would take longer. A recurrence never gets fewer parts than it has by itself.
 */
export function isWorthwhile(
  table: readonly Storage[],
  one: readonly Kernel[],
  two: readonly Kernel[],
  sizes: PartSizes,
): boolean {
  const { count, leaves } = chooseParts(table, [...one, ...two], sizes);
  const isRecurrent = leaves.some(({ scans }) => scans.length > 0);
  if (isRecurrent && workOfTurns(leaves) / count > sizes.recurrentWorkMax) return false;
  for (const side of [one, two]) {
    if (side.some(({ kind }) => kind === "scan") && chooseParts(table, side, sizes).count > count) return false;
  }
  const works = leaves.filter(({ scans }) => scans.length === 0).map(({ kernel }) => kernelWork(kernel));
  const all = works.reduce((sum, work) => sum + work, 0);
  return all / count <= WORK_SMALL || count >= Math.min(WIDTH_ENOUGH, Math.max(0, ...works) / WORKGROUP_WORK);
}
