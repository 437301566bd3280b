import { describe, expect, it } from "vitest";
import type { ScanKernel } from "../../ir.ts";
import { StorageTable } from "../gpu-storages.ts";
import { GPU_PART_SIZES } from "./part-sizes.ts";
import { cutScans } from "./segments.ts";

/** A normalised scan of 10 turns: each adds 6 elements of a stack to the carry. The carry's sides are storages 1 (even) and 2. */
function scanOf(reverse: boolean): { table: StorageTable; scan: ScanKernel } {
  const table = new StorageTable([]);
  const { storages } = table;
  const stack = storages.add("float32", 60, { kind: "input", index: 0 });
  const [even, odd] = [storages.add("float32", 6), storages.add("float32", 6)];
  const slice = storages.add("float32", 6, { kind: "turn", storage: stack, offset: 0, stride: 6, loop: 0 });
  const read = storages.add("float32", 6, { kind: "carry", carry: 0, side: "read" });
  const write = storages.add("float32", 6, { kind: "carry", carry: 0, side: "write" });
  const window = { offset: 0, strides: [1] };
  const steps = [slice, read].map((storage) => ({ kind: "load" as const, dtype: "float32" as const, storage, window }));
  const sum = { kind: "apply" as const, dtype: "float32" as const, operation: "add" as const, arguments: [0, 1] };
  const body = { shape: [6], steps: [...steps, sum], stores: [{ step: 2, storage: write, window }] };
  const carries = [{ carry: 0, initial: even, last: even, other: odd }];
  return {
    table,
    scan: { kind: "scan", loop: 0, length: 10, reverse, carries, kernels: [{ kind: "map", body }] },
  };
}

/** Where in the stack a segment's slices begin, in the order of its turns, and the sides on which its carry begins and ends. */
function summary(table: StorageTable, { length, reverse, kernels, carries: [carry] }: ScanKernel) {
  const [kernel] = kernels;
  const step = kernel.kind === "map" ? kernel.body.steps[0] : null;
  const place = step?.kind === "load" ? table.all[step.storage].place : null;
  if (place?.kind !== "turn") throw new Error("The slice moves with the time");
  const begins = Array.from({ length }, (_, visit) => place.offset + 6 * (reverse ? length - 1 - visit : visit));
  return { begins, initial: carry.initial, last: carry.last };
}

describe("cutScans", () => {
  it("leaves alone what one workgroup does in time", () => {
    const { table, scan } = scanOf(false);
    expect(cutScans(table, [scan])).toEqual([scan]);
  });

  it.each([
    [false, [0, 6, 12, 18, 24, 30, 36, 42, 48, 54]],
    [true, [54, 48, 42, 36, 30, 24, 18, 12, 6, 0]],
  ])("goes through the same times in the same order, and hands the carry on (reverse: %s)", (reverse, all) => {
    const { table, scan } = scanOf(reverse);
    // A turn is 6 elements of work, and all of it one part: 20 are three turns.
    const segments = cutScans(table, [scan], { ...GPU_PART_SIZES, recurrentWorkMax: 20 });
    const found = segments.map((segment) => summary(table, segment.kind === "scan" ? segment : scan));
    expect(found.map(({ begins }) => begins.length)).toEqual([3, 3, 3, 1]);
    expect(found.flatMap(({ begins }) => begins)).toEqual(all);
    const [even, odd] = [1, 2];
    expect(found.map(({ initial, last }) => [initial, last])).toEqual([
      [even, odd],
      [odd, even],
      [even, odd],
      [odd, even],
    ]);
  });
});
