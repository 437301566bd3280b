import { describe, expect, it } from "vitest";
import {
  type DType,
  GraphBuilder,
  inferOutputs,
  OPERATION_NAMES,
  type OperationAttributes,
  type OperationName,
  ProgramError,
  type ProgramErrorCode,
  type Shape,
  showType,
  type TensorType,
} from "./index.ts";

const f = (...shape: number[]): TensorType => ({ dtype: "float32", shape });
const i = (...shape: number[]): TensorType => ({ dtype: "int32", shape });
const u = (...shape: number[]): TensorType => ({ dtype: "uint32", shape });
const t = (dtype: DType, ...shape: number[]): TensorType => ({ dtype, shape });

function shown<Name extends OperationName>(
  name: Name,
  attributes: OperationAttributes[Name],
  inputs: TensorType[],
): string[] {
  return inferOutputs(name, attributes, inputs).map(showType);
}

function refused<Name extends OperationName>(
  name: Name,
  attributes: OperationAttributes[Name],
  inputs: TensorType[],
): { code: ProgramErrorCode; message: string } {
  try {
    inferOutputs(name, attributes, inputs);
  } catch (error) {
    if (error instanceof ProgramError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error(`${name} took ${inputs.map(showType).join(" and ")}`);
}

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

describe("scan", () => {
  /** (carry [2], slice [2], weight [2]) -> next carry [2], stacked scalar. */
  function body(): OperationAttributes["scan"]["body"] {
    const builder = new GraphBuilder();
    const [carry, slice, weight] = [builder.input(f(2)), builder.input(f(2)), builder.input(f(2))];
    const next = builder.add("add", {}, [carry, builder.add("mul", {}, [slice, weight])]);
    return builder.build([next, builder.add("sum", { axes: [0] }, [next])]);
  }
  const attributes = { length: 5, carries: 1, sliced: 1, reverse: false };

  it("gives the last carries, then the stacks with a leading time axis", () => {
    expect(shown("scan", { ...attributes, body: body() }, [f(2), f(5, 2), f(2)])).toEqual(["float32[2]", "float32[5]"]);
  });

  it("refuses arrays of another length and bodies of other types, and shows both", () => {
    const length = refused("scan", { ...attributes, body: body() }, [f(2), f(4, 2), f(2)]);
    expect(length.code).toBe("SCAN_BODY_MISMATCH");
    expect(length.message).toContain("float32[4, 2]");
    const type = refused("scan", { ...attributes, body: body() }, [f(2), f(5, 2), f(3)]);
    expect(type.code).toBe("SCAN_BODY_MISMATCH");
    expect(type.message).toContain("input 2 is float32[3], but float32[2] in the body");
  });

  it("refuses a carry that changes its type", () => {
    const builder = new GraphBuilder();
    const carry = builder.input(f(2));
    const changed = builder.build([builder.add("sum", { axes: [0] }, [carry])]);
    const { code, message } = refused("scan", { length: 3, carries: 1, sliced: 0, reverse: false, body: changed }, [
      f(2),
    ]);
    expect(code).toBe("SCAN_BODY_MISMATCH");
    expect(message).toContain("carry 0 is float32[2], but float32[] in the body");
  });

  it("refuses wrong numbers of inputs and outputs", () => {
    expect(refused("scan", { ...attributes, body: body() }, [f(2), f(5, 2)]).code).toBe("SCAN_BODY_MISMATCH");
    expect(refused("scan", { ...attributes, carries: 3, sliced: 0, body: body() }, [f(2), f(2), f(2)]).code).toBe(
      "SCAN_BODY_MISMATCH",
    );
    expect(refused("scan", { ...attributes, length: -1, body: body() }, [f(2), f(5, 2), f(2)]).code).toBe(
      "ATTRIBUTE_INVALID",
    );
  });
});

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

describe("every operation", () => {
  it("has a rule; there are 44 primitives and 4 composites", () => {
    expect(OPERATION_NAMES).toHaveLength(48);
  });

  it("an unknown one is refused, whatever objects have properties of its name", () => {
    for (const name of ["eval", "toString", "constructor", "__proto__"]) {
      expect(refused(name as "add", {}, [f()]).code).toBe("OPERATION_UNKNOWN");
    }
  });
});
