import { BYTES_PER_ELEMENT } from "@tributary/program";
import type { Kernel, KernelProgram, Storage, StorageId } from "./ir.ts";
import { kernelReads, kernelWrites } from "./kernel-access.ts";

/** Every block begins at a multiple of this many bytes: a cache line. */
export const ALIGNMENT_BYTES = 64;

/** A piece of memory that is needed while kernels first ... last run. */
export interface Block {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

/** Where everything of a run's scratch memory lies, in bytes from its beginning. */
export interface MemoryPlan {
  readonly bytes: number;
  readonly storages: ReadonlyMap<StorageId, number>;
  /** Memory of a kernel's own. */
  readonly scratch: ReadonlyMap<Kernel, number>;
}

/** Where a block lies: in which of several pieces of memory, and at which byte of it. */
export interface BlockPlace {
  readonly bank: number;
  readonly offset: number;
}

/**
 * Gives blocks their offsets: largest first, each at the lowest offset where no block lies that is needed at the same time.
 * Source: Pisarchyk and Lee (2020), "Efficient Memory Management for Deep Neural Net Inference", arXiv:2001.03288, greedy
 * by size for offset calculation.
 */
export function packBlocks(blocks: readonly Block[]): { readonly offsets: readonly number[]; readonly bytes: number } {
  const { places, banks } = packBanks(blocks, Number.POSITIVE_INFINITY);
  return { offsets: places.map(({ offset }) => offset), bytes: banks[0] };
}

/**
 * The same in several pieces of memory of which none is larger than `capacity`, but for one that a single larger block begins. There is one bank at
 * least; where all fits into it, there is no other.
 * @returns bytes of each bank too
 */
export function packBanks(
  blocks: readonly Block[],
  capacity: number,
): { readonly places: readonly BlockPlace[]; readonly banks: readonly number[] } {
  const places: BlockPlace[] = blocks.map(() => ({ bank: 0, offset: 0 }));
  const order = blocks.map((_, index) => index).sort((a, b) => blocks[b].bytes - blocks[a].bytes || a - b);
  const placed: number[][] = [[]];
  const banks = [0];
  for (const index of order) {
    const block = blocks[index];
    const offsets = placed.map((others) => lowestOffset(block, others, blocks, places));
    const fitting = offsets.findIndex((offset) => offset === 0 || offset + block.bytes <= capacity);
    const bank = fitting < 0 ? banks.length : fitting;
    const offset = fitting < 0 ? 0 : offsets[fitting];
    places[index] = { bank, offset };
    placed[bank] = [...(placed[bank] ?? []), index];
    banks[bank] = Math.max(banks[bank] ?? 0, aligned(offset + block.bytes));
  }
  return { places, banks };
}

/** The lowest offset in a bank where no block lies that is needed at the same time. */
function lowestOffset(
  block: Block,
  others: readonly number[],
  blocks: readonly Block[],
  places: readonly BlockPlace[],
): number {
  const neighbours = others
    .filter((other) => blocks[other].first <= block.last && block.first <= blocks[other].last)
    .sort((a, b) => places[a].offset - places[b].offset);
  let offset = 0;
  for (const other of neighbours) {
    if (offset + block.bytes <= places[other].offset) break;
    offset = Math.max(offset, aligned(places[other].offset + blocks[other].bytes));
  }
  return offset;
}

/** Plans the scratch memory of a program. @param scratchBytes bytes of memory of its own that a kernel needs, often 0 */
export function planMemory(program: KernelProgram, scratchBytes: (kernel: Kernel) => number): MemoryPlan {
  const planner = new Planner(program.storages, scratchBytes);
  const bytes = planner.plan(program.kernels, new Set()).bytes;
  return { bytes, storages: planner.storages, scratch: planner.scratch };
}

interface Planned {
  readonly bytes: number;
  /** Adds this to every offset planned for the list, lists inside it included. */
  moveBy(offset: number): void;
}

class Planner {
  readonly storages = new Map<StorageId, number>();
  readonly scratch = new Map<Kernel, number>();
  readonly #table: readonly Storage[];
  readonly #scratchBytes: (kernel: Kernel) => number;

  constructor(table: readonly Storage[], scratchBytes: (kernel: Kernel) => number) {
    this.#table = table;
    this.#scratchBytes = scratchBytes;
  }

  /** Plans the storages used by these kernels but for those that belong to a list around them. */
  plan(kernels: readonly Kernel[], outside: ReadonlySet<StorageId>): Planned {
    const lives = this.#lives(kernels, outside);
    const known = new Set([...outside, ...lives.keys()]);
    const blocks: Block[] = [];
    const settle: ((offset: number) => void)[] = [];
    for (const [storage, live] of lives) {
      const { dtype, length } = this.#table[storage];
      blocks.push({ ...live, bytes: length * BYTES_PER_ELEMENT[dtype] });
      settle.push((offset) => this.storages.set(storage, offset));
    }
    for (const [position, kernel] of kernels.entries()) {
      const inner = kernel.kind === "scan" ? this.plan(kernel.kernels, known) : null;
      const bytes = inner?.bytes ?? this.#scratchBytes(kernel);
      if (bytes === 0) continue;
      blocks.push({ bytes, first: position, last: position });
      settle.push((offset) => (inner === null ? this.scratch.set(kernel, offset) : inner.moveBy(offset)));
    }
    const { offsets, bytes } = packBlocks(blocks);
    const place = (base: number): void => {
      for (const [index, offset] of offsets.entries()) settle[index](base + offset);
    };
    place(0);
    return { bytes, moveBy: place };
  }

  /** First and last kernel that uses each storage of the arena; storages used only inside one scan's body are left to it. */
  #lives(kernels: readonly Kernel[], outside: ReadonlySet<StorageId>): Map<StorageId, { first: number; last: number }> {
    const lives = new Map<StorageId, { first: number; last: number }>();
    const inside = new Set<StorageId>();
    for (const [position, kernel] of kernels.entries()) {
      const persistent = kernel.kind === "scan" ? this.#persistent(kernel) : null;
      for (const access of [...kernelReads(kernel), ...kernelWrites(kernel)]) {
        const root = this.#root(access.storage);
        if (this.#table[root].place.kind !== "arena" || outside.has(root)) continue;
        const live = lives.get(root);
        if (live === undefined) lives.set(root, { first: position, last: position });
        else live.last = position;
        if (persistent === null || persistent.has(root)) inside.delete(root);
        else if (live === undefined) inside.add(root);
        if (live !== undefined && live.first !== position) inside.delete(root);
      }
    }
    for (const storage of inside) lives.delete(storage);
    return lives;
  }

  /** What must survive from turn to turn of a scan. */
  #persistent(kernel: Kernel & { kind: "scan" }): Set<StorageId> {
    const kept = new Set<StorageId>();
    for (const carry of kernel.carries) {
      for (const storage of [carry.initial, carry.last, carry.other]) kept.add(this.#root(storage));
    }
    for (const inner of kernel.kernels) {
      for (const access of [...kernelReads(inner), ...kernelWrites(inner)]) {
        const { place } = this.#table[access.storage];
        if (place.kind === "turn" && place.loop === kernel.loop) kept.add(this.#root(access.storage));
      }
    }
    return kept;
  }

  #root(storage: StorageId): StorageId {
    const { place } = this.#table[storage];
    return place.kind === "alias" || place.kind === "turn" ? this.#root(place.storage) : storage;
  }
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
}
