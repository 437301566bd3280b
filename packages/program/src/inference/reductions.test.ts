import { describe, expect, it } from "vitest";
import { f, i, refused, shown, t, u } from "../testing/infer.ts";

describe("reductions", () => {
  it("sum and max drop their axes; sum of no axes is a copy", () => {
    expect(shown("sum", { axes: [0, 2] }, [f(2, 3, 4)])).toEqual(["float32[3]"]);
    expect(shown("sum", { axes: [] }, [u(2, 3)])).toEqual(["uint32[2, 3]"]);
    expect(shown("sum", { axes: [0] }, [f(0)])).toEqual(["float32[]"]);
    expect(shown("max", { axes: [1] }, [i(2, 3)])).toEqual(["int32[2]"]);
  });

  it("argmax drops one axis and gives int32", () => {
    expect(shown("argmax", { axis: 1 }, [f(2, 3)])).toEqual(["int32[2]"]);
    expect(refused("argmax", { axis: 2 }, [f(2, 3)]).code).toBe("ATTRIBUTE_INVALID");
  });

  it("there is no largest of 0 elements, but an empty result is possible", () => {
    expect(refused("max", { axes: [1] }, [f(2, 0)]).code).toBe("SHAPE_MISMATCH");
    expect(refused("argmax", { axis: 0 }, [f(0)]).code).toBe("SHAPE_MISMATCH");
    expect(shown("max", { axes: [1] }, [f(0, 3)])).toEqual(["float32[0]"]);
  });

  it.each([[[1, 0]], [[0, 0]], [[-1]], [[3]], [[0.5]]])("axes %j are refused", (axes) => {
    expect(refused("sum", { axes }, [f(2, 3, 4)]).code).toBe("ATTRIBUTE_INVALID");
  });

  it("uint32 has a sum, but no max; bool has neither", () => {
    expect(refused("max", { axes: [0] }, [u(2)]).code).toBe("DTYPE_UNSUPPORTED");
    expect(refused("sum", { axes: [0] }, [t("bool", 2)]).code).toBe("DTYPE_UNSUPPORTED");
  });
});
