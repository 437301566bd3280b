import {
  BINARY_OPERATIONS,
  COMPARATORS,
  DTYPES,
  type DType,
  type Shape,
  UNARY_OPERATIONS,
  type UnaryName,
} from "@tributary/program";
import { type ConformanceCase, type ConformanceGroup, operationCase } from "./conformance-case.ts";
import { AROUND_ZERO, type Bounds, type GivenTensor, given, SeededRandom } from "./random.ts";

/** A scalar, nothing, one element, and lengths around the widths of vectors and tiles. */
const SHAPES: readonly Shape[] = [[], [0], [1], [3], [7], [31], [33], [65], [2, 0, 3], [3, 7], [31, 33], [65, 3, 7]];
const FEW_SHAPES: readonly Shape[] = [[], [0], [1], [7], [33], [3, 65]];

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
/** No subnormal numbers: GPUs may take them as zero. No neighbours of a function's overflow. */
const SPECIAL = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  2,
  -2,
  1e-30,
  -1e-30,
  1e30,
  -1e30,
  20,
  -20,
  100,
  -100,
  infinity,
  -infinity,
  nan,
];

/** Where each function is tried beside around zero: large and small arguments, and those near its kinks. */
const RANGES: Readonly<Partial<Record<UnaryName, readonly Bounds[]>>> = {
  exp: [{ low: -100, high: 88 }],
  log: [
    { low: 0.5, high: 2 },
    { low: 1e-30, high: 1e-20 },
    { low: 1, high: 1e30 },
  ],
  sqrt: [
    { low: 0, high: 1e6 },
    { low: 0, high: 1e-12 },
  ],
  tanh: [
    { low: -0.01, high: 0.01 },
    { low: -12, high: 12 },
  ],
  erf: [
    { low: -0.01, high: 0.01 },
    { low: -5, high: 5 },
  ],
  sin: [{ low: -500, high: 500 }],
  cos: [{ low: -500, high: 500 }],
  floor: [{ low: -1e5, high: 1e5 }],
};

/** The integers at which wrapping goes wrong first. */
const INT32_SPECIAL = [0, 1, -1, 2, -2, 7, -7, 65536, 2 ** 31 - 1, -(2 ** 31), -(2 ** 31) + 1];
const UINT32_SPECIAL = [0, 1, 2, 7, 65535, 65536, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 2, 2 ** 32 - 1];

/** Every pair of two lists, as two tensors. */
function allPairs(dtype: DType, elements: readonly number[]): [GivenTensor, GivenTensor] {
  const shape = [elements.length, elements.length];
  const firsts = elements.flatMap((a) => elements.map(() => a));
  const seconds = elements.flatMap(() => elements);
  return [given(dtype, shape, firsts), given(dtype, shape, seconds)];
}

function specialOf(dtype: DType): readonly number[] {
  if (dtype === "int32") return INT32_SPECIAL;
  return dtype === "uint32" ? UINT32_SPECIAL : SPECIAL;
}

function unaryGroup(name: UnaryName): ConformanceGroup {
  const random = new SeededRandom(1);
  const none = {};
  const cases: ConformanceCase[] = SHAPES.map((shape) =>
    operationCase(name, none, [random.tensor("float32", shape)], "elementwise"),
  );
  for (const bounds of RANGES[name] ?? []) {
    cases.push(operationCase(name, none, [random.tensor("float32", [31, 33], bounds)], "elementwise"));
  }
  cases.push(operationCase(name, none, [given("float32", [SPECIAL.length], SPECIAL)], "elementwise"));
  if (name === "neg" || name === "abs" || name === "sign") {
    for (const shape of FEW_SHAPES) cases.push(operationCase(name, none, [random.tensor("int32", shape)], "exact"));
    cases.push(operationCase(name, none, [given("int32", [INT32_SPECIAL.length], INT32_SPECIAL)], "exact"));
  }
  return { name, cases };
}

