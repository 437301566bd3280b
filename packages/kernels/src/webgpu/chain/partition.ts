import type { Kernel, ScanKernel, Storage } from "../../ir.ts";
import { type Axis, type ElementSet, forwards, locate, reach } from "./element-sets.ts";
import { type LeafKernel, type LoopSpace, loopSpace, type SpaceAccess } from "./loop-space.ts";

/**
 * How one kernel is divided by one digit of the part's number: along `axis` of its space, whose coordinate is
 * (outer * size + digit) * inner + rest.
 */
export interface Cut {
  readonly axis: number;
  readonly inner: number;
}

/** A digit of the part's number, and where it cuts each leaf. */
export interface PartDigit {
  readonly size: number;
  readonly cuts: readonly Cut[];
}

/** A kernel that is no scan, with the scans around it. */
export interface Leaf {
  readonly kernel: LeafKernel;
  readonly scans: readonly ScanKernel[];
  readonly space: LoopSpace;
}

/** The kernels of a list and of the scans in it, in order. */
export function leavesOf(kernels: readonly Kernel[], scans: readonly ScanKernel[] = []): Leaf[] {
  return kernels.flatMap((kernel): Leaf[] =>
    kernel.kind === "scan"
      ? leavesOf(kernel.kernels, [...scans, kernel])
      : [{ kernel, scans, space: loopSpace(kernel) }],
  );
}

/** An access and the place of memory that it goes to. `cell` is null where nobody in the list writes. */
interface Touch {
  readonly leaf: number;
  readonly access: SpaceAccess;
  readonly memory: string;
  readonly offset: number;
  readonly moves: readonly Axis[];
  cell: Cell | null;
}

/**
 * Where the elements of a part lie apart, so many of them must lie side by side: memory is moved in pieces of 32 bytes, and two workgroups should not write into one.
 */
const RUN_MIN = 8;

/** A stretch of memory that the list writes, all of whose parts must be disjoint. */
interface Cell {
  readonly touches: readonly Touch[];
  readonly first: number;
}

/**
 * Finds how a list of kernels can be divided into parts that touch nothing of each other's: everything that the list writes, it reads and writes in one part only, while
 * what it only reads may be read by all. Each part is found by the strides with which a digit moves through memory: they must be the same for all that
 * touch it.
 */
export class Partitioner {
  readonly leaves: readonly Leaf[];
  readonly #touches: readonly (readonly Touch[])[];

  constructor(table: readonly Storage[], kernels: readonly Kernel[]) {
    this.leaves = leavesOf(kernels);
    const all = this.leaves.flatMap((leaf, number) =>
      leaf.space.accesses.flatMap((access) =>
        locate(table, access.storage, leaf.scans).map(
          ({ memory, offset, moves }): Touch => ({
            leaf: number,
            access,
            memory,
            offset: offset + access.offset,
            moves,
            cell: null,
          }),
        ),
      ),
    );
    groupCells(all, this.leaves);
    this.#touches = this.leaves.map((_, number) => all.filter(({ leaf }) => leaf === number));
  }

  /** The leaf with the most axes to divide, in whose terms digits are chosen. */
  get seed(): number {
    const ranks = this.leaves.map(({ space }) => space.axes.filter((size) => size > 1).length);
    return ranks.indexOf(Math.max(...ranks));
  }

  /** The finest digit along an axis of the seed, or null. */
  finest(axis: number): PartDigit | null {
    const extent = this.leaves[this.seed].space.axes[axis];
    for (const size of divisors(extent).reverse()) {
      const digit = size === 1 ? null : this.digit(axis, size);
      if (digit !== null) return digit;
    }
    return null;
  }

  /** The digit that takes `size` values along an axis of the seed, or null where parts would touch each other's. */
  digit(axis: number, size: number): PartDigit | null {
    const extent = this.leaves[this.seed].space.axes[axis];
    let known = this.#spread({ cuts: new Map(), strides: new Map() }, this.seed, { axis, inner: extent / size }, size);
    // What has no memory in common with the seed may be cut anywhere: best along an axis of the same length.
    for (const [leaf, { space }] of this.leaves.entries()) {
      if (known === null) return null;
      if (known.cuts.has(leaf)) continue;
      const axes = [...space.axes.entries()].filter(([, length]) => length % size === 0);
      const inOrder = [
        ...axes.filter(([, length]) => length === extent),
        ...axes.filter(([, length]) => length !== extent),
      ];
      const before: Spread = known;
      const found = inOrder.map(([own, length]) =>
        this.#spread(before, leaf, { axis: own, inner: length / size }, size),
      );
      known = found.find((spread) => spread !== null) ?? null;
    }
    if (known === null) return null;
    const { cuts } = known;
    return { size, cuts: this.leaves.map((_, leaf) => cuts.get(leaf) ?? { axis: 0, inner: 1 }) };
  }

