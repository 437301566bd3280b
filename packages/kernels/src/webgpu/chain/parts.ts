import type { Kernel, Storage } from "../../ir.ts";
import type { GpuStorages } from "../kernel-code.ts";
import { MovingStorages, partKernel } from "./part-kernel.ts";
import type { PartSizes } from "./part-sizes.ts";
import type { Leaf, PartDigit } from "./partition.ts";
import { divisors, Partitioner } from "./partition.ts";
import { kernelWork } from "./work.ts";

/** A number of parts that has no better divisor may be so many times what was wanted. */
const EXCESS_MAX = 8;

/** How a list of kernels is divided. */
export interface Parts {
  readonly leaves: readonly Leaf[];
  /** None where there is one part. */
  readonly digits: readonly PartDigit[];
  readonly count: number;
}

/** Divides a list of kernels as far as is good for a GPU; what cannot be divided is one part. A function of the kernels alone. */
export function chooseParts(table: readonly Storage[], kernels: readonly Kernel[], sizes: PartSizes): Parts {
  const partitioner = new Partitioner(table, kernels);
  const { leaves } = partitioner;
  const { axes } = leaves[partitioner.seed].space;
  const isRecurrent = leaves.some(({ scans }) => scans.length > 0);
  const work = Math.max(...leaves.map(({ kernel }) => kernelWork(kernel)));
  const wanted = work / Math.min(Math.max(work / sizes.enough, sizes.workMin), sizes.workMax);
  let open = isRecurrent ? Math.min(wanted, sizes.recurrentMax) : wanted;
  const rows = isRecurrent ? sizes.recurrentRows : sizes.productRowsMin;
  const shared = leaves.flatMap((leaf) => sharedSides(leaf, rows, isRecurrent ? sizes.recurrentMin : 1));
  const digits: PartDigit[] = [];
  for (const [axis, extent] of axes.entries()) {
    const finest = open < 2 || extent === 1 ? null : partitioner.finest(axis);
    if (finest === null) continue;
    const affected = shared.filter(({ leaf, still }) => still[finest.cuts[leaves.indexOf(leaf)].axis]);
    const most = Math.min(finest.size, ...affected.map(({ parts }) => parts));
    const size = bestDivisor(finest.size, open, most);
    const digit = size === 1 ? null : partitioner.digit(axis, size);
    if (digit === null || !hasForms(table, leaves, [...digits, digit])) continue;
    digits.push(digit);
    open /= size;
    for (const side of affected) side.parts /= size;
  }
  return { leaves, digits, count: digits.reduce((product, { size }) => product * size, 1) };
}

/** Whether every kernel can say what is left of it in one part. */
function hasForms(table: readonly Storage[], leaves: readonly Leaf[], digits: readonly PartDigit[]): boolean {
  const none: GpuStorages = { all: table, add: () => 0, newLoop: () => 0 };
  const moving = new MovingStorages(
    none,
    digits.map(({ size }, loop) => ({ loop, size })),
  );
  return leaves.every(({ kernel, space }, leaf) => {
    const cuts = digits.map((digit) => digit.cuts[leaf]);
    return partKernel(moving, kernel, space.axes, cuts) !== null;
  });
}

/** A side of a product that does not move with some axes: all parts along those read it anew. */
interface SharedSide {
  readonly leaf: Leaf;
  /** Whether the side stays where it is along each axis of the leaf's space. */
  readonly still: readonly boolean[];
  /** How many parts may read it. */
  parts: number;
}

function sharedSides(leaf: Leaf, rowsMin: number, partsMin: number): SharedSide[] {
  const { kernel, space } = leaf;
  if (kernel.kind !== "contract" || space.axes.length === 0) return [];
  return space.accesses.slice(0, 2).map(({ strides }) => {
    const still = strides.map((stride) => stride === 0);
    const rows = space.axes.reduce((product, size, axis) => product * (still[axis] ? size : 1), 1);
    return { leaf, still, parts: Math.max(partsMin, rows / rowsMin) };
  });
}

/** The largest divisor up to `wanted`, or where that is far too small, the smallest above it; never above `most`. */
function bestDivisor(value: number, wanted: number, most: number): number {
  const possible = divisors(value).filter((divisor) => divisor <= most);
  const below = possible.filter((divisor) => divisor <= wanted).at(-1) ?? 1;
  const above = possible.find((divisor) => divisor > wanted);
  if (above === undefined || below * EXCESS_MAX > wanted || above > wanted * EXCESS_MAX) return below;
  return above;
}