function binaryGroup(name: (typeof BINARY_OPERATIONS)[number]): ConformanceGroup {
  const random = new SeededRandom(2);
  const none = {};
  // Powers of negative numbers are NaN, but for whole exponents: those are among the special numbers.
  const first: Bounds = name === "pow" ? { low: 0.01, high: 4 } : AROUND_ZERO;
  const cases: ConformanceCase[] = SHAPES.map((shape) =>
    operationCase(name, none, [random.tensor("float32", shape, first), random.tensor("float32", shape)], "elementwise"),
  );
  for (const dtype of ["float32", "int32", "uint32"] as const) {
    if (name === "pow" && dtype === "int32") continue;
    cases.push(
      operationCase(name, none, allPairs(dtype, specialOf(dtype)), dtype === "float32" ? "elementwise" : "exact"),
    );
  }
  for (const shape of FEW_SHAPES) {
    // An exponent below zero has no meaning that the operation fixes for integers.
    const exponents = random.tensor("uint32", shape);
    const second =
      name === "pow"
        ? given(
            "int32",
            shape,
            [...exponents.data].map((n) => n >>> 1),
          )
        : random.tensor("int32", shape);
    cases.push(operationCase(name, none, [random.tensor("int32", shape), second], "exact"));
    cases.push(operationCase(name, none, [random.tensor("uint32", shape), exponents], "exact"));
  }
  return { name, cases };
}

function compareGroup(): ConformanceGroup {
  const random = new SeededRandom(3);
  const cases = COMPARATORS.flatMap((comparator) => [
    ...DTYPES.flatMap((dtype) =>
      FEW_SHAPES.map((shape) => {
        const a = random.tensor(dtype, shape);
        // Half of the elements are equal.
        const b = random.tensor(dtype, shape);
        a.data.forEach((element, i) => {
          if (i % 2 === 0) b.data[i] = element;
        });
        return operationCase("compare", { comparator }, [a, b], "exact");
      }),
    ),
    ...(["float32", "float16", "int32", "uint32"] as const).map((dtype) =>
      operationCase("compare", { comparator }, allPairs(dtype, specialOf(dtype)), "exact"),
    ),
  ]);
  return { name: "compare", cases };
}

function whereGroup(): ConformanceGroup {
  const random = new SeededRandom(4);
  const cases = DTYPES.flatMap((dtype) =>
    SHAPES.map((shape) =>
      operationCase(
        "where",
        {},
        [random.tensor("bool", shape), random.tensor(dtype, shape), random.tensor(dtype, shape)],
        "exact",
      ),
    ),
  );
  const [a, b] = allPairs("float32", SPECIAL);
  cases.push(operationCase("where", {}, [random.tensor("bool", a.shape), a, b], "exact"));
  return { name: "where", cases };
}

function castGroup(): ConformanceGroup {
  const random = new SeededRandom(5);
  const edges = [
    0.9, -0.9, 1.5, -1.5, 2.5, 254.9, 255, 256, -256, 65504, 65519, 65520, 2049, 2051, 3e9, -3e9, 5e9, 2e-7,
  ];
  const near = [
    2 ** 31,
    -(2 ** 31),
    2 ** 32,
    2 ** 24 + 2,
    2 ** -14,
    2 ** -14 - 2 ** -25,
    2 ** -24,
    2 ** -25,
    3 * 2 ** -26,
  ];
  const floats = [...SPECIAL, ...edges, ...near];
  const elements: Readonly<Record<DType, readonly number[]>> = {
    float32: floats,
    float16: floats,
    int32: [...INT32_SPECIAL, 255, 256, 257, 2 ** 24 + 1, -(2 ** 24) - 3],
    uint32: [...UINT32_SPECIAL, 255, 256, 257, 2 ** 24 + 1],
    uint8: [0, 1, 2, 127, 128, 254, 255],
    bool: [0, 1, 1],
  };
  const cases = DTYPES.flatMap((from) =>
    DTYPES.flatMap((dtype) => [
      ...FEW_SHAPES.map((shape) =>
        operationCase("cast", { dtype }, [random.tensor(from, shape, { low: -300, high: 300 })], "exact"),
      ),
      operationCase("cast", { dtype }, [given(from, [elements[from].length], elements[from])], rounded(from, dtype)),
    ]),
  );
  const everyFloat16 = Array.from({ length: 2 ** 16 }, (_, bits) => bits);
  const bits: GivenTensor = { dtype: "float16", shape: [2 ** 16], data: Uint16Array.from(everyFloat16) };
  cases.push(operationCase("cast", { dtype: "float32" }, [bits], "exact"));
  return { name: "cast", cases };
}

/** Whole numbers that float32 has not are rounded to it by a cast. */
function rounded(from: DType, to: DType): "exact" | "elementwise" {
  return to === "float32" && (from === "int32" || from === "uint32") ? "elementwise" : "exact";
}

/** Operations on one element at a time. */
export function elementwiseGroups(): ConformanceGroup[] {
  return [
    ...UNARY_OPERATIONS.map(unaryGroup),
    ...BINARY_OPERATIONS.map(binaryGroup),
    compareGroup(),
    whereGroup(),
    castGroup(),
  ];
}
