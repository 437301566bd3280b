import { describe, expect, it } from "vitest";
import { f, i, refused, shown, t } from "../testing/infer.ts";

describe("indexing", () => {
  it("gather takes K elements of each row, scatterAdd puts them back", () => {
    expect(shown("gather", {}, [f(2, 10), i(2, 3)])).toEqual(["float32[2, 3]"]);
    expect(shown("gather", {}, [t("uint8", 10), i(3)])).toEqual(["uint8[3]"]);
    expect(shown("scatterAdd", { length: 10 }, [f(2, 3), i(2, 3)])).toEqual(["float32[2, 10]"]);
    expect(refused("gather", {}, [f(2, 10), i(3, 3)])).toMatchObject({
      code: "SHAPE_MISMATCH",
      message: expect.stringContaining("float32[2, 10] and int32[3, 3]"),
    });
    expect(refused("gather", {}, [f(2, 10), f(2, 3)]).code).toBe("DTYPE_UNSUPPORTED");
    expect(refused("scatterAdd", { length: 10 }, [f(2, 3), i(2, 4)]).code).toBe("SHAPE_MISMATCH");
    expect(refused("scatterAdd", { length: -1 }, [f(2), i(2)]).code).toBe("ATTRIBUTE_INVALID");
    expect(refused("gather", {}, [f(), i()]).code).toBe("SHAPE_MISMATCH");
  });

  it("take gives rows of a table, scatterAddRows adds them back", () => {
    expect(shown("take", {}, [f(100, 16), i(4, 8)])).toEqual(["float32[4, 8, 16]"]);
    expect(shown("take", {}, [f(100), i()])).toEqual(["float32[]"]);
    expect(shown("scatterAddRows", { rows: 100 }, [f(4, 8, 16), i(4, 8)])).toEqual(["float32[100, 16]"]);
    expect(refused("scatterAddRows", { rows: 100 }, [f(4, 7, 16), i(4, 8)])).toMatchObject({
      code: "SHAPE_MISMATCH",
      message: expect.stringContaining("float32[4, 7, 16] and int32[4, 8]"),
    });
    expect(refused("take", {}, [f(), i(2)]).code).toBe("SHAPE_MISMATCH");
  });
});
