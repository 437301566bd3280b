import { DTYPES, type DType, elementCount, type Shape } from "@tributary/program";
import { type ConformanceCase, type ConformanceGroup, operationCase } from "./conformance-case.ts";
import { SeededRandom } from "./random.ts";

const SHAPES: readonly Shape[] = [
  [1],
  [7],
  [65],
  [3, 7],
  [31, 33],
  [33, 1],
  [3, 1, 65],
  [7, 31, 3],
  [2, 3, 7, 5],
  [2, 3, 1, 3, 2],
  [0],
  [3, 0, 2],
];

/** One dtype of each size in memory takes turns, so that every shape meets several. */
function dtypeOf(turn: number): DType {
  return DTYPES[turn % DTYPES.length];
}

function permutations(axes: readonly number[]): number[][] {
  if (axes.length === 0) return [[]];
  return axes.flatMap((axis) => permutations(axes.filter((other) => other !== axis)).map((rest) => [axis, ...rest]));
}

function reshapeGroup(): ConformanceGroup {
  const random = new SeededRandom(21);
  const cases = SHAPES.flatMap((shape, turn) => {
    const count = elementCount(shape);
    const targets: Shape[] = [[count], [1, count, 1], [...shape].reverse(), [...shape, 1]];
    return targets.map((target) =>
      operationCase("reshape", { shape: target }, [random.tensor(dtypeOf(turn), shape)], "exact"),
    );
  });
  cases.push(operationCase("reshape", { shape: [] }, [random.tensor("float32", [1, 1])], "exact"));
  cases.push(operationCase("reshape", { shape: [1] }, [random.tensor("uint8", [])], "exact"));
  return { name: "reshape", cases };
}

function permuteGroup(): ConformanceGroup {
  const random = new SeededRandom(22);
  const cases = SHAPES.filter((shape) => shape.length < 5).flatMap((shape, turn) =>
    permutations(shape.map((_, axis) => axis)).map((permutation, place) =>
      operationCase("permute", { permutation }, [random.tensor(dtypeOf(turn + place), shape)], "exact"),
    ),
  );
  for (const permutation of [
    [4, 3, 2, 1, 0],
    [2, 0, 4, 1, 3],
  ]) {
    cases.push(operationCase("permute", { permutation }, [random.tensor("float32", [2, 3, 7, 3, 5])], "exact"));
  }
  cases.push(operationCase("permute", { permutation: [] }, [random.tensor("float32", [])], "exact"));
  return { name: "permute", cases };
}

function broadcastGroup(): ConformanceGroup {
  const random = new SeededRandom(23);
  const pairs: readonly (readonly [Shape, Shape])[] = [
    [[], [7]],
    [[], [3, 33]],
    [[], []],
    [[1], [65]],
    [[7], [3, 7]],
    [
      [3, 1],
      [3, 31],
    ],
    [
      [1, 33],
      [7, 33],
    ],
    [
      [1, 1],
      [31, 65],
    ],
    [
      [3, 1, 7],
      [2, 3, 5, 7],
    ],
    [
      [1, 7, 1, 3],
      [33, 7, 2, 3],
    ],
    [[1], [0]],
    [
      [3, 1],
      [3, 0],
    ],
    [
      [0, 1],
      [2, 0, 3],
    ],
    [[65], [65]],
  ];
  const cases = pairs.flatMap(([from, shape]) =>
    DTYPES.map((dtype) => operationCase("broadcast", { shape }, [random.tensor(dtype, from)], "exact")),
  );
  return { name: "broadcast", cases };
}

function sliceGroup(): ConformanceGroup {
  const random = new SeededRandom(24);
  const cases: ConformanceCase[] = [];
  for (const [turn, shape] of SHAPES.entries()) {
    for (let repeat = 0; repeat < 5; repeat += 1) {
      const starts = shape.map((dimension) => random.integer(0, dimension));
      const ends = shape.map((dimension, axis) => random.integer(starts[axis], dimension));
      const strides = shape.map(() => random.integer(1, 4));
      cases.push(
        operationCase("slice", { starts, ends, strides }, [random.tensor(dtypeOf(turn + repeat), shape)], "exact"),
      );
    }
  }
  cases.push(
    operationCase(
      "slice",
      { starts: [1, 0], ends: [33, 65], strides: [3, 1] },
      [random.tensor("float32", [33, 65])],
      "exact",
    ),
    operationCase(
      "slice",
      { starts: [0, 1], ends: [33, 65], strides: [1, 7] },
      [random.tensor("float32", [33, 65])],
      "exact",
    ),
    operationCase("slice", { starts: [], ends: [], strides: [] }, [random.tensor("int32", [])], "exact"),
  );
  return { name: "slice", cases };
}

function padGroup(): ConformanceGroup {
  const random = new SeededRandom(25);
  const cases: ConformanceCase[] = [];
  const values: Readonly<Record<DType, readonly number[]>> = {
    float32: [0, 1.5, Number.NEGATIVE_INFINITY, Number.NaN],
    float16: [0, 0.1],
    int32: [0, -(2 ** 31)],
    uint32: [0, 2 ** 32 - 1],
    uint8: [0, 255],
    bool: [0, 1],
  };
  for (const [turn, shape] of SHAPES.entries()) {
    for (let repeat = 0; repeat < 5; repeat += 1) {
      const dtype = repeat < 2 ? "float32" : dtypeOf(turn + repeat);
      const low = shape.map(() => random.integer(0, 3));
      const high = shape.map(() => random.integer(0, 3));
      const interior = shape.map(() => random.pick([0, 0, 1, 2]));
      const value = random.pick(values[dtype]);
      cases.push(operationCase("pad", { low, high, interior, value }, [random.tensor(dtype, shape)], "exact"));
    }
  }
  return { name: "pad", cases };
}

function concatGroup(): ConformanceGroup {
  const random = new SeededRandom(26);
  const cases: ConformanceCase[] = [];
  for (const [turn, shape] of SHAPES.entries()) {
    for (const axis of shape.keys()) {
      for (const sizes of [[1], [3, 31], [7, 0, 1], [1, 65, 2, 3, 33]]) {
        const inputs = sizes.map((size) =>
          random.tensor(
            dtypeOf(turn + sizes.length),
            shape.map((dimension, place) => (place === axis ? size : dimension)),
          ),
        );
        cases.push(operationCase("concat", { axis }, inputs, "exact"));
      }
    }
  }
  return { name: "concat", cases };
}

function flipGroup(): ConformanceGroup {
  const random = new SeededRandom(27);
  const cases = SHAPES.flatMap((shape, turn) =>
    Array.from({ length: 2 ** Math.min(shape.length, 3) }, (_, bits) => {
      const axes = [...shape.keys()].filter((axis) => (bits >> axis) % 2 === 1);
      return operationCase("flip", { axes }, [random.tensor(dtypeOf(turn + bits), shape)], "exact");
    }),
  );
  return { name: "flip", cases };
}

/** Operations that only move elements. */
export function movementGroups(): ConformanceGroup[] {
  return [reshapeGroup(), permuteGroup(), broadcastGroup(), sliceGroup(), padGroup(), concatGroup(), flipGroup()];
}
