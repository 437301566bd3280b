import { GraphBuilder } from "@tributary/program";
import { describe, expect, it } from "vitest";
import { evaluateGraph } from "./interpreter.ts";
import { compute, floats, ints, pattern, value } from "./interpreter-harness.ts";

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;

describe("reductions", () => {
  it("sum over chosen axes; over none it copies", () => {
    const x = floats([2, 3], [1, 2, 3, 4, 5, 6]);
    expect(compute("sum", { axes: [0] }, [x])).toEqual([[5, 7, 9]]);
    expect(compute("sum", { axes: [1] }, [x])).toEqual([[6, 15]]);
    expect(compute("sum", { axes: [0, 1] }, [x])).toEqual([[21]]);
    expect(compute("sum", { axes: [] }, [x])).toEqual([[1, 2, 3, 4, 5, 6]]);
    expect(compute("sum", { axes: [0] }, [floats([0, 2], [])])).toEqual([[0, 0]]);
    expect(compute("sum", { axes: [0] }, [ints([2], [2 ** 31 - 1, 2])])).toEqual([[-(2 ** 31) + 1]]);
  });

  it("sum in float64 before rounding to float32", () => {
    // In float32, 2 ** 24 + 1 is 2 ** 24 again, so that adding one after the other would lose both ones.
    expect(compute("sum", { axes: [0] }, [value("float32", [3], [2 ** 24, 1, 1], "float32")], "float32")).toEqual([
      [2 ** 24 + 2],
    ]);
  });

  it("max and argmax: NaN wins, the first of equals is taken", () => {
    expect(compute("max", { axes: [1] }, [floats([2, 3], [1, nan, 2, -3, -1, -1])])).toEqual([[nan, -1]]);
    expect(compute("argmax", { axis: 1 }, [floats([2, 4], [1, nan, 2, nan, 3, 7, 7, -infinity])])).toEqual([[1, 1]]);
    expect(compute("argmax", { axis: 0 }, [ints([3, 2], [1, 5, 4, 5, 4, 2])])).toEqual([[1, 0]]);
    expect(compute("max", { axes: [0] }, [ints([2], [-(2 ** 31), -5])])).toEqual([[-5]]);
  });
});

describe("movement", () => {
  const x = ints([2, 3], [1, 2, 3, 4, 5, 6]);

  it("permutes, broadcasts, slices and flips", () => {
    expect(compute("permute", { permutation: [1, 0] }, [x])).toEqual([[1, 4, 2, 5, 3, 6]]);
    // Output axis i is input axis permutation[i]: [2, 3, 1] -> [3, 1, 2].
    expect(compute("permute", { permutation: [1, 2, 0] }, [ints([2, 3, 1], [1, 2, 3, 4, 5, 6])])).toEqual([
      [1, 4, 2, 5, 3, 6],
    ]);
    expect(compute("broadcast", { shape: [2, 2, 2] }, [ints([2, 1], [7, 8])])).toEqual([[7, 7, 8, 8, 7, 7, 8, 8]]);
    expect(compute("slice", { starts: [0, 0], ends: [2, 3], strides: [1, 2] }, [x])).toEqual([[1, 3, 4, 6]]);
    expect(compute("slice", { starts: [1, 1], ends: [2, 2], strides: [5, 5] }, [x])).toEqual([[5]]);
    expect(compute("flip", { axes: [1] }, [x])).toEqual([[3, 2, 1, 6, 5, 4]]);
    expect(compute("flip", { axes: [0, 1] }, [x])).toEqual([[6, 5, 4, 3, 2, 1]]);
  });

  it("pads before, between and after", () => {
    expect(compute("pad", { low: [1], high: [2], interior: [1], value: 9 }, [ints([3], [1, 2, 3])])).toEqual([
      [9, 1, 9, 2, 9, 3, 9, 9],
    ]);
    expect(compute("pad", { low: [1], high: [1], interior: [3], value: 0.1 }, [value("float16", [0], [])])).toEqual([
      [0x2e66, 0x2e66],
    ]);
  });

  it("concatenates along an axis", () => {
    expect(compute("concat", { axis: 1 }, [ints([2, 1], [1, 2]), ints([2, 2], [3, 4, 5, 6])])).toEqual([
      [1, 3, 4, 2, 5, 6],
    ]);
  });
});

