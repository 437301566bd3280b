import type { ConvolutionAttributes, Shape } from "@tributary/program";
import { type ConformanceCase, type ConformanceGroup, operationCase } from "./conformance-case.ts";
import { given, SeededRandom } from "./random.ts";

const SIZES = [1, 3, 7, 31, 33, 65] as const;
/** Batches, rows, inner size, columns: batches of several ranks, nothing, and more than one block in each direction. */
const FURTHER_MATMULS: readonly (readonly [Shape, number, number, number])[] = [
  [[1], 3, 7, 5],
  [[2], 31, 33, 7],
  [[7], 3, 65, 33],
  [[3, 2], 7, 3, 31],
  [[2, 1, 3], 5, 4, 3],
  [[0], 3, 4, 5],
  [[], 0, 4, 5],
  [[], 4, 5, 0],
  [[], 4, 0, 5],
  [[2], 3, 0, 2],
  [[], 130, 257, 70],
  [[], 1, 1027, 1],
  [[], 1, 513, 129],
  [[], 129, 513, 1],
  [[], 257, 1, 131],
  [[], 64, 64, 64],
];
const TRANSPOSES = [
  { transposeA: false, transposeB: false },
  { transposeA: true, transposeB: false },
  { transposeA: false, transposeB: true },
  { transposeA: true, transposeB: true },
] as const;

function matmulCase(
  random: SeededRandom,
  transposes: (typeof TRANSPOSES)[number],
  [batch, rows, inner, columns]: readonly [Shape, number, number, number],
): ConformanceCase {
  const a = transposes.transposeA ? [...batch, inner, rows] : [...batch, rows, inner];
  const b = transposes.transposeB ? [...batch, columns, inner] : [...batch, inner, columns];
  return operationCase("matmul", transposes, [random.tensor("float32", a), random.tensor("float32", b)], "contraction");
}

function matmulGroup(): ConformanceGroup {
  const random = new SeededRandom(31);
  let turn = 0;
  const cases = SIZES.flatMap((rows) =>
    SIZES.flatMap((inner) =>
      SIZES.map((columns) => {
        turn += 1;
        // Consecutive cases take turns, so that each size meets each way of transposing.
        return matmulCase(random, TRANSPOSES[(turn + Math.floor(turn / 6)) % 4], [[], rows, inner, columns]);
      }),
    ),
  );
  for (const sizes of FURTHER_MATMULS) {
    for (const transposes of TRANSPOSES) cases.push(matmulCase(random, transposes, sizes));
  }
  return { name: "matmul", cases };
}

/** A convolution, from which its two gradients follow. */
interface Geometry extends ConvolutionAttributes {
  readonly x: readonly [number, number, number, number];
  readonly kernel: readonly [number, number, number, number];
}

type Pair = readonly [number, number];

interface GeometryOptions {
  readonly strides?: Pair;
  readonly padding?: readonly [Pair, Pair];
  readonly dilation?: Pair;
  readonly groups?: number;
}

function geometry(x: Geometry["x"], kernel: Geometry["kernel"], options: GeometryOptions = {}): Geometry {
  const none: Pair = [0, 0];
  return { x, kernel, strides: [1, 1], padding: [none, none], dilation: [1, 1], groups: 1, ...options };
}

const GEOMETRIES: readonly Geometry[] = [
  geometry([1, 1, 1, 1], [1, 1, 1, 1]),
  geometry([3, 1, 7, 7], [3, 1, 3, 3]),
  geometry([1, 3, 31, 33], [7, 3, 3, 3], {
    padding: [
      [1, 1],
      [1, 1],
    ],
  }),
  geometry([2, 7, 7, 3], [33, 7, 1, 1]),
  geometry([2, 1, 28, 28], [6, 1, 5, 5], {
    padding: [
      [2, 2],
      [2, 2],
    ],
  }),
  geometry([3, 6, 14, 14], [16, 6, 5, 5]),
  geometry([1, 31, 7, 7], [33, 31, 3, 3], {
    strides: [2, 2],
    padding: [
      [1, 1],
      [1, 1],
    ],
  }),
  geometry([1, 65, 3, 3], [3, 65, 3, 3]),
  geometry([1, 3, 33, 31], [3, 3, 7, 7], {
    strides: [3, 2],
    padding: [
      [3, 2],
      [0, 5],
    ],
  }),
  geometry([2, 3, 9, 8], [4, 3, 3, 2], { dilation: [2, 3] }),
  geometry([2, 3, 9, 9], [4, 3, 3, 3], {
    strides: [2, 1],
    dilation: [1, 2],
    padding: [
      [2, 0],
      [1, 3],
    ],
  }),
  geometry([2, 4, 7, 7], [6, 2, 3, 3], {
    groups: 2,
    padding: [
      [1, 1],
      [1, 1],
    ],
  }),
  geometry([1, 7, 8, 9], [7, 1, 3, 3], {
    groups: 7,
    padding: [
      [1, 1],
      [1, 1],
    ],
  }),
  geometry([1, 3, 7, 7], [6, 1, 3, 3], {
    groups: 3,
    strides: [2, 2],
    padding: [
      [0, 1],
      [1, 0],
    ],
  }),
  geometry([1, 2, 3, 3], [3, 2, 5, 5], {
    padding: [
      [2, 2],
      [2, 2],
    ],
  }),
  geometry([1, 2, 1, 33], [3, 2, 1, 7], {
    padding: [
      [0, 0],
      [3, 3],
    ],
  }),
  geometry([1, 2, 65, 1], [3, 2, 3, 1], { strides: [7, 1] }),
  // The stride skips elements that no product touches, and the last rows do not fit a window.
  geometry([1, 1, 8, 8], [2, 1, 1, 1], { strides: [3, 3] }),
  geometry([1, 1, 10, 11], [2, 1, 2, 2], { strides: [4, 5] }),
  // Padding wider than the kernel: whole rows of y are made of zeros.
  geometry([1, 1, 2, 2], [2, 1, 2, 2], {
    padding: [
      [3, 4],
      [4, 3],
    ],
  }),
  geometry([0, 3, 7, 7], [4, 3, 3, 3]),
  geometry([33, 1, 3, 3], [1, 1, 3, 3]),
];

