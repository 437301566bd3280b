import { DTYPES, type DType, type Shape } from "@tributary/program";
import { type ConformanceCase, type ConformanceGroup, graphCase, operationCase } from "./conformance-case.ts";
import { given, givenIndices, SeededRandom } from "./random.ts";

const SIZES = [1, 3, 7, 31, 33, 65] as const;

function gatherGroup(): ConformanceGroup {
  const random = new SeededRandom(41);
  const batches: readonly Shape[] = [[], [1], [7], [3, 2], [33], [0]];
  const cases = batches.flatMap((batch) =>
    SIZES.flatMap((length, turn) => {
      const dtype = DTYPES[(turn + batch.length) % DTYPES.length];
      return [0, 1, 7].map((count) =>
        operationCase(
          "gather",
          {},
          [random.tensor(dtype, [...batch, length]), givenIndices(random, [...batch, count], length)],
          "exact",
        ),
      );
    }),
  );
  cases.push(operationCase("gather", {}, [random.tensor("float32", [3, 0]), givenIndices(random, [3, 2], 0)], "exact"));
  return { name: "gather", cases };
}

function scatterAddGroup(): ConformanceGroup {
  const random = new SeededRandom(42);
  const batches: readonly Shape[] = [[], [1], [7], [3, 2], [33], [0]];
  const cases = batches.flatMap((batch) =>
    SIZES.flatMap((length) =>
      [0, 1, 7, 65].map((count) => {
        const shape = [...batch, count];
        return operationCase(
          "scatterAdd",
          { length },
          [random.tensor("float32", shape), givenIndices(random, shape, length)],
          "contraction",
        );
      }),
    ),
  );
  const nowhere = [random.tensor("float32", [5]), givenIndices(random, [5], 0)];
  cases.push(operationCase("scatterAdd", { length: 0 }, nowhere, "contraction"));
  return { name: "scatterAdd", cases };
}

const TABLES: readonly Shape[] = [[1], [7], [65], [3, 1], [31, 7], [33, 65], [7, 3, 5], [3, 0]];
const OUTERS: readonly Shape[] = [[], [1], [7], [33], [3, 2], [0]];

function takeGroup(): ConformanceGroup {
  const random = new SeededRandom(43);
  const cases = TABLES.flatMap((table, turn) =>
    OUTERS.map((outer, place) =>
      operationCase(
        "take",
        {},
        [random.tensor(DTYPES[(turn + place) % DTYPES.length], table), givenIndices(random, outer, table[0])],
        "exact",
      ),
    ),
  );
  cases.push(operationCase("take", {}, [random.tensor("float32", [0, 3]), givenIndices(random, [4], 0)], "exact"));
  return { name: "take", cases };
}

function scatterAddRowsGroup(): ConformanceGroup {
  const random = new SeededRandom(44);
  const cases = TABLES.flatMap(([rows, ...rest]) =>
    OUTERS.map((outer) =>
      operationCase(
        "scatterAddRows",
        { rows },
        [random.tensor("float32", [...outer, ...rest]), givenIndices(random, outer, rows)],
        "contraction",
      ),
    ),
  );
  return { name: "scatterAddRows", cases };
}

function threefryGroup(): ConformanceGroup {
  const random = new SeededRandom(45);
  const shapes: readonly Shape[] = [[], [0], [1], [3], [7], [31], [33], [65], [3, 7], [33, 31]];
  const cases = shapes.map((shape) =>
    operationCase(
      "threefry",
      {},
      [random.tensor("uint32", [2]), random.tensor("uint32", shape), random.tensor("uint32", shape)],
      "exact",
    ),
  );
  const ones = 0xffffffff;
  const key = given("uint32", [2], [ones, ones]);
  cases.push(operationCase("threefry", {}, [key, given("uint32", [1], [ones]), given("uint32", [1], [ones])], "exact"));
  return { name: "threefry", cases };
}

function constantGroup(): ConformanceGroup {
  const random = new SeededRandom(46);
  const shapes: readonly Shape[] = [[], [0], [1], [7], [33], [3, 65]];
  const literals: Readonly<Record<DType, readonly number[]>> = {
    float32: [0, -0, 1.5, 0.1, 1e30, Number.NaN, Number.POSITIVE_INFINITY],
    float16: [0, 0.1, -65504, 1e6, 2 ** -25, Number.NaN],
    int32: [0, -1, 2 ** 31 - 1, -(2 ** 31)],
    uint32: [0, 1, 2 ** 32 - 1],
    uint8: [0, 7, 255],
    bool: [0, 1],
  };
  const cases = DTYPES.flatMap((dtype) =>
    shapes.flatMap((shape) => {
      const count = shape.reduce((product, dimension) => product * dimension, 1);
      const values = Array.from({ length: count }, () => random.pick(literals[dtype]));
      return [values, [random.pick(literals[dtype])]].map((each) =>
        operationCase("constant", { dtype, shape, values: each }, [], dtype === "float32" ? "elementwise" : "exact"),
      );
    }),
  );
  return { name: "constant", cases };
}

function iotaGroup(): ConformanceGroup {
  const shapes: readonly Shape[] = [[0], [1], [7], [65], [3, 33], [2, 3, 7], [3, 0]];
  const cases: ConformanceCase[] = (["float32", "int32", "uint32"] as const).flatMap((dtype) =>
    shapes.flatMap((shape) => shape.map((_, axis) => operationCase("iota", { dtype, shape, axis }, [], "exact"))),
  );
  cases.push(
    graphCase(
      { name: "iota beside an input", inputs: [given("int32", [7], [5, 4, 3, 2, 1, 0, -1])], tolerance: "exact" },
      (builder, [x]) => [builder.add("add", {}, [x, builder.add("iota", { dtype: "int32", shape: [7], axis: 0 }, [])])],
    ),
  );
  return { name: "iota", cases };
}

/** Operations that choose places, and those whose values come from nowhere. */
export function indexingGroups(): ConformanceGroup[] {
  return [
    gatherGroup(),
    scatterAddGroup(),
    takeGroup(),
    scatterAddRowsGroup(),
    threefryGroup(),
    constantGroup(),
    iotaGroup(),
  ];
}