describe("contractions", () => {
  const a = floats([2, 3], [1, 2, 3, 4, 5, 6]);
  const b = floats([3, 2], [1, -1, 2, 0, -3, 4]);

  it("matmul, with either side transposed", () => {
    const expected = [[-4, 11, -4, 20]];
    expect(compute("matmul", { transposeA: false, transposeB: false }, [a, b])).toEqual(expected);
    const transposedA = floats([3, 2], [1, 4, 2, 5, 3, 6]);
    const transposedB = floats([2, 3], [1, 2, -3, -1, 0, 4]);
    expect(compute("matmul", { transposeA: true, transposeB: true }, [transposedA, transposedB])).toEqual(expected);
  });

  it("matmul of batches", () => {
    const x = floats([2, 1, 2], [1, 2, 3, 4]);
    const y = floats([2, 2, 1], [5, 6, 7, 8]);
    expect(compute("matmul", { transposeA: false, transposeB: false }, [x, y])).toEqual([[17, 53]]);
  });

  // Expected numbers: torch.nn.functional.conv2d(pad(x, (1, 0, 0, 2)), k, stride=(2, 1), dilation=(1, 2), groups=2) and its gradients.
  const attributes = {
    strides: [2, 1],
    padding: [
      [0, 2],
      [1, 0],
    ],
    dilation: [1, 2],
    groups: 2,
  } as const;
  const image = floats([2, 2, 4, 5], pattern([2, 2, 4, 5], [7, 11, 5]));
  const kernel = floats([4, 1, 2, 3], pattern([4, 1, 2, 3], [5, 7, 3]));
  const dy = floats(
    [2, 4, 3, 2],
    Array.from({ length: 48 }, (_, i) => ((i * 3) % 5) - 2),
  );

  it("convolution with strides, uneven padding, dilation and groups", () => {
    expect(compute("convolution", attributes, [image, kernel])).toEqual([
      [
        -5, 19, -2, -24, 0, 0, -1, -17, 12, 20, 0, 0, 17, -15, 17, 14, 0, 0, 11, -8, -13, 24, 0, 0, 18, -21, -1, 24, 0,
        0, 18, 21, -13, 14, 0, 0, 17, 13, -16, 20, 0, 0, -19, -1, 12, -24, 0, 0,
      ],
    ]);
  });

  it("gradient of the convolution for its input", () => {
    const dx = [
      5, 2, -2, 4, -2, 5, 1, -2, 3, -2, 4, 4, 0, 2, -4, 6, 5, 2, 3, -2, -2, 1, -6, -8, 4, 0, 2, -4, -7, 6, 3, 2, 5, 6,
      -7, 2, 0, 4, 4, -8, -7, -4, 2, 0, 4, -8, -6, 1, -2, 3, -8, -2, 4, -2, 2, -7, -2, 5, -2, 3, 3, -2, 1, 5, -8, 4, -2,
      2, 5, -7, -2, -6, 2, 4, 6, -4, -4, 0, 6, 4,
    ];
    expect(compute("convolutionInputGradient", { ...attributes, inputSize: [4, 5] }, [dy, kernel])).toEqual([dx]);
  });

  it("gradient of the convolution for its kernel", () => {
    const dkernel = [0, -2, -8, 0, -17, -1, -6, 0, 17, -2, 15, -1, -12, 31, 12, -3, 11, -8, 17, -21, -21, -3, -21, -21];
    expect(compute("convolutionWeightGradient", { ...attributes, kernelSize: [2, 3] }, [image, dy])).toEqual([dkernel]);
  });

  it("maxPool: the first of equals and any NaN win; padding never does", () => {
    const plane = floats([1, 1, 3, 4], [1, 5, 5, 2, nan, 5, 0, -1, 3, 3, 8, 8]);
    const none = [
      [0, 0],
      [0, 0],
    ] as const;
    const pooled = compute("maxPool", { window: [2, 2], strides: [1, 1], padding: none, dilation: [1, 1] }, [plane]);
    expect(pooled).toEqual([
      [nan, 5, 5, nan, 8, 8],
      [4, 1, 2, 4, 10, 10],
    ]);
    const padding = [
      [1, 1],
      [1, 1],
    ] as const;
    expect(compute("maxPool", { window: [2, 2], strides: [2, 2], padding, dilation: [1, 1] }, [plane])).toEqual([
      [1, 5, 2, nan, 8, 8],
      [0, 1, 3, 4, 10, 11],
    ]);
    expect(compute("maxPool", { window: [2, 2], strides: [1, 1], padding: none, dilation: [1, 2] }, [plane])).toEqual([
      [nan, 5, nan, 8],
      [4, 1, 4, 11],
    ]);
    expect(
      compute("maxPool", { window: [1, 2], strides: [1, 1], padding: none, dilation: [1, 1] }, [
        floats([1, 1, 1, 2], [-infinity, -infinity]),
      ]),
    ).toEqual([[-infinity], [0]]);
  });
});