  /** Cuts a leaf, and all that it has memory in common with. @returns null where that cannot be */
  #spread(known: Spread, first: number, firstCut: Cut, size: number): Spread | null {
    const cuts = new Map(known.cuts);
    const strides = new Map(known.strides);
    const open = [{ leaf: first, cut: firstCut }];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const { leaf, cut } = next;
      if (cuts.has(leaf)) continue;
      cuts.set(leaf, cut);
      for (const touch of this.#touches[leaf]) {
        const { cell, access } = touch;
        if (cell === null) continue;
        const stride = access.strides[cut.axis] * cut.inner;
        if (stride <= 0 || (strides.get(cell) ?? stride) !== stride) return null;
        if (stride < RUN_MIN && access.strides.some((other) => other >= stride * size)) return null;
        if (!staysInPart(touch, this.leaves[leaf].space, cut, size)) return null;
        if (strides.has(cell)) continue;
        strides.set(cell, stride);
        for (const other of cell.touches) {
          if (cuts.has(other.leaf)) continue;
          const otherCut = findCut(this.leaves[other.leaf].space, other.access, stride, size);
          if (otherCut === null) return null;
          open.push({ leaf: other.leaf, cut: otherCut });
        }
      }
    }
    return { cuts, strides };
  }
}

/** Where leaves are cut, and by which strides a digit moves through what is written. */
interface Spread {
  readonly cuts: ReadonlyMap<number, Cut>;
  readonly strides: ReadonlyMap<Cell, number>;
}

/** Numbers that divide a whole number, ascending. */
export function divisors(value: number): number[] {
  const found: number[] = [];
  for (let candidate = 1; candidate <= value; candidate++) if (value % candidate === 0) found.push(candidate);
  return found;
}

/** The axis along which an access moves by `stride` where a digit of that size grows by one. */
function findCut({ axes }: LoopSpace, access: SpaceAccess, stride: number, size: number): Cut | null {
  for (const [axis, extent] of axes.entries()) {
    const step = access.strides[axis];
    if (extent === 1 || step <= 0 || stride % step !== 0) continue;
    const inner = stride / step;
    if (extent % (inner * size) === 0) return { axis, inner };
  }
  return null;
}

/** Gives each touch of memory that is written its cell: touches whose stretches of memory overlap have one. */
function groupCells(touches: readonly Touch[], leaves: readonly Leaf[]): void {
  const written = new Set(touches.flatMap(({ access, memory }) => (access.isWrite ? [memory] : [])));
  for (const memory of written) {
    const stretches = touches
      .filter((touch) => touch.memory === memory)
      .map((touch) => ({ touch, ...stretch(touch, leaves[touch.leaf].space) }))
      .sort((a, b) => a.first - b.first);
    let group: Touch[] = [];
    let last = Number.NEGATIVE_INFINITY;
    const close = (first: number): void => {
      if (!group.some(({ access }) => access.isWrite)) return;
      const cell: Cell = { touches: group, first };
      for (const touch of group) touch.cell = cell;
    };
    let first = 0;
    for (const { touch, ...bounds } of stretches) {
      if (bounds.first > last) {
        close(first);
        group = [];
        first = bounds.first;
      }
      group.push(touch);
      last = Math.max(last, bounds.last);
    }
    close(first);
  }
}

/** All that a touch reaches, with positive strides. */
function elements({ memory, offset, access, moves }: Touch, own: readonly Axis[]): ElementSet {
  const further = access.own.map(([size, stride]) => ({ size, stride }));
  return forwards({ memory, offset, axes: [...own, ...further, ...moves] });
}

function stretch(touch: Touch, { axes }: LoopSpace): { first: number; last: number } {
  const { offset, axes: all } = elements(
    touch,
    axes.map((size, axis) => ({ size, stride: touch.access.strides[axis] })),
  );
  return { first: offset, last: offset + reach(all) };
}

/**
 * Whether all elements e that a touch reaches while the digit is 0 have floor((e - first of the cell) / stride) mod size = 0: then the digit
 * can be read off any element, and no element belongs to two parts.
 */
function staysInPart(touch: Touch, { axes }: LoopSpace, cut: Cut, size: number): boolean {
  const stride = touch.access.strides[cut.axis] * cut.inner;
  const period = stride * size;
  const rest = axes.flatMap((extent, axis): Axis[] => {
    const step = touch.access.strides[axis];
    if (axis !== cut.axis) return [{ size: extent, stride: step }];
    return [
      { size: extent / (cut.inner * size), stride: step * cut.inner * size },
      { size: cut.inner, stride: step },
    ];
  });
  const { offset, axes: all } = elements(touch, rest);
  const low = all.filter((axis) => axis.stride % period !== 0);
  const start = (offset - (touch.cell?.first ?? 0)) % period;
  return start + reach(low) < stride;
}
