import { type DType, type Graph, GraphBuilder, type Shape, type TensorType, type ValueId } from "@tributary/program";
import { type ConformanceCase, type ConformanceGroup, graphCase, type Tolerance } from "./conformance-case.ts";
import { type GivenTensor, given, SeededRandom } from "./random.ts";

/** A scan of which everything is given. */
interface ScanDescription {
  readonly name: string;
  readonly length: number;
  readonly reverse?: boolean;
  readonly carries?: readonly GivenTensor[];
  readonly arrays?: readonly GivenTensor[];
  readonly constants?: readonly GivenTensor[];
  readonly tolerance?: Tolerance;
  readonly body: (builder: GraphBuilder, inputs: readonly ValueId[]) => readonly ValueId[];
}

function typeOf(tensor: GivenTensor): TensorType {
  return { dtype: tensor.dtype, shape: tensor.shape };
}

function bodyGraph(description: ScanDescription): Graph {
  const { carries = [], arrays = [], constants = [] } = description;
  const builder = new GraphBuilder();
  const types = [
    ...carries.map(typeOf),
    ...arrays.map((array) => ({ dtype: array.dtype, shape: array.shape.slice(1) })),
    ...constants.map(typeOf),
  ];
  return builder.build(
    description.body(
      builder,
      types.map((type) => builder.input(type)),
    ),
  );
}

function scanCase(description: ScanDescription): ConformanceCase {
  const { name, length, reverse = false, carries = [], arrays = [], constants = [] } = description;
  const inputs = [...carries, ...arrays, ...constants];
  const body = bodyGraph(description);
  const attributes = { length, carries: carries.length, sliced: arrays.length, reverse, body };
  return graphCase({ name, inputs, tolerance: description.tolerance ?? "exact" }, (builder, ids) => {
    const first = builder.add("scan", attributes, ids);
    return body.outputs.map((_, i) => first + i);
  });
}

/** Whole numbers, whose sums are exact in float32 too. */
function whole(random: SeededRandom, shape: Shape, dtype: DType = "float32"): GivenTensor {
  const count = shape.reduce((product, dimension) => product * dimension, 1);
  return given(
    dtype,
    shape,
    Array.from({ length: count }, () => random.integer(-9, 9)),
  );
}

function runningSums(random: SeededRandom): ConformanceCase[] {
  const lengths = [0, 1, 3, 7, 31, 33, 65];
  return lengths.flatMap((length) =>
    [false, true].map((reverse) =>
      scanCase({
        name: `running sums of ${length}, reverse ${reverse}`,
        length,
        reverse,
        carries: [whole(random, [7])],
        arrays: [whole(random, [length, 7])],
        body: (builder, [total, slice]) => {
          const next = builder.add("add", {}, [total, slice]);
          return [next, next];
        },
      }),
    ),
  );
}

/** h <- tanh(h W + x U + b); stacks every h. */
function recurrentNetworks(random: SeededRandom): ConformanceCase[] {
  return [1, 3, 33].flatMap((length) =>
    [1, 7, 33, 48].map((width) =>
      scanCase({
        name: `recurrent network of width ${width} over ${length}`,
        length,
        tolerance: "norm",
        carries: [random.tensor("float32", [3, width])],
        arrays: [random.tensor("float32", [length, 3, 5])],
        constants: [
          random.tensor("float32", [width, width], { low: -1 / width, high: 1 / width }),
          random.tensor("float32", [5, width]),
          random.tensor("float32", [width]),
        ],
        body: (builder, [h, x, w, u, b]) => {
          const product = { transposeA: false, transposeB: false };
          const fromState = builder.add("matmul", product, [h, w]);
          const fromInput = builder.add("matmul", product, [x, u]);
          const sum = builder.add("add", {}, [fromState, fromInput]);
          const bias = builder.add("broadcast", { shape: [3, width] }, [b]);
          const next = builder.add("tanh", {}, [builder.add("add", {}, [sum, bias])]);
          return [next, next];
        },
      }),
    ),
  );
}