describe("indexing", () => {
  it("gather takes elements of the last axis; outside gives 0", () => {
    expect(
      compute("gather", {}, [floats([2, 3], [1, 2, 3, 4, 5, 6]), ints([2, 4], [2, 0, 0, -1, 3, 1, 2, 1])]),
    ).toEqual([[3, 1, 1, 0, 0, 5, 6, 5]]);
  });

  it("scatterAdd adds at indices and drops what is outside", () => {
    expect(
      compute("scatterAdd", { length: 3 }, [floats([2, 3], [1, 2, 4, 8, 16, 32]), ints([2, 3], [1, 1, 3, 0, -1, 2])]),
    ).toEqual([[0, 3, 0, 8, 0, 32]]);
  });

  it("take and scatterAddRows move whole rows", () => {
    const table = floats([3, 2], [1, 2, 3, 4, 5, 6]);
    const index = ints([2, 2], [2, 0, 5, 2]);
    expect(compute("take", {}, [table, index])).toEqual([[5, 6, 1, 2, 0, 0, 5, 6]]);
    const updates = floats([2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]);
    expect(compute("scatterAddRows", { rows: 3 }, [updates, index])).toEqual([[3, 4, 0, 0, 8, 10]]);
  });
});

describe("sources", () => {
  it("constant and iota", () => {
    expect(compute("constant", { dtype: "float16", shape: [2], values: [0.1, -2] }, [])).toEqual([[0x2e66, 0xc000]]);
    expect(compute("constant", { dtype: "int32", shape: [2, 2], values: [7] }, [])).toEqual([[7, 7, 7, 7]]);
    expect(compute("iota", { dtype: "uint32", shape: [2, 3], axis: 1 }, [])).toEqual([[0, 1, 2, 0, 1, 2]]);
  });

  it("threefry takes the first word at each counter", () => {
    const key = value("uint32", [2], [0x13198a2e, 0x03707344]);
    const high = value("uint32", [1], [0x243f6a88]);
    const low = value("uint32", [1], [0x85a308d3]);
    expect(compute("threefry", {}, [key, high, low])).toEqual([[0xc4923a9c]]);
  });
});

describe("scan", () => {
  /** carry, slice, factor -> carry * factor + slice, handed on and stacked. */
  function horner(reverse: boolean, length: number): number[][] {
    const body = new GraphBuilder();
    const [carry, slice, factor] = [0, 1, 2].map(() => body.input({ dtype: "float32", shape: [] }));
    const next = body.add("add", {}, [body.add("mul", {}, [carry, factor]), slice]);
    const builder = new GraphBuilder();
    const inputs = [floats([], [1]), floats([length], [1, 2, 3].slice(0, length)), floats([], [10])];
    const first = builder.add(
      "scan",
      { length, carries: 1, sliced: 1, reverse, body: body.build([next, next]) },
      inputs.map((input) => builder.input(input)),
    );
    return evaluateGraph(builder.build([first, first + 1]), inputs, "float64").map((output) => [...output.data]);
  }

  it("carries forwards in time and stacks what the body hands on", () => {
    expect(horner(false, 3)).toEqual([[1123], [11, 112, 1123]]);
  });

  it("backwards in time, stacks keep the position of their slice", () => {
    expect(horner(true, 3)).toEqual([[1321], [1321, 132, 13]]);
  });

  it("of no turns hands the first carry on", () => {
    expect(horner(false, 0)).toEqual([[1], []]);
  });
});
