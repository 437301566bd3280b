import { describe, expect, it } from "vitest";
import type { MapKernel, ReduceKernel, StorageId } from "../ir.ts";
import { Storages } from "../storages.ts";
import { halvesByStores, halvesOf } from "./cut-kernel.ts";

/** y[i, j] = x[i, j] + 10 i + j over [5, 3]: x is dense, y in columns. */
const MAP: MapKernel = {
  kind: "map",
  body: {
    shape: [5, 3],
    steps: [
      { kind: "load", dtype: "int32", storage: 0, window: { offset: 7, strides: [3, 1] } },
      { kind: "index", dtype: "int32", window: { offset: 0, strides: [10, 1] } },
      { kind: "apply", dtype: "int32", operation: "add", arguments: [0, 1] },
    ],
    stores: [{ step: 2, storage: 1, window: { offset: 0, strides: [1, 5] } }],
  },
};

/** y[j] = sum over i of x[i, j], x being [8, 6]. */
const COLUMN_SUMS: ReduceKernel = {
  kind: "reduce",
  prologue: {
    shape: [8, 6],
    steps: [{ kind: "load", dtype: "float32", storage: 0, window: { offset: 0, strides: [6, 1] } }],
    stores: [],
  },
  axes: [0],
  reductions: [{ reducer: "sum", step: 0, dtype: "float32" }],
  epilogue: {
    shape: [6],
    steps: [{ kind: "result", dtype: "float32", number: 0 }],
    stores: [{ step: 0, storage: 1, window: { offset: 20, strides: [1] } }],
  },
};

describe("halves of a kernel that reaches too far", () => {
  it("of a map: rows 0 and 1, then 2, 3 and 4, because memory is farthest along the rows", () => {
    const halves = halvesOf(MAP);
    const windows = halves?.map((half) =>
      half.kind === "map" ? [half.body.shape, ...half.body.steps, ...half.body.stores] : [],
    );
    // Row 2 of x is 2 * 3 elements on, its index 20 more, and its place in y 2 elements on.
    expect(windows).toMatchObject([
      [[2, 3], { window: { offset: 7 } }, { window: { offset: 0 } }, {}, { window: { offset: 0 } }],
      [[3, 3], { window: { offset: 13 } }, { window: { offset: 20 } }, {}, { window: { offset: 2 } }],
    ]);
  });

  it("of a reduction: three of its results each, from all that they are made of", () => {
    expect(halvesOf(COLUMN_SUMS)).toMatchObject([
      {
        prologue: { shape: [8, 3], steps: [{ window: { offset: 0 } }] },
        epilogue: { shape: [3], stores: [{ window: { offset: 20 } }] },
      },
      {
        prologue: { shape: [8, 3], steps: [{ window: { offset: 3 } }] },
        epilogue: { shape: [3], stores: [{ window: { offset: 23 } }] },
      },
    ]);
  });

  it("of a reduction to one number, or a map of one element: none", () => {
    expect(halvesOf({ ...COLUMN_SUMS, axes: [0, 1], epilogue: { ...COLUMN_SUMS.epilogue, shape: [] } })).toBeNull();
    expect(halvesOf({ ...MAP, body: { ...MAP.body, shape: [1, 1] } })).toBeNull();
  });
});

/** Storage 0 takes 2 of its elements from storage 1 and, `apart` elements on, 2 from storage 2; reads[i]: what the i-th of these stores is made of. */
function twoStores(reads: readonly [StorageId, StorageId], apart: number) {
  const storages = new Storages();
  for (const length of [1000, 2, 2]) storages.add("float32", length);
  const window = { offset: 0, strides: [1] };
  const kernel: MapKernel = {
    kind: "map",
    body: {
      shape: [2],
      steps: reads.map((storage) => ({ kind: "load", dtype: "float32", storage, window })),
      stores: [0, apart].map((offset, step) => ({ step, storage: 0, window: { offset, strides: [1] } })),
    },
  };
  return halvesByStores(kernel, storages)?.map((half) =>
    half.kind === "map" ? [half.body.steps, half.body.stores] : [],
  );
}

describe("kernels for the stores of one", () => {
  it("each have one, and what it is made of", () => {
    expect(twoStores([1, 2], 900)).toMatchObject([
      [[{ storage: 1 }], [{ step: 0, window: { offset: 0 } }]],
      [[{ storage: 2 }], [{ step: 0, window: { offset: 900 } }]],
    ]);
  });

  it("come in the order in which none overwrites what the other reads", () => {
    // The second store reads what the first one overwrites: elements 0 and 1 of storage 0.
    expect(twoStores([1, 0], 900)).toMatchObject([
      [[{ storage: 0 }], [{ window: { offset: 900 } }]],
      [[{ storage: 1 }], [{ window: { offset: 0 } }]],
    ]);
    // Each reads elements that the other writes: there is no such order.
    expect(twoStores([0, 0], 0)).toBeUndefined();
  });
});
