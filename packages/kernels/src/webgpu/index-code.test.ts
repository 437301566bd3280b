import { createProgram, GraphBuilder } from "@tributary/program";
import { describe, expect, it } from "vitest";
import { lowerProgram } from "../lowering.ts";
import { rowLanes } from "./rows-code.ts";
import { shareTable } from "./scatter-table-code.ts";

const POOL = {
  window: [3, 3],
  strides: [2, 2],
  padding: [
    [1, 1],
    [1, 1],
  ],
  dilation: [1, 1],
} as const;

describe("a scatter whose indices a pooling gave", () => {
  function scatterOf(length: number, flat: readonly number[]) {
    const builder = new GraphBuilder();
    const x = builder.input({ dtype: "float32", shape: [2, 3, 8, 6] });
    const pooled = builder.add("maxPool", POOL, [x]);
    // [2, 3, 4, 3] windows.
    const updates = builder.add("reshape", { shape: flat }, [pooled]);
    const index = builder.add("reshape", { shape: flat }, [pooled + 1]);
    const spread = builder.add("scatterAdd", { length }, [updates, index]);
    const graph = builder.build([spread]);
    const program = createProgram({ name: "unpool", graph, inputs: ["x"], outputs: [{ name: "y" }] });
    return lowerProgram(program).kernels.find((kernel) => kernel.kind === "index");
  }

  it("knows its geometry, plane by plane", () => {
    expect(scatterOf(48, [2, 3, 12])).toMatchObject({ pool: { attributes: POOL, input: [8, 6], output: [4, 3] } });
    expect(scatterOf(48, [6, 12])).toMatchObject({ pool: { input: [8, 6] } });
  });

  it("does not take a row for a plane that is none", () => {
    expect(scatterOf(48, [2, 36])).not.toHaveProperty("pool");
    expect(scatterOf(50, [6, 12])).not.toHaveProperty("pool");
  });
});

describe("sharing out a table of sums", () => {
  it("cuts the list into segments while a small table leaves the GPU idle", () => {
    // 65 rows of 128 columns: 4 blocks of 32 columns, 8 groups of one column each. With 4 segments, 2 rows a workgroup: 33 * 4.
    expect(shareTable(65, 128, 2048)).toEqual({
      columns: 32,
      segments: 4,
      own: 1,
      rows: 2,
      across: 4,
      workgroups: 132,
    });
    // A list of 100 is too short to be cut.
    expect(shareTable(65, 128, 100)).toMatchObject({ segments: 1, rows: 8, workgroups: 36 });
  });

  it("gives workgroups more rows of a large table", () => {
    // 50,000 rows of 64 columns: 4 rows a workgroup would be 12,500 of them; a group owns 8 rows at most.
    expect(shareTable(50_000, 64, 8192)).toEqual({
      columns: 64,
      segments: 1,
      own: 8,
      rows: 32,
      across: 1,
      workgroups: 1563,
    });
  });
});

describe("lanes of a row", () => {
  it("are at least as many as load neighbours at once, and have about 8 elements each", () => {
    expect([1, 3, 10, 32, 33, 256, 257, 1000, 65_536].map(rowLanes)).toEqual([1, 4, 16, 32, 32, 32, 64, 128, 256]);
  });
});
