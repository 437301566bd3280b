import { describe, expect, it } from "vitest";
import type { DType } from "../dtype.ts";
import { f, i, refused, shown, t, u } from "../testing/infer.ts";

describe("elementwise", () => {
  const FLOAT_ONLY = ["exp", "log", "sqrt", "tanh", "erf", "sin", "cos", "floor"] as const;
  const SIGNED = ["neg", "abs", "sign"] as const;
  const BINARY = ["add", "sub", "mul", "div", "pow", "maximum", "minimum"] as const;

  it.each(FLOAT_ONLY)("%s keeps the shape of a float32 and refuses integers", (name) => {
    expect(shown(name, {}, [f(2, 3)])).toEqual(["float32[2, 3]"]);
    expect(refused(name, {}, [i(2, 3)])).toMatchObject({
      code: "DTYPE_UNSUPPORTED",
      message: expect.stringContaining("int32[2, 3]"),
    });
  });

  it.each(SIGNED)("%s also takes int32, but not uint32 or float16", (name) => {
    expect(shown(name, {}, [f()])).toEqual(["float32[]"]);
    expect(shown(name, {}, [i(0, 3)])).toEqual(["int32[0, 3]"]);
    expect(refused(name, {}, [u(1)]).code).toBe("DTYPE_UNSUPPORTED");
    expect(refused(name, {}, [t("float16", 1)]).code).toBe("DTYPE_UNSUPPORTED");
  });

  it.each(BINARY)("%s takes two of one numeric type, and an error shows both shapes", (name) => {
    expect(shown(name, {}, [f(2, 3), f(2, 3)])).toEqual(["float32[2, 3]"]);
    expect(shown(name, {}, [i(5), i(5)])).toEqual(["int32[5]"]);
    expect(shown(name, {}, [u(5), u(5)])).toEqual(["uint32[5]"]);
    const shapes = refused(name, {}, [f(2, 3), f(3, 2)]);
    expect(shapes.code).toBe("SHAPE_MISMATCH");
    expect(shapes.message).toContain("float32[2, 3] and float32[3, 2]");
    expect(refused(name, {}, [f(2), i(2)])).toMatchObject({
      code: "DTYPE_MISMATCH",
      message: expect.stringContaining("float32[2] and int32[2]"),
    });
    expect(refused(name, {}, [t("uint8", 2), t("uint8", 2)]).code).toBe("DTYPE_UNSUPPORTED");
    expect(refused(name, {}, [f(2)]).code).toBe("INPUT_COUNT");
    // Stretching is an operation of its own.
    expect(refused(name, {}, [f(2), f(1)]).code).toBe("SHAPE_MISMATCH");
  });

  it("compare takes any one dtype and gives bool", () => {
    expect(shown("compare", { comparator: "less" }, [t("uint8", 4), t("uint8", 4)])).toEqual(["bool[4]"]);
    expect(refused("compare", { comparator: "less" }, [t("uint8", 4), f(4)]).code).toBe("DTYPE_MISMATCH");
    expect(refused("compare", { comparator: "like" as "less" }, [f(), f()]).code).toBe("ATTRIBUTE_INVALID");
  });

  it("where chooses between two of one type by bools of their shape", () => {
    expect(shown("where", {}, [t("bool", 2), t("float16", 2), t("float16", 2)])).toEqual(["float16[2]"]);
    expect(refused("where", {}, [f(2), f(2), f(2)]).code).toBe("DTYPE_UNSUPPORTED");
    expect(refused("where", {}, [t("bool", 2), f(2), f(3)])).toMatchObject({
      code: "SHAPE_MISMATCH",
      message: expect.stringContaining("bool[2] and float32[2] and float32[3]"),
    });
  });

  it("cast changes the dtype alone", () => {
    expect(shown("cast", { dtype: "float16" }, [f(2, 3)])).toEqual(["float16[2, 3]"]);
    expect(shown("cast", { dtype: "bool" }, [t("uint8", 3)])).toEqual(["bool[3]"]);
    expect(refused("cast", { dtype: "float64" as DType }, [f(2)]).code).toBe("ATTRIBUTE_INVALID");
  });
});
