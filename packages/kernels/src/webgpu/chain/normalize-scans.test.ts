import type { DType } from "@tributary/program";
import { describe, expect, it } from "vitest";
import type { Kernel, ScanKernel } from "../../ir.ts";
import { StorageTable } from "../gpu-storages.ts";
import { carrySides } from "./carry-sides.ts";
import { normalizeScans } from "./normalize-scans.ts";

interface Bench {
  readonly table: StorageTable;
  readonly scan: ScanKernel;
  /** What a turn reads, what it writes. */
  readonly inside: { readonly read: number; readonly write: number };
}

/** A scan whose one carry is a copy of itself every turn. `last` is an output of the program or in the arena. */
function bench(length: number, options: { dtype?: DType; last?: "output" | "arena"; reverse?: boolean } = {}): Bench {
  const { dtype = "float32", last = "arena", reverse = false } = options;
  const table = new StorageTable([]);
  const { storages } = table;
  const initial = storages.add(dtype, 6, { kind: "input", index: 0 });
  const result = storages.add(dtype, 6, last === "arena" ? { kind: "arena" } : { kind: "output", index: 0 });
  const other = storages.add(dtype, 6);
  const read = storages.add(dtype, 6, { kind: "carry", carry: 0, side: "read" });
  const write = storages.add(dtype, 6, { kind: "carry", carry: 0, side: "write" });
  const scan: ScanKernel = {
    kind: "scan",
    loop: 0,
    length,
    reverse,
    carries: [{ carry: 0, initial, last: result, other }],
    kernels: [copy(dtype, read, write)],
  };
  return { table, scan, inside: { read, write } };
}

function copy(dtype: DType, from: number, to: number): Kernel {
  const window = { offset: 0, strides: [1] };
  return {
    kind: "map",
    body: {
      shape: [6],
      steps: [{ kind: "load", dtype, storage: from, window }],
      stores: [{ step: 0, storage: to, window }],
    },
  };
}

/** Storages from which and to which kernels copy. */
function copies(kernels: readonly Kernel[]): number[][] {
  return kernels.flatMap((kernel) => {
    if (kernel.kind !== "map") return [];
    const [step] = kernel.body.steps;
    return step.kind === "load" ? [[step.storage, kernel.body.stores[0].storage]] : [];
  });
}

/** Follows a carry through all turns: what each turn reads and writes. */
function turns({ length, carries: [carry], ...scan }: ScanKernel): { read: number; write: number }[] {
  const { even, odd } = carrySides({ ...scan, length, carries: [carry] }, carry.carry);
  return Array.from({ length }, (_, turn) =>
    turn % 2 === 0 ? { read: even, write: odd } : { read: odd, write: even },
  );
}

describe("carries on the GPU", () => {
  it.each([2, 3, 4, 7])("after %i turns the last one has written where the result belongs", (length) => {
    const { table, scan } = bench(length);
    const [{ initial, last, other }] = scan.carries;
    const [before, normalized, ...after] = normalizeScans(table, [scan]);
    expect(after).toEqual([]);
    if (normalized.kind !== "scan") throw new Error("The second kernel is no scan");
    const all = turns(normalized);
    expect(copies([before])).toEqual([[initial, all[0].read]]);
    expect(all.at(-1)?.write).toBe(last);
    // The two sides are the storages that there were.
    expect(new Set([all[0].read, all[0].write])).toEqual(new Set([last, other]));
  });

  it.each<DType>(["bool", "float16", "uint8", "float32"])(
    "a %s carry that ends in an output is copied there: only in the arena does each element have a word of its own",
    (dtype) => {
      const { table, scan } = bench(3, { dtype, last: "output", reverse: true });
      const [{ initial, last }] = scan.carries;
      const [before, normalized, after] = normalizeScans(table, [scan]);
      if (normalized.kind !== "scan") throw new Error("The second kernel is no scan");
      const all = turns(normalized);
      expect(copies([before, after])).toEqual([
        [initial, all[0].read],
        [all[2].write, last],
      ]);
      for (const storage of [all[0].read, all[0].write]) {
        expect(table.all[storage]).toEqual({ dtype, length: 6, place: { kind: "arena" } });
      }
    },
  );

  it("a scan within a scan is normalised inside", () => {
    const { table, scan } = bench(3);
    const outer: ScanKernel = { kind: "scan", loop: 1, length: 2, reverse: false, carries: [], kernels: [scan] };
    const [normalized] = normalizeScans(table, [outer]);
    if (normalized.kind !== "scan") throw new Error("The first kernel is no scan");
    expect(normalized.kernels.map(({ kind }) => kind)).toEqual(["map", "scan"]);
  });
});

describe("scans that are written out", () => {
  it("one turn is no loop: it reads the initial carry and writes the result", () => {
    const { table, scan } = bench(1, { last: "output" });
    const [{ initial, last }] = scan.carries;
    expect(copies(normalizeScans(table, [scan]))).toEqual([[initial, last]]);
  });

  it("its kernels wait for all that the scan read: a checkpoint computes again only when its cotangent is there", () => {
    const { table, scan, inside } = bench(1);
    const { storages } = table;
    const cotangent = storages.add("float32", 6);
    const early = storages.add("float32", 6);
    const result = storages.add("float32", 6);
    const kernels = [copy("float32", inside.read, early), copy("float32", cotangent, result)];
    const producer = copy("float32", storages.add("float32", 6, { kind: "input", index: 1 }), cotangent);
    const [, first] = normalizeScans(table, [producer, { ...scan, kernels }]);
    if (first.kind !== "map") throw new Error("The second kernel is no map");
    const read = first.body.steps.flatMap((step) => (step.kind === "load" ? [step.storage] : []));
    expect(read).toEqual([scan.carries[0].initial, cotangent]);
  });

  it("turns that nobody can share are written out where they are too much for one workgroup", () => {
    const table = new StorageTable([]);
    const { storages } = table;
    const side = 1024;
    const [weights, even, odd] = [0, 1, 2].map(() => storages.add("float32", side * side));
    const [read, write] = (["read", "write"] as const).map((which) =>
      storages.add("float32", side * side, { kind: "carry", carry: 0, side: which }),
    );
    const dense = { shape: [side, side], offset: 0, strides: [side, 1] };
    // x <- W x W: every element depends on all of the turn before.
    const half = storages.add("float32", side * side);
    const product = (a: number, b: number, to: number): Kernel => ({
      kind: "contract",
      contraction: { operation: "matmul" },
      a: { storage: a, ...dense },
      b: { storage: b, ...dense },
      epilogue: {
        shape: [side, side],
        steps: [{ kind: "result", dtype: "float32", number: 0 }],
        stores: [{ step: 0, storage: to, window: dense }],
      },
    });
    const scan: ScanKernel = {
      kind: "scan",
      loop: 0,
      length: 4,
      reverse: false,
      carries: [{ carry: 0, initial: even, last: even, other: odd }],
      kernels: [product(weights, read, half), product(half, weights, write)],
    };
    const kernels = normalizeScans(table, [scan]);
    expect(kernels.map(({ kind }) => kind)).toEqual(Array(8).fill("contract"));
  });
});
