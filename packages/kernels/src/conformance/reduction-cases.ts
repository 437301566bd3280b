import type { Shape } from "@tributary/program";
import { type ConformanceCase, type ConformanceGroup, operationCase } from "./conformance-case.ts";
import { given, SeededRandom } from "./random.ts";

const SHAPES: readonly Shape[] = [
  [],
  [1],
  [3],
  [7],
  [31],
  [33],
  [65],
  [1, 65],
  [65, 1],
  [31, 33],
  [33, 7],
  [3, 7, 31],
  [33, 1, 65],
  [7, 65, 3],
  [3, 1, 7, 33],
];
/** More than one block of any tiling. */
const LONG: readonly Shape[] = [[4097], [1031, 3], [3, 1031], [2, 257, 65]];

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;

/** Every choice of axes of a rank, the empty one included. */
function axesOf(rank: number): number[][] {
  return Array.from({ length: 2 ** rank }, (_, bits) =>
    Array.from({ length: rank }, (_, axis) => axis).filter((axis) => (bits >> axis) % 2 === 1),
  );
}

function sumGroup(): ConformanceGroup {
  const random = new SeededRandom(11);
  const empty: readonly Shape[] = [[0], [3, 0], [0, 3], [2, 0, 3]];
  const cases = [...SHAPES, ...LONG, ...empty].flatMap((shape) =>
    axesOf(shape.length).flatMap((axes) => [
      operationCase("sum", { axes }, [random.tensor("float32", shape)], "contraction"),
      operationCase("sum", { axes }, [random.tensor("int32", shape)], "exact"),
    ]),
  );
  cases.push(operationCase("sum", { axes: [1] }, [random.tensor("uint32", [7, 33])], "exact"));
  cases.push(operationCase("sum", { axes: [0] }, [random.tensor("uint32", [65])], "exact"));
  const special = [1, nan, 2, infinity, 1, -1, infinity, -infinity, 0, -infinity, 5, 5];
  cases.push(operationCase("sum", { axes: [1] }, [given("float32", [4, 3], special)], "contraction"));
  return { name: "sum", cases };
}

/** Few different whole numbers, so that many are equal, with NaN and infinities sprinkled in. */
function tied(random: SeededRandom, shape: Shape, dtype: "float32" | "int32", special: boolean) {
  const count = shape.reduce((product, dimension) => product * dimension, 1);
  const odd = special && dtype === "float32" ? [nan, infinity, -infinity] : [-3, 3, 0];
  return given(
    dtype,
    shape,
    Array.from({ length: count }, () => (random.chance(0.05) ? random.pick(odd) : random.integer(-3, 3))),
  );
}

function maxGroup(): ConformanceGroup {
  const random = new SeededRandom(12);
  const cases = [...SHAPES, ...LONG].flatMap((shape) =>
    axesOf(shape.length).flatMap((axes) => [
      operationCase("max", { axes }, [random.tensor("float32", shape)], "exact"),
      operationCase("max", { axes }, [tied(random, shape, "float32", true)], "exact"),
      operationCase("max", { axes }, [random.tensor("int32", shape)], "exact"),
    ]),
  );
  cases.push(operationCase("max", { axes: [1] }, [random.tensor("float32", [0, 3])], "exact"));
  cases.push(operationCase("max", { axes: [0] }, [given("float32", [3], [-infinity, -infinity, -infinity])], "exact"));
  cases.push(operationCase("max", { axes: [0] }, [random.tensor("float32", [65], { low: -9, high: -8 })], "exact"));
  return { name: "max", cases };
}

function argmaxGroup(): ConformanceGroup {
  const random = new SeededRandom(13);
  const cases: ConformanceCase[] = [...SHAPES, ...LONG].flatMap((shape) =>
    shape.flatMap((_, axis) => [
      operationCase("argmax", { axis }, [random.tensor("float32", shape)], "exact"),
      operationCase("argmax", { axis }, [tied(random, shape, "float32", false)], "exact"),
      operationCase("argmax", { axis }, [tied(random, shape, "float32", true)], "exact"),
      operationCase("argmax", { axis }, [tied(random, shape, "int32", false)], "exact"),
    ]),
  );
  cases.push(operationCase("argmax", { axis: 1 }, [random.tensor("float32", [0, 3])], "exact"));
  cases.push(operationCase("argmax", { axis: 0 }, [given("int32", [3], [-(2 ** 31), -(2 ** 31), 5])], "exact"));
  cases.push(operationCase("argmax", { axis: 0 }, [given("float32", [2], [-infinity, -infinity])], "exact"));
  return { name: "argmax", cases };
}

/** Operations that make axes vanish. */
export function reductionGroups(): ConformanceGroup[] {
  return [sumGroup(), maxGroup(), argmaxGroup()];
}