function randomGeometry(random: SeededRandom): Geometry {
  const groups = random.pick([1, 1, 1, 2, 3]);
  const kernel = [random.pick([1, 1, 2, 3, 5]), random.pick([1, 2, 3, 3, 4])] as const;
  const dilation = [random.pick([1, 1, 2]), random.pick([1, 1, 3])] as const;
  const side = (axis: 0 | 1): number => dilation[axis] * (kernel[axis] - 1) + 1 + random.integer(0, 8);
  const padding = [
    [random.integer(0, 2), random.integer(0, 2)],
    [random.integer(0, 2), random.integer(0, 2)],
  ] as const;
  const channels = random.pick([1, 2, 3, 5, 8]);
  return geometry(
    [random.pick([1, 2, 3]), channels * groups, side(0), side(1)],
    [random.pick([1, 2, 3, 4, 9]) * groups, channels, ...kernel],
    { strides: [random.pick([1, 1, 2, 3]), random.pick([1, 2, 2])], padding, dilation, groups },
  );
}

const RANDOM_GEOMETRIES = 30;

function outputSize({ x, kernel, strides, padding, dilation }: Geometry, axis: 0 | 1): number {
  const reach = dilation[axis] * (kernel[axis + 2] - 1) + 1;
  return Math.floor((x[axis + 2] + padding[axis][0] + padding[axis][1] - reach) / strides[axis]) + 1;
}

function convolutionGroups(): ConformanceGroup[] {
  const random = new SeededRandom(32);
  const forward: ConformanceCase[] = [];
  const forInput: ConformanceCase[] = [];
  const forWeight: ConformanceCase[] = [];
  const geometries = [...GEOMETRIES, ...Array.from({ length: RANDOM_GEOMETRIES }, () => randomGeometry(random))];
  for (const each of geometries) {
    const { strides, padding, dilation, groups } = each;
    const attributes = { strides, padding, dilation, groups };
    const x = random.tensor("float32", each.x);
    const kernel = random.tensor("float32", each.kernel);
    const dy = random.tensor("float32", [each.x[0], each.kernel[0], outputSize(each, 0), outputSize(each, 1)]);
    const inputSize = [each.x[2], each.x[3]] as const;
    const kernelSize = [each.kernel[2], each.kernel[3]] as const;
    forward.push(operationCase("convolution", attributes, [x, kernel], "contraction"));
    forInput.push(operationCase("convolutionInputGradient", { ...attributes, inputSize }, [dy, kernel], "contraction"));
    forWeight.push(operationCase("convolutionWeightGradient", { ...attributes, kernelSize }, [x, dy], "contraction"));
  }
  return [
    { name: "convolution", cases: forward },
    { name: "convolutionInputGradient", cases: forInput },
    { name: "convolutionWeightGradient", cases: forWeight },
  ];
}

function maxPoolGroup(): ConformanceGroup {
  const random = new SeededRandom(33);
  const { NaN: nan, NEGATIVE_INFINITY: lowest } = Number;
  const cases: ConformanceCase[] = [];
  for (const size of [1, 3, 7, 31, 33]) {
    for (const window of [1, 2, 3].filter((taps) => taps <= size)) {
      for (const step of [1, 2, 3]) {
        const dilation = window > 1 && 2 * (window - 1) + 1 <= size && random.chance(0.3) ? 2 : 1;
        const most = Math.floor(window / 2);
        const padding = [
          [dilation === 1 ? random.integer(0, most) : 0, 0],
          [dilation === 1 ? random.integer(0, most) : 0, dilation === 1 ? random.integer(0, most) : 0],
        ] as const;
        const attributes = {
          window: [window, window],
          strides: [step, step],
          padding,
          dilation: [dilation, dilation],
        } as const;
        const shape = [random.integer(1, 2), random.integer(1, 3), size, size];
        cases.push(operationCase("maxPool", attributes, [random.tensor("float32", shape)], "exact"));
        const count = shape.reduce((product, dimension) => product * dimension, 1);
        const tied = Array.from({ length: count }, () =>
          random.chance(0.08) ? random.pick([nan, lowest]) : random.integer(-2, 2),
        );
        cases.push(operationCase("maxPool", attributes, [given("float32", shape, tied)], "exact"));
      }
    }
  }
  const uneven = {
    window: [3, 2],
    strides: [2, 1],
    padding: [
      [1, 0],
      [0, 1],
    ],
    dilation: [1, 1],
  } as const;
  cases.push(operationCase("maxPool", uneven, [random.tensor("float32", [2, 3, 8, 7])], "exact"));
  cases.push(
    operationCase(
      "maxPool",
      uneven,
      [
        given(
          "float32",
          [1, 1, 3, 2],
          Array.from({ length: 6 }, () => lowest),
        ),
      ],
      "exact",
    ),
  );
  cases.push(operationCase("maxPool", uneven, [random.tensor("float32", [0, 3, 8, 7])], "exact"));
  return { name: "maxPool", cases };
}

/** Matrix products, convolutions and windows. */
export function contractionGroups(): ConformanceGroup[] {
  return [matmulGroup(), ...convolutionGroups(), maxPoolGroup()];
}
