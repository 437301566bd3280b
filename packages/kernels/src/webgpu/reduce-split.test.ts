import { elementCount } from "@tributary/program";
import { describe, expect, it } from "vitest";
import type { ReduceKernel, Storage } from "../ir.ts";
import { denseWindow } from "../window.ts";
import { StorageTable } from "./gpu-storages.ts";
import { partsOf, splitReductions } from "./reduce-split.ts";
import { lanesOf, reductionGeometry } from "./reduction-geometry.ts";
import { LEAST_FEATURES } from "./testing/least-features.ts";

/** Folds a dense tensor over some axes into a dense one: storage 0 into storage 1. */
function reduction(shape: readonly number[], axes: readonly number[], reducer: "sum" | "argmax" = "sum"): ReduceKernel {
  const kept = shape.filter((_, axis) => !axes.includes(axis));
  const dtype = reducer === "argmax" ? "int32" : "float32";
  return {
    kind: "reduce",
    prologue: {
      shape,
      steps: [{ kind: "load", dtype: "float32", storage: 0, window: denseWindow(shape) }],
      stores: [],
    },
    axes,
    reductions: [{ reducer, step: 0, dtype }],
    epilogue: {
      shape: kept,
      steps: [{ kind: "result", dtype, number: 0 }],
      stores: [{ step: 0, storage: 1, window: denseWindow(kept) }],
    },
  };
}

function tableFor({ prologue, epilogue }: ReduceKernel): StorageTable {
  const storage = (shape: readonly number[]): Storage => ({
    dtype: "float32",
    length: elementCount(shape),
    place: { kind: "arena" },
  });
  return new StorageTable([storage(prologue.shape), storage(epilogue.shape)]);
}

describe("a reduction's geometry", () => {
  it("joins axes that lie behind one another, and knows which neighbours are folded", () => {
    const bias = reductionGeometry(reduction([128, 6, 28, 28], [0, 2, 3]));
    expect(bias.kernel.prologue.shape).toEqual([128, 6, 784]);
    expect(bias.kernel.axes).toEqual([0, 2]);
    expect(bias).toMatchObject({ outputs: 6, length: 128 * 784, inner: true, kept: [1], reduced: [0, 2] });
    const columns = reductionGeometry(reduction([50, 64, 512], [0, 1]));
    expect(columns.kernel.prologue.shape).toEqual([3200, 512]);
    expect(columns).toMatchObject({ outputs: 512, length: 3200, inner: false });
  });

  it("gives a result 32 lanes or more of neighbours, or few lanes and 16 neighbouring results", () => {
    const lanes = (shape: readonly number[], axes: readonly number[]) =>
      lanesOf(reductionGeometry(reduction(shape, axes)));
    expect(lanes([2048, 128], [1])).toBe(32);
    expect(lanes([16, 128], [1])).toBe(64);
    expect(lanes([61_706], [0])).toBe(256);
    expect(lanes([128, 84], [0])).toBe(16);
    expect(lanes([16, 16_384], [0])).toBe(4);
    // A row of 10 fits 16 lanes; a column of 3 fits 4.
    expect(lanes([500, 10], [1])).toBe(16);
    expect(lanes([3, 1], [0])).toBe(4);
  });
});

describe("splitting reductions", () => {
  const parts = (shape: readonly number[], axes: readonly number[], reducer?: "sum" | "argmax") =>
    partsOf(reductionGeometry(reduction(shape, axes, reducer)));

  it("takes one pass where a lane has at most 64 elements, and always for argmax", () => {
    expect(parts([128, 10], [0])).toBe(1);
    expect(parts([2048, 128], [1])).toBe(1);
    expect(parts([16_384], [0])).toBe(1);
    expect(parts([61_706], [0], "argmax")).toBe(1);
  });

  it("asks for 160 workgroups, or 4 elements an invocation", () => {
    // 61,706 / 4 invocations of 256 a part: 61.
    expect(parts([61_706], [0])).toBe(61);
    // 40,960 invocations, 6 * 256 a part: 27.
    expect(parts([128, 6, 28, 28], [0, 2, 3])).toBe(27);
    // 40,960 invocations, 512 * 16 a part: 5.
    expect(parts([50, 64, 512], [0, 1])).toBe(5);
  });

  it("cuts an axis into equal parts where nothing is left over then", () => {
    const kernel = reduction([50, 64, 512], [0, 1]);
    const table = tableFor(kernel);
    const passes = splitReductions(table, [kernel], LEAST_FEATURES);
    expect(passes).toHaveLength(2);
    expect(passes[0]).toMatchObject({ prologue: { shape: [5, 640, 512] }, axes: [1], epilogue: { shape: [5, 512] } });
    expect(passes[1]).toMatchObject({ prologue: { shape: [5, 512] }, axes: [0], epilogue: { shape: [512] } });
    expect(table.all[2]).toEqual({ dtype: "float32", length: 5 * 512, place: { kind: "arena" } });
  });

  it("folds what is left over beside the equal parts", () => {
    // 61,706 = 2 * 30,853, and 30,853 has no divisor near 1012: 60 parts of 1012 and one of 986.
    const kernel = reduction([61_706], [0]);
    const table = tableFor(kernel);
    const passes = splitReductions(table, [kernel], LEAST_FEATURES);
    expect(passes).toHaveLength(3);
    expect(passes[0]).toMatchObject({ prologue: { shape: [60, 1012] }, epilogue: { shape: [60] } });
    expect(passes[1]).toMatchObject({
      prologue: { shape: [986], steps: [{ window: { offset: 60_720 } }] },
      epilogue: { shape: [], stores: [{ window: { offset: 60 } }] },
    });
    expect(passes[2]).toMatchObject({ prologue: { shape: [61] }, axes: [0] });
    expect(table.all[2]?.length).toBe(61);
  });

  it("cuts a second axis where the first has too few elements", () => {
    // 40,960 / 256 = 160 parts: the 5 of the first axis, and 32 of the second's 40,000.
    const [first] = splitReductions(
      tableFor(reduction([5, 1, 40_000], [0, 2])),
      [reduction([5, 1, 40_000], [0, 2])],
      LEAST_FEATURES,
    );
    // Without the axis of one element both are one.
    expect(first).toMatchObject({ prologue: { shape: [160, 1250] } });
    const kernel = reduction([5, 2, 40_000], [0, 2]);
    const [second] = splitReductions(tableFor(kernel), [kernel], LEAST_FEATURES);
    // 80 parts: 5 times 16 of 2500.
    expect(second).toMatchObject({ prologue: { shape: [5, 16, 1, 2, 2500] }, epilogue: { shape: [5, 16, 2] } });
  });

  it("leaves out a reduction without results", () => {
    const kernel = reduction([3, 0], [0]);
    expect(splitReductions(tableFor(kernel), [kernel], LEAST_FEATURES)).toEqual([]);
  });
});
