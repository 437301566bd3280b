import type { Kernel, Storage } from "../../ir.ts";
import { kernelReads, kernelWrites } from "../../kernel-access.ts";
import type { ChainDigit, ChainKernel, GpuFeatures, GpuKernel, GpuStorages } from "../kernel-code.ts";
import { Clusters } from "./clusters.ts";
import { dependencies, slacks } from "./dependencies.ts";
import { canJoin, isWorthwhile } from "./joining.ts";
import { MovingStorages, partKernel } from "./part-kernel.ts";
import { GPU_PART_SIZES, type PartSizes } from "./part-sizes.ts";
import { leavesOf } from "./partition.ts";
import { chooseParts, type Parts } from "./parts.ts";

/** A chain's results may be so many kernels less urgent than the most urgent of its kernels. */
const SLACK_MAX = 1;

/** Most kernels of a chain: one shader holds the code of all. */
const CHAIN_KERNELS_MAX = 40;

/**
 * Joins kernels into chains where what passes between them stays in one part of the data: a dispatch for all of them instead of one for each. The largest flows are
 * joined first, so that a chain forms around what would otherwise go through memory. Every scan is a chain or part of one.
 * @returns kernels and chains in an order in which they can run
 */
export function fuseChains(
  storages: GpuStorages,
  kernels: readonly Kernel[],
  features: Pick<GpuFeatures, "storageBuffers">,
  sizes = GPU_PART_SIZES,
): readonly GpuKernel[] {
  const { before, flows } = dependencies(
    storages.all,
    kernels.map((kernel) => [kernel]),
  );
  const clusters = new Clusters(before);
  const loops = new Loops(storages, kernels);
  const ready = kernels.map(canJoin);
  const slack = slacks(before);
  const pick = (members: readonly number[]): Kernel[] => members.map((member) => kernels[member]);
  const refused = new Set<string>();
  const order = [...flows].sort((a, b) => b.elements - a.elements || a.from - b.from || a.to - b.to);
  for (let joined = true; joined; ) {
    joined = false;
    for (const { from, to } of order) {
      if (!ready[from] || !ready[to] || clusters.of(from) === clusters.of(to)) continue;
      const [one, two] = [clusters.members(from), clusters.members(to)];
      const union = [...one, ...two].sort((a, b) => a - b);
      if (union.length > CHAIN_KERNELS_MAX || hasIdler(union, before, slack) || !clusters.isEnclosed(union)) continue;
      const pair = [one.join(), two.join()].join(" ");
      if (refused.has(pair)) continue;
      if (fitsBuffers(storages.all, pick(union), features) && isWorthwhile(storages.all, pick(one), pick(two), sizes)) {
        clusters.join(from, to);
        joined = true;
      } else {
        refused.add(pair);
      }
    }
  }
  return clusters.inOrder().map((members): GpuKernel => {
    const list = pick(members);
    return list.length === 1 && list[0].kind !== "scan" ? list[0] : chainOf(storages, loops, list, sizes);
  });
}

/** Numbers of the loops that chains' digits are: the same few for all chains, so that equal chains have equal code. */
class Loops {
  readonly #storages: GpuStorages;
  readonly #taken: ReadonlySet<number>;
  readonly #loops: number[] = [];

  constructor(storages: GpuStorages, kernels: readonly Kernel[]) {
    this.#storages = storages;
    this.#taken = new Set(leavesOf(kernels).flatMap(({ scans }) => scans.map(({ loop }) => loop)));
  }

  get(position: number): number {
    while (this.#loops.length <= position) {
      const loop = this.#storages.newLoop();
      // A scan of which nothing moves with the time has a loop too.
      if (!this.#taken.has(loop)) this.#loops.push(loop);
    }
    return this.#loops[position];
  }
}

function chainOf(storages: GpuStorages, loops: Loops, kernels: readonly Kernel[], sizes: PartSizes): ChainKernel {
  const parts = chooseParts(storages.all, kernels, sizes);
  const digits = parts.digits.map(({ size }, position): ChainDigit => ({ loop: loops.get(position), size }));
  const moving = new MovingStorages(storages, digits);
  const divided = digits.length === 0 ? kernels : divide(moving, kernels, parts);
  if (divided === null) return { kind: "chain", groups: 1, digits: [], kernels, whole: kernels };
  const { numbers } = moving;
  const whole = numbers === null ? kernels : [...kernels, readingOf(storages.all, numbers)];
  return { kind: "chain", groups: parts.count, digits, kernels: divided, whole };
}

/** Each kernel for one part; null where one of them has no form for that. */
function divide(moving: MovingStorages, kernels: readonly Kernel[], { leaves, digits }: Parts): Kernel[] | null {
  let leaf = 0;
  const divideList = (list: readonly Kernel[]): Kernel[] | null => {
    const divided: Kernel[] = [];
    for (const kernel of list) {
      const part = kernel.kind === "scan" ? divideList(kernel.kernels) : divideLeaf();
      if (part === null) return null;
      divided.push(...(kernel.kind === "scan" ? [{ ...kernel, kernels: part }] : part));
    }
    return divided;
  };
  const divideLeaf = (): Kernel[] | null => {
    const number = leaf++;
    const { kernel, space } = leaves[number];
    const cuts = digits.map((digit) => digit.cuts[number]);
    const part = partKernel(moving, kernel, space.axes, cuts);
    return part === null ? null : [part];
  };
  return divideList(kernels);
}

/** Whether a result that nobody waits for soon (the loss, say) would hold up what is urgent. */
function hasIdler(
  members: readonly number[],
  before: readonly ReadonlySet<number>[],
  slack: readonly number[],
): boolean {
  const urgent = Math.min(...members.map((member) => slack[member]));
  return members.some((member) => {
    const isLast = !members.some((other) => before[other].has(member));
    return isLast && slack[member] > urgent + SLACK_MAX;
  });
}

/** Says that a chain reads a storage that its undivided kernels do not. */
function readingOf(table: readonly Storage[], storage: number): Kernel {
  const { dtype, length } = table[storage];
  const window = { offset: 0, strides: [1] };
  return { kind: "map", body: { shape: [length], steps: [{ kind: "load", dtype, storage, window }], stores: [] } };
}

/** Whether a dispatch can have all the buffers that kernels use: the arena, the constants, and those bound to inputs and outputs. */
function fitsBuffers(
  table: readonly Storage[],
  kernels: readonly Kernel[],
  { storageBuffers }: Pick<GpuFeatures, "storageBuffers">,
): boolean {
  const accesses = kernels.flatMap((kernel) => [...kernelReads(kernel), ...kernelWrites(kernel)]);
  const bound = accesses.flatMap(({ storage }) => {
    const { place } = table[rootOf(table, storage)];
    return place.kind === "input" || place.kind === "output" ? [`${place.kind}${place.index}`] : [];
  });
  return new Set(bound).size + 2 <= storageBuffers;
}

function rootOf(table: readonly Storage[], storage: number): number {
  const { place } = table[storage];
  return place.kind === "alias" || place.kind === "turn" ? rootOf(table, place.storage) : storage;
}
