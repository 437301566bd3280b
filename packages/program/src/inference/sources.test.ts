import { describe, expect, it } from "vitest";
import type { Shape } from "../dtype.ts";
import { f, i, refused, shown, u } from "../testing/infer.ts";

describe("sources", () => {
  it("threefry takes a key of two words and two counters of one shape", () => {
    expect(shown("threefry", {}, [u(2), u(3, 4), u(3, 4)])).toEqual(["uint32[3, 4]"]);
    expect(refused("threefry", {}, [u(4), u(3), u(3)]).code).toBe("SHAPE_MISMATCH");
    expect(refused("threefry", {}, [u(2), u(3), u(4)])).toMatchObject({
      code: "SHAPE_MISMATCH",
      message: expect.stringContaining("uint32[3] and uint32[4]"),
    });
    expect(refused("threefry", {}, [u(2), i(3), u(3)]).code).toBe("DTYPE_UNSUPPORTED");
  });

  it("constant has one value an element, or one for all", () => {
    expect(shown("constant", { dtype: "float32", shape: [2, 2], values: [1, 2, 3, 4] }, [])).toEqual(["float32[2, 2]"]);
    expect(shown("constant", { dtype: "uint8", shape: [1000, 1000], values: [255] }, [])).toEqual([
      "uint8[1000, 1000]",
    ]);
    expect(refused("constant", { dtype: "float32", shape: [2, 2], values: [1, 2, 3] }, []).code).toBe(
      "ATTRIBUTE_INVALID",
    );
    expect(refused("constant", { dtype: "float32", shape: [], values: [] }, []).code).toBe("ATTRIBUTE_INVALID");
    expect(refused("constant", { dtype: "float32", shape: [], values: [1] }, [f()]).code).toBe("INPUT_COUNT");
  });

  it.each([
    ["uint8", 256],
    ["uint8", -1],
    ["bool", 2],
    ["int32", 2 ** 31],
    ["uint32", 2 ** 32],
    ["int32", 0.5],
    ["uint32", Number.NaN],
  ] as const)("a constant of %s cannot be %d", (dtype, value) => {
    expect(refused("constant", { dtype, shape: [], values: [value] }, []).code).toBe("ATTRIBUTE_INVALID");
  });

  it("iota counts along an axis", () => {
    expect(shown("iota", { dtype: "int32", shape: [2, 3], axis: 1 }, [])).toEqual(["int32[2, 3]"]);
    expect(refused("iota", { dtype: "bool", shape: [2], axis: 0 }, []).code).toBe("DTYPE_UNSUPPORTED");
    expect(refused("iota", { dtype: "int32", shape: [], axis: 0 }, []).code).toBe("ATTRIBUTE_INVALID");
  });

  it.each<[string, Shape]>([
    ["a negative dimension", [-1]],
    ["half a dimension", [1.5]],
    ["a dimension of 2^31", [2 ** 31]],
    ["NaN", [Number.NaN]],
    ["nine dimensions", [1, 1, 1, 1, 1, 1, 1, 1, 1]],
  ])("a shape with %s is refused", (_, shape) => {
    expect(refused("constant", { dtype: "float32", shape, values: [0] }, []).code).toBe("SHAPE_INVALID");
  });
});
