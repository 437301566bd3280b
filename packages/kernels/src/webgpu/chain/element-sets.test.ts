import { describe, expect, it } from "vitest";
import type { Storage } from "../../ir.ts";
import { elementSets, mayShare } from "./element-sets.ts";

const arena: Storage = { dtype: "float32", length: 1000, place: { kind: "arena" } };
const set = (offset: number, ...axes: [size: number, stride: number][]): Parameters<typeof mayShare>[0] => ({
  memory: "storage0",
  offset,
  axes: axes.map(([size, stride]) => ({ size, stride })),
});

describe("whether two sets of elements may share one", () => {
  it("stretches that end before the other begins do not", () => {
    expect(mayShare(set(0, [10, 1]), set(10, [10, 1]))).toBe(false);
    expect(mayShare(set(0, [11, 1]), set(10, [10, 1]))).toBe(true);
  });

  it("columns 0 ... 3 and 4 ... 7 of a matrix do not, though their stretches overlap", () => {
    expect(mayShare(set(0, [5, 8], [4, 1]), set(4, [5, 8], [4, 1]))).toBe(false);
    expect(mayShare(set(0, [5, 8], [5, 1]), set(4, [5, 8], [4, 1]))).toBe(true);
  });

  it("even and odd elements do not", () => {
    expect(mayShare(set(0, [5, 2]), set(1, [5, 2]))).toBe(false);
    expect(mayShare(set(0, [5, 2]), set(4, [5, 2]))).toBe(true);
  });

  it("backwards is the same elements", () => {
    // 9, 8, ..., 5 and 4, 3, ..., 0.
    expect(mayShare(set(9, [5, -1]), set(4, [5, -1]))).toBe(false);
    expect(mayShare(set(9, [6, -1]), set(4, [5, -1]))).toBe(true);
  });

  it("of two storages never, of two names for one memory perhaps", () => {
    expect(mayShare(set(0, [10, 1]), { ...set(0, [10, 1]), memory: "input0" })).toBe(false);
  });
});

describe("what an access touches", () => {
  const scan = {
    kind: "scan",
    loop: 3,
    length: 5,
    reverse: false,
    carries: [{ carry: 7, initial: 0, last: 1, other: 0 }],
    kernels: [],
  } as const;

  it("moves with the turns of the scan around it", () => {
    const table: Storage[] = [
      arena,
      { ...arena, place: { kind: "turn", storage: 0, offset: 100, stride: 20, loop: 3 } },
    ];
    const access = { storage: 1, shape: [4], window: { offset: 2, strides: [1] } };
    expect(elementSets(table, access, [scan])).toEqual([
      {
        memory: "storage0",
        offset: 102,
        axes: [
          { size: 5, stride: 20 },
          { size: 4, stride: 1 },
        ],
      },
    ]);
    expect(() => elementSets(table, access, [])).toThrow("moves with loop 3");
  });

  it("is in both places of a carry", () => {
    const table: Storage[] = [arena, arena, { ...arena, place: { kind: "carry", carry: 7, side: "read" } }];
    const access = { storage: 2, shape: [4], window: { offset: 0, strides: [1] } };
    expect(elementSets(table, access, [scan]).map(({ memory }) => memory)).toEqual(["storage0", "storage1"]);
  });
});
