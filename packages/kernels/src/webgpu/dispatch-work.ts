import { leavesOf } from "./chain/partition.ts";
import { kernelWork } from "./chain/work.ts";
import type { GpuKernel } from "./kernel-code.ts";

/** How much a kernel, or all parts of a chain in all turns, does, in elements of elementwise work. */
export function gpuKernelWork(kernel: GpuKernel): number {
  const [kernels, parts] = kernel.kind === "chain" ? [kernel.kernels, kernel.groups] : [[kernel], 1];
  let work = 0;
  for (const { kernel: leaf, scans } of leavesOf(kernels)) {
    const turns = scans.reduce((product, { length }) => product * length, 1);
    // The epilogue of a partial contraction has an axis of parts, which share its depth.
    const splits = "splits" in leaf && typeof leaf.splits === "number" ? leaf.splits : 1;
    work += (kernelWork(leaf) / splits) * turns;
  }
  return work * parts;
}

/** Workgroups first ... first + workgroups - 1 of a dispatch. */
export interface Piece {
  readonly first: number;
  readonly workgroups: number;
  /** In elements of elementwise work. */
  readonly work: number;
}

/** Work of the smallest pieces, in elements: half a billion products, which take a GPU of a phone a tenth of a second to a half. */
export const PIECE_WORK = 2 ** 25;
/** Workgroups that small GPUs run beside each other: fewer in a piece would take as long. */
const WORKGROUPS_AT_ONCE = 16;
/** Most pieces of a dispatch: each has a bind group of its own. */
const PIECES_MAX = 64;
/** Most workgroups along one axis of a dispatch (WebGPU's maxComputeWorkgroupsPerDimension). */
export const WORKGROUPS_PER_AXIS = 65_535;

/**
 * Cuts a dispatch into the smallest pieces that it may be run in, one behind the other: a driver takes a GPU from a program whose dispatch lasts longer than some seconds (2 on
 * Windows), and what is too much at once a small GPU can still do bit by bit. Which workgroups run together changes no bit of what they compute.
 * @param kernels in the order of their workgroups
 */
export function cutIntoPieces(kernels: readonly { readonly workgroups: number; readonly work: number }[]): Piece[] {
  const all = kernels.reduce((sum, { work }) => sum + work, 0);
  const most = Math.max(PIECE_WORK, all / PIECES_MAX);
  const whole = { first: 0, workgroups: kernels.reduce((sum, { workgroups }) => sum + workgroups, 0), work: all };
  if (all <= most) return [whole];
  const pieces: Piece[] = [];
  let open = { first: 0, workgroups: 0, work: 0 };
  const close = (): void => {
    if (open.workgroups > 0) pieces.push(open);
    open = { first: open.first + open.workgroups, workgroups: 0, work: 0 };
  };
  for (const { workgroups, work } of kernels) {
    const each = Math.max(work / workgroups, 1);
    for (let left = workgroups; left > 0; ) {
      const room = Math.floor((most - open.work) / each);
      const wanted = Math.max(room, WORKGROUPS_AT_ONCE - open.workgroups);
      const taken = Math.max(0, Math.min(left, wanted, WORKGROUPS_PER_AXIS - open.workgroups));
      open = { ...open, workgroups: open.workgroups + taken, work: open.work + taken * each };
      left -= taken;
      if (left > 0) close();
    }
  }
  close();
  return pieces;
}

/** Joins neighbouring pieces while they are no more work than wanted. @returns for each the number of its first piece too */
export function joinPieces(pieces: readonly Piece[], wanted: number): (Piece & { readonly number: number })[] {
  const joined: (Piece & { readonly number: number })[] = [];
  for (const [number, piece] of pieces.entries()) {
    const last = joined.at(-1);
    const fits =
      last !== undefined &&
      last.work + piece.work <= wanted &&
      last.workgroups + piece.workgroups <= WORKGROUPS_PER_AXIS;
    if (!fits) {
      joined.push({ ...piece, number });
      continue;
    }
    const { first, workgroups, work } = last;
    const whole = { first, workgroups: workgroups + piece.workgroups, work: work + piece.work, number: last.number };
    joined[joined.length - 1] = whole;
  }
  return joined;
}