function oddEdges(random: SeededRandom): ConformanceCase[] {
  return [
    scanCase({
      name: "two carries change places every turn",
      length: 7,
      carries: [whole(random, [33]), whole(random, [33])],
      body: (_, [a, b]) => [b, a],
    }),
    scanCase({
      name: "three carries in a ring, stacked",
      length: 5,
      carries: [whole(random, [3]), whole(random, [3]), whole(random, [3])],
      body: (_, [a, b, c]) => [b, c, a, a, c],
    }),
    scanCase({
      name: "a carry that is handed on unchanged, and an array that is stacked as it is",
      length: 7,
      reverse: true,
      carries: [whole(random, [3])],
      arrays: [whole(random, [7, 2])],
      body: (_, [carry, slice]) => [carry, slice],
    }),
    scanCase({
      name: "the next carry is the slice itself; what is stacked is the carry before",
      length: 7,
      carries: [whole(random, [3])],
      arrays: [whole(random, [7, 3])],
      body: (_, [carry, slice]) => [slice, carry],
    }),
    scanCase({
      name: "no carries: a map",
      length: 31,
      arrays: [whole(random, [31, 3, 2]), whole(random, [31, 3, 2])],
      body: (builder, [a, b]) => [builder.add("mul", {}, [a, b]), builder.add("permute", { permutation: [1, 0] }, [a])],
    }),
    scanCase({
      name: "no arrays: a carry of integers that wraps",
      length: 33,
      carries: [random.tensor("uint32", [7])],
      constants: [
        given(
          "uint32",
          [7],
          Array.from({ length: 7 }, () => 1664525),
        ),
      ],
      body: (builder, [state, factor]) => {
        const next = builder.add("mul", {}, [state, factor]);
        return [next, next];
      },
    }),
    scanCase({
      name: "a body without an operation that stacks a constant of its own and one from outside",
      length: 3,
      constants: [whole(random, [2, 2])],
      body: (builder, [outside]) => [
        outside,
        builder.add("constant", { dtype: "uint8", shape: [3], values: [1, 2, 255] }, []),
      ],
    }),
    scanCase({
      name: "stacks of bytes and half floats",
      length: 5,
      carries: [random.tensor("bool", [7])],
      arrays: [random.tensor("float16", [5, 7]), random.tensor("uint8", [5, 3])],
      body: (builder, [flags, halves, bytes]) => {
        const floats = builder.add("cast", { dtype: "float32" }, [halves]);
        const zero = builder.add("constant", { dtype: "float32", shape: [7], values: [0] }, []);
        const positive = builder.add("compare", { comparator: "greater" }, [floats, zero]);
        return [builder.add("where", {}, [positive, flags, positive]), halves, bytes, flags];
      },
    }),
    scanCase({
      name: "scalar carries",
      length: 65,
      carries: [given("float32", [], [1]), given("int32", [], [0])],
      arrays: [whole(random, [65])],
      body: (builder, [total, count, slice]) => {
        const one = builder.add("constant", { dtype: "int32", shape: [], values: [1] }, []);
        return [builder.add("add", {}, [total, slice]), builder.add("add", {}, [count, one]), count];
      },
    }),
  ];
}

/** A scan whose body holds a scan: sums over rows, then over the sums. */
function nested(random: SeededRandom): ConformanceCase {
  const inner = new GraphBuilder();
  const [total, element] = [inner.input({ dtype: "float32", shape: [] }), inner.input({ dtype: "float32", shape: [] })];
  const next = inner.add("add", {}, [total, element]);
  const body = inner.build([next, next]);
  return scanCase({
    name: "a scan inside a scan, backwards inside forwards",
    length: 7,
    carries: [given("float32", [], [0])],
    arrays: [whole(random, [7, 5])],
    body: (builder, [outer, row]) => {
      const first = builder.add("scan", { length: 5, carries: 1, sliced: 1, reverse: true, body }, [outer, row]);
      return [first, first + 1];
    },
  });
}

/** The results of a scan go on into other operations, and its inputs come from some. */
function embedded(random: SeededRandom): ConformanceCase {
  const inner = new GraphBuilder();
  const [total, slice] = [inner.input({ dtype: "float32", shape: [3] }), inner.input({ dtype: "float32", shape: [3] })];
  const next = inner.add("add", {}, [total, slice]);
  const body = inner.build([next, next]);
  const inputs = [whole(random, [3, 7]), whole(random, [3])];
  return graphCase({ name: "a scan between other operations", inputs, tolerance: "exact" }, (builder, [x, start]) => {
    const arrays = builder.add("permute", { permutation: [1, 0] }, [builder.add("neg", {}, [x])]);
    const attributes = { length: 7, carries: 1, sliced: 1, reverse: false, body };
    const last = builder.add("scan", attributes, [builder.add("abs", {}, [start]), arrays]);
    const again = builder.add("scan", attributes, [last, last + 1]);
    const stacks = builder.add("add", {}, [last + 1, again + 1]);
    return [builder.add("sum", { axes: [1] }, [stacks]), builder.add("mul", {}, [last, again]), again];
  });
}

/** Loops over time. */
export function scanGroups(): ConformanceGroup[] {
  const random = new SeededRandom(61);
  return [
    {
      name: "scan",
      cases: [
        ...runningSums(random),
        ...recurrentNetworks(random),
        ...oddEdges(random),
        nested(random),
        embedded(random),
      ],
    },
  ];
}
