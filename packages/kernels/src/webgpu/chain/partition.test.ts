import { describe, expect, it } from "vitest";
import type { Kernel, ScanKernel } from "../../ir.ts";
import { Partitioner } from "./partition.ts";
import { KernelBench } from "./testing/kernels.ts";

function finest(bench: KernelBench, kernels: readonly Kernel[]): (number | null)[] {
  const partitioner = new Partitioner(bench.table.all, kernels);
  return partitioner.leaves[partitioner.seed].space.axes.map((_, axis) => partitioner.finest(axis)?.size ?? null);
}

describe("dividing kernels into parts that touch nothing of each other's", () => {
  it("a chain of elementwise kernels divides along every axis whose parts have 8 elements side by side", () => {
    const bench = new KernelBench();
    const [x, y, z] = [bench.tensor(6, 10), bench.tensor(6, 10), bench.tensor(6, 10)];
    // Rows: 6. Columns: 10 = 1 x 10, and 5 would leave pieces of 2 elements.
    expect(finest(bench, [bench.map(y, x), bench.map(z, y)])).toEqual([6, null]);
  });

  it("a row's sum and what is done with it stay in the row", () => {
    const bench = new KernelBench();
    const [x, means, y] = [bench.tensor(6, 10), bench.tensor(6), bench.tensor(6, 10)];
    const wide = { ...bench.view(means), shape: [6, 10], strides: [1, 0] };
    expect(finest(bench, [bench.sum(means, x, 1), bench.map(y, x, wide)])).toEqual([6, null]);
  });

  it("a sum over the rows that is read by every row divides nothing but columns", () => {
    const bench = new KernelBench();
    const [x, totals, y] = [bench.tensor(6, 16), bench.tensor(16), bench.tensor(6, 16)];
    const wide = { ...bench.view(totals), shape: [6, 16], strides: [0, 1] };
    // Columns 0 ... 7 and 8 ... 15.
    expect(finest(bench, [bench.sum(totals, x, 0), bench.map(y, x, wide)])).toEqual([null, 2]);
  });

  it("a flat kernel behind a matrix is cut where the rows are", () => {
    const bench = new KernelBench();
    const [x, y] = [bench.tensor(6, 10), bench.tensor(6, 10)];
    const flat = { ...bench.tensor(60), shape: [60] };
    const kernels = [bench.map(y, x), bench.map(flat, { storage: y.storage, shape: [60] })];
    const partitioner = new Partitioner(bench.table.all, kernels);
    // 3 parts of 2 rows: 2 of the matrix' 6 rows, 20 of the 60 elements.
    expect(partitioner.digit(0, 3)).toEqual({
      size: 3,
      cuts: [
        { axis: 0, inner: 2 },
        { axis: 0, inner: 20 },
      ],
    });
  });

  it("memory that is only read may be read by all", () => {
    const bench = new KernelBench();
    const [x, w, y, z] = [bench.tensor(64, 128), bench.input(0, 128, 32), bench.tensor(64, 32), bench.tensor(64, 32)];
    expect(finest(bench, [bench.matmul(y, x, w), bench.map(z, y)])).toEqual([64, 4]);
  });

  it("parts of one tensor that are written side by side are parts of each row", () => {
    const bench = new KernelBench();
    const [x, wide] = [bench.tensor(6, 16), bench.tensor(6, 32)];
    const half = (offset: number): ReturnType<typeof bench.view> => ({
      storage: wide.storage,
      shape: [6, 16],
      offset,
      strides: [32, 1],
    });
    const y = bench.tensor(6, 32);
    expect(finest(bench, [bench.map(half(0), x), bench.map(half(16), x), bench.map(y, wide)])[0]).toBe(6);
  });

  it("an attention divides by batch, head and row of the scores; its gradient for keys not by row", () => {
    const bench = new KernelBench();
    const [q, k] = [bench.tensor(2, 3, 16, 8), bench.tensor(2, 3, 8, 16)];
    const v = bench.tensor(2, 3, 16, 8);
    const [scores, weights] = [bench.tensor(2, 3, 16, 16), bench.tensor(2, 3, 16, 16)];
    const values = bench.tensor(2, 3, 16, 8);
    const merged = bench.tensor(2, 16, 3, 8);
    const forward = [
      bench.matmul(scores, q, k),
      bench.softmax(weights, scores),
      bench.matmul(values, weights, v),
      bench.map(merged, bench.permuted(values, 0, 2, 1, 3)),
    ];
    expect(finest(bench, forward)).toEqual([2, 3, 16, null]);
    const keys = bench.tensor(2, 3, 16, 8);
    const backward = bench.matmul(keys, bench.permuted(weights, 0, 1, 3, 2), q);
    expect(finest(bench, [...forward, backward])).toEqual([2, 3, null, null]);
  });

  it("what shares no memory with the rest is cut along an axis of the same length", () => {
    const bench = new KernelBench();
    const [a, b, c, d] = [bench.tensor(6, 10), bench.tensor(6, 10), bench.tensor(3, 6), bench.tensor(3, 6)];
    const partitioner = new Partitioner(bench.table.all, [bench.map(b, a), bench.map(d, c)]);
    // The second kernel's rows are 3, its columns 6, but pieces of one element would lie apart.
    expect(partitioner.digit(0, 6)).toBeNull();
    expect(partitioner.digit(0, 3)?.cuts).toEqual([
      { axis: 0, inner: 2 },
      { axis: 0, inner: 1 },
    ]);
  });

  it("keys that are made in the same list keep the rows together", () => {
    const bench = new KernelBench();
    const [q, x, k] = [bench.tensor(2, 3, 16, 8), bench.tensor(2, 3, 8, 16), bench.tensor(2, 3, 8, 16)];
    const scores = bench.tensor(2, 3, 16, 16);
    expect(finest(bench, [bench.map(k, x), bench.matmul(scores, q, k)])).toEqual([2, 3, null, 2]);
  });
});

