import { describe, expect, it } from "vitest";
import { f, refused, shown } from "../testing/infer.ts";

const PLAIN = {
  strides: [1, 1],
  padding: [
    [0, 0],
    [0, 0],
  ],
  dilation: [1, 1],
  groups: 1,
} as const;

const STRIDED = {
  ...PLAIN,
  strides: [2, 2],
  padding: [
    [2, 2],
    [2, 1],
  ],
} as const;

describe("contractions", () => {
  it("matmul multiplies [M, K] by [K, N], transposed or not, for each batch", () => {
    expect(shown("matmul", { transposeA: false, transposeB: false }, [f(2, 3), f(3, 4)])).toEqual(["float32[2, 4]"]);
    expect(shown("matmul", { transposeA: true, transposeB: false }, [f(3, 2), f(3, 4)])).toEqual(["float32[2, 4]"]);
    expect(shown("matmul", { transposeA: false, transposeB: true }, [f(5, 2, 3), f(5, 4, 3)])).toEqual([
      "float32[5, 2, 4]",
    ]);
    expect(shown("matmul", { transposeA: false, transposeB: false }, [f(2, 0), f(0, 4)])).toEqual(["float32[2, 4]"]);
    const { code, message } = refused("matmul", { transposeA: false, transposeB: false }, [f(2, 3), f(4, 3)]);
    expect(code).toBe("SHAPE_MISMATCH");
    expect(message).toContain("float32[2, 3] and float32[4, 3]");
    expect(refused("matmul", { transposeA: false, transposeB: false }, [f(3), f(3)]).code).toBe("SHAPE_MISMATCH");
    expect(refused("matmul", { transposeA: false, transposeB: false }, [f(1, 2, 3), f(2, 3, 4)]).code).toBe(
      "SHAPE_MISMATCH",
    );
  });

  it("convolution: LeNet's first layer keeps 28 x 28, its second makes 10 x 10 of 14 x 14", () => {
    const same = {
      ...PLAIN,
      padding: [
        [2, 2],
        [2, 2],
      ],
    } as const;
    expect(shown("convolution", same, [f(8, 1, 28, 28), f(6, 1, 5, 5)])).toEqual(["float32[8, 6, 28, 28]"]);
    expect(shown("convolution", PLAIN, [f(8, 6, 14, 14), f(16, 6, 5, 5)])).toEqual(["float32[8, 16, 10, 10]"]);
  });

  it("convolution with strides, uneven padding and groups", () => {
    // Height: (7 + 4 - 3) / 2 + 1 = 5. Width: floor((8 + 3 - 2) / 2) + 1 = 5.
    expect(shown("convolution", { ...STRIDED, groups: 2 }, [f(3, 4, 7, 8), f(6, 2, 3, 2)])).toEqual([
      "float32[3, 6, 5, 5]",
    ]);
    // A dilation of 2 makes 3 taps reach 5 far.
    expect(shown("convolution", { ...PLAIN, dilation: [2, 1] }, [f(1, 1, 7, 7), f(1, 1, 3, 3)])).toEqual([
      "float32[1, 1, 3, 5]",
    ]);
  });

  it("convolution refuses channels that do not match, and kernels that do not fit", () => {
    const { code, message } = refused("convolution", PLAIN, [f(1, 3, 8, 8), f(4, 2, 3, 3)]);
    expect(code).toBe("SHAPE_MISMATCH");
    expect(message).toContain("float32[1, 3, 8, 8] and float32[4, 2, 3, 3]");
    expect(refused("convolution", PLAIN, [f(1, 1, 2, 8), f(1, 1, 3, 3)]).code).toBe("SHAPE_MISMATCH");
    expect(refused("convolution", { ...PLAIN, groups: 2 }, [f(1, 2, 8, 8), f(3, 1, 3, 3)]).code).toBe("SHAPE_MISMATCH");
    expect(refused("convolution", { ...PLAIN, strides: [0, 1] }, [f(1, 1, 8, 8), f(1, 1, 3, 3)]).code).toBe(
      "ATTRIBUTE_INVALID",
    );
    expect(refused("convolution", PLAIN, [f(1, 8, 8), f(1, 1, 3, 3)]).code).toBe("SHAPE_MISMATCH");
  });

  it("the gradients of convolution give back the shapes of x and of the kernel", () => {
    const attributes = { ...STRIDED, groups: 2 };
    expect(
      shown("convolutionInputGradient", { ...attributes, inputSize: [7, 8] }, [f(3, 6, 5, 5), f(6, 2, 3, 2)]),
    ).toEqual(["float32[3, 4, 7, 8]"]);
    expect(
      shown("convolutionWeightGradient", { ...attributes, kernelSize: [3, 2] }, [f(3, 4, 7, 8), f(3, 6, 5, 5)]),
    ).toEqual(["float32[6, 2, 3, 2]"]);
  });

  it("the gradients of convolution refuse sizes that it does not make", () => {
    const { code, message } = refused("convolutionInputGradient", { ...PLAIN, inputSize: [9, 8] }, [
      f(1, 1, 6, 6),
      f(1, 1, 3, 3),
    ]);
    expect(code).toBe("SHAPE_MISMATCH");
    expect(message).toContain("[1, 1, 7, 6]");
    expect(
      refused("convolutionWeightGradient", { ...PLAIN, kernelSize: [2, 3] }, [f(1, 1, 8, 8), f(1, 1, 6, 6)]).code,
    ).toBe("SHAPE_MISMATCH");
    expect(
      refused("convolutionWeightGradient", { ...PLAIN, groups: 3, kernelSize: [3, 3] }, [f(1, 1, 8, 8), f(1, 1, 6, 6)])
        .code,
    ).toBe("ATTRIBUTE_INVALID");
  });

  it("maxPool gives the largest of each window and where it is", () => {
    const { groups: _, ...windows } = PLAIN;
    const halves = { ...windows, window: [2, 2], strides: [2, 2] } as const;
    expect(shown("maxPool", halves, [f(8, 6, 28, 28)])).toEqual(["float32[8, 6, 14, 14]", "int32[8, 6, 14, 14]"]);
    // An odd edge is left out: floor((7 - 2) / 2) + 1 = 3.
    expect(shown("maxPool", halves, [f(1, 1, 7, 7)])[0]).toBe("float32[1, 1, 3, 3]");
    const padded = {
      ...halves,
      window: [3, 3],
      padding: [
        [1, 1],
        [1, 1],
      ],
    } as const;
    expect(shown("maxPool", padded, [f(1, 1, 7, 7)])[0]).toBe("float32[1, 1, 4, 4]");
  });

  it("maxPool refuses windows that would hold padding only", () => {
    const { groups: _, ...windows } = PLAIN;
    const attributes = {
      ...windows,
      window: [2, 2],
      strides: [2, 2],
      padding: [
        [2, 2],
        [0, 0],
      ],
    } as const;
    expect(refused("maxPool", attributes, [f(1, 1, 4, 4)]).code).toBe("ATTRIBUTE_INVALID");
    const after = {
      ...windows,
      window: [2, 2],
      strides: [2, 2],
      padding: [
        [0, 2],
        [0, 0],
      ],
    } as const;
    expect(refused("maxPool", after, [f(1, 1, 4, 4)]).code).toBe("ATTRIBUTE_INVALID");
    // Taps at -1 and 2 jump over the single row 0.
    const jumping = {
      ...windows,
      window: [2, 1],
      dilation: [3, 1],
      padding: [
        [1, 2],
        [0, 0],
      ],
    } as const;
    expect(refused("maxPool", jumping, [f(1, 1, 1, 1)]).code).toBe("ATTRIBUTE_INVALID");
    expect(refused("maxPool", { ...windows, window: [5, 5] }, [f(1, 1, 4, 4)]).code).toBe("SHAPE_MISMATCH");
  });
});
