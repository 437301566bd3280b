import { type DType, elementCount, GraphBuilder, type Shape, type ValueId } from "@tributary/program";
import type { TensorData } from "../device.ts";

/** An input of a self-test, with its elements. */
export interface SelfTestInput {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: TensorData;
}

/** What the one output must be: its elements (up to rounding where they are float32), or, where all are whole numbers, {@link digestOf} them. */
export type SelfTestExpectation = { readonly near: readonly number[] } | { readonly digest: number };

/** A small program whose result is known. */
export interface SelfTestCase {
  /** What is tested, in words that fit behind "this GPU computes". */
  readonly family: string;
  readonly inputs: readonly SelfTestInput[];
  readonly build: (builder: GraphBuilder, inputs: readonly ValueId[]) => ValueId;
  readonly expected: SelfTestExpectation;
}

/** Tells any wrong whole number, and any two in the wrong places: exact as long as elements are below 2^24. */
export function digestOf(elements: TensorData): number {
  let digest = 0;
  for (let index = 0; index < elements.length; index++) digest += elements[index] * (1 + (index % 97));
  return digest;
}

function floats(shape: Shape, data: readonly number[]): SelfTestInput {
  return { dtype: "float32", shape, data: Float32Array.from(data) };
}

/** Whole numbers from -3 to 3 without a pattern (multiplicative hashing), so that sums of products are exact. */
function whole(shape: Shape, salt = 0): SelfTestInput {
  const numbers = Array.from({ length: elementCount(shape) }, (_, index) => hashed(index + 7919 * salt, 7) - 3);
  return floats(shape, numbers);
}

/** Whole numbers from 0 to count - 1. */
function indices(shape: Shape, count: number): SelfTestInput {
  const data = Int32Array.from({ length: elementCount(shape) }, (_, index) => hashed(index, count));
  return { dtype: "int32", shape, data };
}

/** Knuth (1973), "The Art of Computer Programming", volume 3, section 6.4: multiplication by 2^32 over the golden ratio. */
function hashed(index: number, count: number): number {
  return Math.floor(((Math.imul(index + 1, 0x9e3779b1) >>> 0) / 2 ** 32) * count);
}

function flat(builder: GraphBuilder, ids: readonly ValueId[]): ValueId {
  const rows = ids.map((id) => {
    const { dtype, shape } = builder.typeOf(id);
    const plain = dtype === "float32" ? id : builder.add("cast", { dtype: "float32" }, [id]);
    return builder.add("reshape", { shape: [elementCount(shape)] }, [plain]);
  });
  return builder.add("concat", { axis: 0 }, rows);
}

const POINTS = [-50, -3, -0.5, 0.001, 0.5, 1, 3, 50];
/** erf at the points: Abramowitz and Stegun (1964), table 7.1. */
const ERF = [-1, -0.9999779, -0.5204999, 0.0011284, 0.5204999, 0.8427008, 0.9999779, 1];

function elementwise(): SelfTestCase {
  return {
    family: "elementwise functions",
    inputs: [floats([8], POINTS)],
    build: (builder, [x = 0]) => {
      const size = builder.add("abs", {}, [x]);
      const isLow = builder.add("compare", { comparator: "less" }, [x, size]);
      const parts = [
        builder.add("tanh", {}, [x]),
        builder.add("exp", {}, [builder.add("neg", {}, [size])]),
        builder.add("log", {}, [size]),
        builder.add("erf", {}, [x]),
        builder.add("sin", {}, [x]),
        builder.add("where", {}, [isLow, builder.add("floor", {}, [x]), builder.add("sqrt", {}, [size])]),
      ];
      return flat(builder, parts);
    },
    expected: {
      near: [
        ...POINTS.map(Math.tanh),
        ...POINTS.map((x) => Math.exp(-Math.abs(x))),
        ...POINTS.map((x) => Math.log(Math.abs(x))),
        ...ERF,
        ...POINTS.map(Math.sin),
        ...POINTS.map((x) => (x < 0 ? Math.floor(x) : Math.sqrt(x))),
      ],
    },
  };
}

function narrow(dtype: "float16" | "uint8" | "bool", near: readonly number[]): SelfTestCase {
  return {
    family: `numbers of the type ${dtype}`,
    inputs: [floats([7], [0, 1, 2, 0, 4, 5, 6])],
    build: (builder, [x = 0]) => builder.add("cast", { dtype }, [x]),
    expected: { near },
  };
}

function sums(): SelfTestCase {
  return {
    family: "sums",
    inputs: [whole([37, 65])],
    build: (builder, [x = 0]) =>
      flat(builder, [
        builder.add("sum", { axes: [0] }, [x]),
        builder.add("sum", { axes: [1] }, [x]),
        builder.add("sum", { axes: [0, 1] }, [x]),
        builder.add("max", { axes: [1] }, [x]),
        builder.add("argmax", { axis: 1 }, [x]),
      ]),
    expected: { digest: 9_539 },
  };
}

/** @param transposed the matrices that lie with their rows and columns exchanged, as gradients of a product have them */
function product(
  family: string,
  [rows, inner, columns]: readonly [number, number, number],
  transposed: "none" | "a" | "b",
  digest: number,
): SelfTestCase {
  const [transposeA, transposeB] = [transposed === "a", transposed === "b"];
  return {
    family,
    inputs: [
      whole(transposeA ? [inner, rows] : [rows, inner]),
      whole(transposeB ? [columns, inner] : [inner, columns], 1),
    ],
    build: (builder, ids) => builder.add("matmul", { transposeA, transposeB }, ids),
    expected: { digest },
  };
}