/** h <- f(h W), c <- c + h, over 50 turns, with h stacked. */
function recurrence(bench: KernelBench, options: { mixed: boolean }): ScanKernel {
  const [batch, width, length] = [64, 128, 50];
  const { storages } = bench.table;
  const sides = [0, 1].map(() => [bench.tensor(batch, width), bench.tensor(batch, width)]);
  const carry = (number: number, side: "read" | "write"): { storage: number; shape: number[] } => ({
    storage: storages.add("float32", batch * width, { kind: "carry", carry: number, side }),
    shape: [batch, width],
  });
  const stack = bench.tensor(length, batch, width);
  const turn = { kind: "turn", storage: stack.storage, offset: 0, stride: batch * width, loop: 0 } as const;
  const slice = { storage: storages.add("float32", batch * width, turn), shape: [batch, width] };
  const product = bench.tensor(batch, width);
  const left = carry(0, "read");
  const kernels = [
    options.mixed
      ? bench.matmul(product, bench.input(0, batch, batch), left)
      : bench.matmul(product, left, bench.input(0, width, width)),
    bench.map(carry(0, "write"), product, carry(1, "read")),
    bench.map(carry(1, "write"), product, carry(1, "read")),
    bench.map(slice, left),
  ];
  return {
    kind: "scan",
    loop: 0,
    length,
    reverse: false,
    carries: sides.map(([even, odd], number) => ({
      carry: number,
      initial: even.storage,
      last: even.storage,
      other: odd.storage,
    })),
    kernels,
  };
}

describe("dividing recurrences", () => {
  it("a recurrent network's batch is divided into rows, through carries, stacks and products", () => {
    const bench = new KernelBench();
    const partitioner = new Partitioner(bench.table.all, [recurrence(bench, { mixed: false })]);
    // The columns are read by all others in the next turn.
    expect([partitioner.finest(0)?.size, partitioner.finest(1)]).toEqual([64, null]);
    // 4 rows of 128 columns: 16 parts.
    expect(partitioner.digit(0, 16)?.cuts).toEqual(Array(4).fill({ axis: 0, inner: 4 }));
  });

  it("one that mixes rows in every turn is refused, but for its columns", () => {
    const bench = new KernelBench();
    const partitioner = new Partitioner(bench.table.all, [recurrence(bench, { mixed: true })]);
    expect(partitioner.finest(0)).toBeNull();
    // Pieces of at least 8 columns: 16 of 128.
    expect(partitioner.finest(1)?.size).toBe(16);
  });
});
