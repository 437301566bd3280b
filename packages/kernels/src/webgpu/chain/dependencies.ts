import type { Kernel, ScanKernel, Storage } from "../../ir.ts";
import { type Access, kernelReads, kernelWrites } from "../../kernel-access.ts";
import { type ElementSet, elementSets, mayShare } from "./element-sets.ts";

/** A later kernel that reads what an earlier one writes. */
export interface Flow {
  readonly from: number;
  readonly to: number;
  /** Elements written. */
  readonly elements: number;
}

/** Which kernels of a list must wait for which. */
export interface Dependencies {
  /** For each kernel, the earlier ones that it must wait for: they write what it reads or writes, or read what it writes. */
  readonly before: readonly ReadonlySet<number>[];
  readonly flows: readonly Flow[];
}

interface Toucher {
  readonly kernel: number;
  readonly isWrite: boolean;
  readonly set: ElementSet;
}

/**
 * Finds what must wait for what, by elements and not by whole storages.
 * @param lists kernels in order, or lists of kernels that count as one each
 */
export function dependencies(table: readonly Storage[], lists: readonly (readonly Kernel[])[]): Dependencies {
  const known = new Map<string, Toucher[]>();
  const before = lists.map(() => new Set<number>());
  const flows = new Map<string, Flow>();
  for (const [position, kernels] of lists.entries()) {
    const own = kernels.flatMap((kernel) => touchers(table, kernel, position));
    for (const toucher of own) {
      for (const earlier of known.get(toucher.set.memory) ?? []) {
        if (!(toucher.isWrite || earlier.isWrite) || !mayShare(toucher.set, earlier.set)) continue;
        before[position].add(earlier.kernel);
        if (toucher.isWrite) continue;
        const key = `${earlier.kernel} ${position}`;
        const elements = earlier.set.axes.reduce((product, { size }) => product * size, 1);
        flows.set(key, {
          from: earlier.kernel,
          to: position,
          elements: Math.max(elements, flows.get(key)?.elements ?? 0),
        });
      }
    }
    for (const toucher of own) {
      const list = known.get(toucher.set.memory);
      if (list === undefined) known.set(toucher.set.memory, [toucher]);
      else list.push(toucher);
    }
  }
  return { before, flows: [...flows.values()] };
}

/**
 * How much longer the longest way from the first kernel to the last is than the longest through each kernel: 0 for those that hold up everything when they take
 * longer.
 * @param before for each kernel, the earlier ones that it must wait for
 */
export function slacks(before: readonly ReadonlySet<number>[]): readonly number[] {
  const depths: number[] = [];
  for (const earlier of before) depths.push(Math.max(0, ...[...earlier].map((kernel) => depths[kernel] + 1)));
  const heights = before.map(() => 0);
  for (let kernel = before.length - 1; kernel >= 0; kernel--) {
    for (const earlier of before[kernel]) heights[earlier] = Math.max(heights[earlier], heights[kernel] + 1);
  }
  const longest = Math.max(0, ...depths);
  return depths.map((depth, kernel) => longest - depth - heights[kernel]);
}

function touchers(
  table: readonly Storage[],
  kernel: Kernel,
  position: number,
  scans: readonly ScanKernel[] = [],
): Toucher[] {
  if (kernel.kind === "scan") {
    return kernel.kernels.flatMap((inner) => touchers(table, inner, position, [...scans, kernel]));
  }
  const touch = (access: Access, isWrite: boolean): Toucher[] =>
    elementSets(table, access, scans).map((set) => ({ kernel: position, isWrite, set }));
  return [
    ...kernelReads(kernel).flatMap((access) => touch(access, false)),
    ...kernelWrites(kernel).flatMap((access) => touch(access, true)),
  ];
}