const CONVOLUTION = {
  strides: [2, 1],
  padding: [
    [1, 1],
    [0, 2],
  ],
  dilation: [1, 1],
  groups: 1,
} as const;
const IMAGES = whole([3, 5, 11, 9]);
const KERNEL = whole([6, 5, 3, 3], 2);
/** What CONVOLUTION makes of IMAGES: (11 + 2 - 3) / 2 + 1 rows, 9 + 2 - 3 + 1 columns. */
const RESULTS = whole([3, 6, 6, 9], 3);

function convolutions(): SelfTestCase[] {
  return [
    {
      family: "convolutions",
      inputs: [IMAGES, KERNEL],
      build: (builder, ids) => builder.add("convolution", CONVOLUTION, ids),
      expected: { digest: 5_902 },
    },
    {
      family: "gradients of convolutions",
      inputs: [RESULTS, KERNEL],
      build: (builder, ids) => builder.add("convolutionInputGradient", { ...CONVOLUTION, inputSize: [11, 9] }, ids),
      expected: { digest: -8_230 },
    },
    {
      family: "gradients of convolutions",
      inputs: [IMAGES, RESULTS],
      build: (builder, ids) => builder.add("convolutionWeightGradient", { ...CONVOLUTION, kernelSize: [3, 3] }, ids),
      expected: { digest: -6_354 },
    },
  ];
}

function pooling(): SelfTestCase {
  const window = { window: [3, 3], strides: [2, 2], dilation: [1, 1] } as const;
  const padding = [
    [1, 1],
    [1, 1],
  ] as const;
  return {
    family: "poolings",
    inputs: [whole([2, 3, 9, 9])],
    build: (builder, [x = 0]) => {
      const largest = builder.add("maxPool", { ...window, padding }, [x]);
      return flat(builder, [largest, largest + 1]);
    },
    expected: { digest: 317_540 },
  };
}

/** Three rows of 300 numbers each from -3 to 3. */
const ROWS = whole([3, 300], 4);

function softmax(): SelfTestCase {
  const near = [0, 1, 2].flatMap((row) => {
    const powers = [...ROWS.data.subarray(300 * row, 300 * (row + 1))].map(Math.exp);
    const total = powers.reduce((sum, power) => sum + power, 0);
    return powers.map((power) => power / total);
  });
  return {
    family: "softmax",
    inputs: [ROWS],
    build: (builder, ids) => builder.add("softmax", {}, ids),
    expected: { near },
  };
}

function recurrence(): SelfTestCase {
  return {
    family: "recurrences",
    inputs: [whole([4, 12]), whole([6, 4, 12], 5), whole([12, 12], 6)],
    build: (builder, ids) => {
      const body = new GraphBuilder();
      const [carry, slice] = [body.input(typeOf([4, 12])), body.input(typeOf([4, 12]))];
      const weights = body.input(typeOf([12, 12]));
      const bound = (value: number) => body.add("constant", { dtype: "float32", shape: [4, 12], values: [value] }, []);
      const turned = body.add("matmul", { transposeA: false, transposeB: false }, [carry, weights]);
      const sum = body.add("add", {}, [turned, slice]);
      const next = body.add("maximum", {}, [body.add("minimum", {}, [sum, bound(5)]), bound(-5)]);
      const attributes = { length: 6, carries: 1, sliced: 1, reverse: false, body: body.build([next, next]) };
      return builder.add("scan", attributes, ids) + 1;
    },
    expected: { digest: -224 },
  };
}

function lookUps(): SelfTestCase[] {
  return [
    {
      family: "look-ups",
      inputs: [whole([11, 6]), indices([9], 11)],
      build: (builder, ids) => builder.add("take", {}, ids),
      expected: { digest: 341 },
    },
    {
      family: "look-ups",
      inputs: [whole([40, 6]), indices([40], 11)],
      build: (builder, ids) => builder.add("scatterAddRows", { rows: 11 }, ids),
      expected: { digest: -315 },
    },
    {
      family: "look-ups",
      inputs: [whole([3, 50]), indices([3, 50], 20)],
      build: (builder, ids) => builder.add("scatterAdd", { length: 20 }, ids),
      expected: { digest: 1_705 },
    },
  ];
}

function randomNumbers(): SelfTestCase {
  const zero: SelfTestInput = { dtype: "uint32", shape: [1], data: Uint32Array.of(0) };
  return {
    family: "random numbers",
    inputs: [{ ...zero, shape: [2], data: Uint32Array.of(0, 0) }, zero, zero],
    build: (builder, ids) => builder.add("threefry", {}, ids),
    // The known answer that Random123 publishes (Salmon et al., 2011).
    expected: { digest: 0x6b200159 },
  };
}

function typeOf(shape: Shape) {
  return { dtype: "float32", shape } as const;
}

/** One or more cases for each family of kernels that the backend has; small, but over every edge of a tile. */
export function selfTestCases(): readonly SelfTestCase[] {
  return [
    elementwise(),
    narrow("float16", [0, 0x3c00, 0x4000, 0, 0x4400, 0x4500, 0x4600]),
    narrow("uint8", [0, 1, 2, 0, 4, 5, 6]),
    narrow("bool", [0, 1, 1, 0, 1, 1, 1]),
    sums(),
    product("matrix products", [5, 7, 3], "none", -47),
    product("large matrix products", [70, 131, 67], "none", -21_929),
    product("large matrix products", [128, 64, 128], "b", 19_579),
    product("matrix products with long sums", [6, 4_000, 25], "a", 11_259),
    ...convolutions(),
    pooling(),
    softmax(),
    recurrence(),
    ...lookUps(),
    randomNumbers(),
  ];
}
