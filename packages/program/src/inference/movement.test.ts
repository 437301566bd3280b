import { describe, expect, it } from "vitest";
import { f, i, refused, shown, t } from "../testing/infer.ts";

describe("movement", () => {
  it("reshape keeps the number of elements", () => {
    expect(shown("reshape", { shape: [3, 2] }, [t("uint8", 6)])).toEqual(["uint8[3, 2]"]);
    expect(shown("reshape", { shape: [] }, [f(1, 1)])).toEqual(["float32[]"]);
    const { code, message } = refused("reshape", { shape: [4, 2] }, [f(2, 3)]);
    expect(code).toBe("SHAPE_MISMATCH");
    expect(message).toContain("float32[2, 3] (6 elements)");
    expect(message).toContain("float32[4, 2] (8 elements)");
    expect(refused("reshape", { shape: [-1, -6] }, [f(6)]).code).toBe("SHAPE_INVALID");
  });

  it("permute moves input axis permutation[i] to axis i", () => {
    expect(shown("permute", { permutation: [2, 0, 1] }, [f(2, 3, 4)])).toEqual(["float32[4, 2, 3]"]);
    expect(refused("permute", { permutation: [0, 0, 1] }, [f(2, 3, 4)]).code).toBe("ATTRIBUTE_INVALID");
    expect(refused("permute", { permutation: [0, 1] }, [f(2, 3, 4)]).code).toBe("ATTRIBUTE_INVALID");
  });

  it("broadcast aligns at the last axis and stretches 1s", () => {
    expect(shown("broadcast", { shape: [4, 2, 3] }, [f(2, 1)])).toEqual(["float32[4, 2, 3]"]);
    expect(shown("broadcast", { shape: [0] }, [f(1)])).toEqual(["float32[0]"]);
    const { code, message } = refused("broadcast", { shape: [2, 3] }, [f(2)]);
    expect(code).toBe("SHAPE_MISMATCH");
    expect(message).toContain("float32[2]");
    expect(message).toContain("[2, 3]");
    expect(refused("broadcast", { shape: [3] }, [f(1, 3)]).code).toBe("SHAPE_MISMATCH");
  });

  it("slice takes starts, starts + strides, ... below ends", () => {
    // Of 10: 1, 4, 7. Of 4: 2, 3.
    expect(shown("slice", { starts: [1, 2], ends: [8, 4], strides: [3, 1] }, [f(10, 4)])).toEqual(["float32[3, 2]"]);
    expect(shown("slice", { starts: [2], ends: [2], strides: [1] }, [f(2)])).toEqual(["float32[0]"]);
    expect(refused("slice", { starts: [0], ends: [3], strides: [1] }, [f(2)]).code).toBe("ATTRIBUTE_INVALID");
    expect(refused("slice", { starts: [2], ends: [1], strides: [1] }, [f(2)]).code).toBe("ATTRIBUTE_INVALID");
    expect(refused("slice", { starts: [0], ends: [2], strides: [0] }, [f(2)]).code).toBe("ATTRIBUTE_INVALID");
    expect(refused("slice", { starts: [], ends: [], strides: [] }, [f(2)]).code).toBe("ATTRIBUTE_INVALID");
  });

  it("pad puts values before, after and between", () => {
    // a . . b . . c with one before and two after: 1 + 7 + 2.
    const attributes = { low: [1], high: [2], interior: [2], value: 0 };
    expect(shown("pad", attributes, [f(3)])).toEqual(["float32[10]"]);
    expect(shown("pad", attributes, [f(0)])).toEqual(["float32[3]"]);
    expect(refused("pad", { ...attributes, low: [-1] }, [f(3)]).code).toBe("ATTRIBUTE_INVALID");
    expect(refused("pad", { ...attributes, value: 0.5 }, [i(3)]).code).toBe("ATTRIBUTE_INVALID");
    expect(refused("pad", { ...attributes, value: 2 }, [t("bool", 3)]).code).toBe("ATTRIBUTE_INVALID");
    expect(shown("pad", { ...attributes, value: Number.NEGATIVE_INFINITY }, [f(3)])).toEqual(["float32[10]"]);
  });

  it("a padded dimension beyond 2^31 - 1 is refused", () => {
    expect(refused("pad", { low: [2 ** 31 - 1], high: [0], interior: [0], value: 0 }, [f(1)]).code).toBe(
      "SHAPE_INVALID",
    );
  });

  it("concat adds up one axis", () => {
    expect(shown("concat", { axis: 1 }, [f(2, 3), f(2, 0), f(2, 4)])).toEqual(["float32[2, 7]"]);
    expect(shown("concat", { axis: 0 }, [i(3)])).toEqual(["int32[3]"]);
    expect(refused("concat", { axis: 1 }, [f(2, 3), f(3, 3)])).toMatchObject({
      code: "SHAPE_MISMATCH",
      message: expect.stringContaining("float32[2, 3] and float32[3, 3]"),
    });
    expect(refused("concat", { axis: 0 }, [f(2), f(2, 1)]).code).toBe("SHAPE_MISMATCH");
    expect(refused("concat", { axis: 0 }, [f(2), i(2)]).code).toBe("DTYPE_MISMATCH");
    expect(refused("concat", { axis: 0 }, []).code).toBe("INPUT_COUNT");
  });

  it("flip keeps the type", () => {
    expect(shown("flip", { axes: [0, 1] }, [t("bool", 2, 3)])).toEqual(["bool[2, 3]"]);
    expect(refused("flip", { axes: [2] }, [f(2, 3)]).code).toBe("ATTRIBUTE_INVALID");
  });
});
