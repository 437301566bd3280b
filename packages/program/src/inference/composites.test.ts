import { describe, expect, it } from "vitest";
import { f, i, refused, shown } from "../testing/infer.ts";

describe("composites", () => {
  it("keep or reduce the classes", () => {
    expect(shown("softmax", {}, [f(2, 3, 4)])).toEqual(["float32[2, 3, 4]"]);
    expect(shown("logSoftmax", {}, [f(4)])).toEqual(["float32[4]"]);
    expect(shown("softmaxCrossEntropy", {}, [f(8, 10), i(8)])).toEqual(["float32[8]"]);
    expect(shown("softmaxCrossEntropyGradient", {}, [f(8, 10), i(8), f(8)])).toEqual(["float32[8, 10]"]);
  });

  it("refuse what does not fit, and show both shapes", () => {
    expect(refused("softmaxCrossEntropy", {}, [f(8, 10), i(7)])).toMatchObject({
      code: "SHAPE_MISMATCH",
      message: expect.stringContaining("float32[8, 10] and int32[7]"),
    });
    expect(refused("softmaxCrossEntropyGradient", {}, [f(8, 10), i(8), f(7)]).code).toBe("SHAPE_MISMATCH");
    expect(refused("softmax", {}, [f()]).code).toBe("SHAPE_MISMATCH");
    expect(refused("softmax", {}, [f(2, 0)]).code).toBe("SHAPE_MISMATCH");
    expect(refused("softmaxCrossEntropy", {}, [f(8, 10), f(8)]).code).toBe("DTYPE_UNSUPPORTED");
  });
});
