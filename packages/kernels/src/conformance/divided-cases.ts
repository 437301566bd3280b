import { GraphBuilder, type TensorType, type ValueId } from "@tributary/program";
import { type ConformanceCase, type ConformanceGroup, graphCase, type Tolerance } from "./conformance-case.ts";
import { type GivenTensor, SeededRandom } from "./random.ts";

/** A case that is one scan; every output of it is an output of the program. */
interface Recurrence {
  readonly name: string;
  readonly length: number;
  readonly reverse?: boolean;
  readonly tolerance?: Tolerance;
  readonly carries: readonly GivenTensor[];
  readonly arrays?: readonly GivenTensor[];
  readonly constants?: readonly GivenTensor[];
  readonly body: (builder: GraphBuilder, inputs: readonly ValueId[]) => readonly ValueId[];
}

function recurrence(form: Recurrence): ConformanceCase {
  const { name, length, reverse = false, tolerance = "exact", carries, arrays = [], constants = [] } = form;
  const builder = new GraphBuilder();
  const types: TensorType[] = [
    ...carries,
    ...arrays.map(({ dtype, shape }) => ({ dtype, shape: shape.slice(1) })),
    ...constants,
  ].map(({ dtype, shape }) => ({ dtype, shape }));
  const inside = types.map((type) => builder.input(type));
  const body = builder.build(form.body(builder, inside));
  const attributes = { length, carries: carries.length, sliced: arrays.length, reverse, body };
  return graphCase({ name, inputs: [...carries, ...arrays, ...constants], tolerance }, (outer, ids) => {
    const first = outer.add("scan", attributes, ids);
    return body.outputs.map((_, index) => first + index);
  });
}

const plain = { transposeA: false, transposeB: false };

/** Two carries, a product with weights that lie column after column, and stacks of both. */
function gatedNetwork(random: SeededRandom, length: number, reverse: boolean): ConformanceCase {
  const [batch, width] = [32, 32];
  const near = { low: -1 / width, high: 1 / width };
  return recurrence({
    name: `gated network, batch ${batch}, ${length} turns, reverse ${reverse}`,
    length,
    reverse,
    tolerance: "norm",
    carries: [random.tensor("float32", [batch, width]), random.tensor("float32", [batch, width])],
    arrays: [random.tensor("float32", [length, batch, width])],
    constants: [random.tensor("float32", [width, width], near)],
    body: (builder, [state, cell, input, weights]) => {
      const product = builder.add("matmul", { ...plain, transposeB: true }, [state, weights]);
      const gate = builder.add("tanh", {}, [builder.add("add", {}, [product, input])]);
      const next = builder.add("add", {}, [builder.add("mul", {}, [gate, cell]), input]);
      return [builder.add("tanh", {}, [next]), next, state, gate];
    },
  });
}

/** Elements of one and two bytes, which share words with those of other parts. */
function smallElements(random: SeededRandom, length: number): ConformanceCase {
  return recurrence({
    name: `flags, halves and bytes of many rows over ${length} turns`,
    length,
    carries: [
      random.tensor("bool", [65, 33]),
      random.tensor("float16", [65, 33]),
      random.tensor("float16", [65, 33]),
      random.tensor("uint8", [65, 33]),
    ],
    arrays: [random.tensor("float32", [length, 65, 33])],
    body: (builder, [flags, halves, others, bytes, input]) => {
      const zero = builder.add("constant", { dtype: "float32", shape: [65, 33], values: [0] }, []);
      const positive = builder.add("compare", { comparator: "greater" }, [input, zero]);
      const turned = builder.add("where", {}, [positive, flags, positive]);
      return [turned, others, halves, bytes, flags, builder.add("where", {}, [turned, halves, others])];
    },
  });
}

/** Every element depends on all of the turn before. */
function mixedRows(random: SeededRandom, length: number): ConformanceCase {
  return recurrence({
    name: `rows and columns change places over ${length} turns`,
    length,
    tolerance: "norm",
    carries: [random.tensor("float32", [33, 33])],
    constants: [random.tensor("float32", [33, 33], { low: -1 / 33, high: 1 / 33 })],
    body: (builder, [x, weights]) => {
      const product = builder.add("matmul", plain, [x, weights]);
      return [builder.add("permute", { permutation: [1, 0] }, [builder.add("tanh", {}, [product])])];
    },
  });
}

/** A scan inside a scan whose inner carries begin with the outer one's. */
function nestedRecurrence(random: SeededRandom): ConformanceCase {
  const inner = new GraphBuilder();
  const type: TensorType = { dtype: "float32", shape: [64, 40] };
  const [carry, weight] = [inner.input(type), inner.input(type)];
  const body = inner.build([inner.add("tanh", {}, [inner.add("add", {}, [carry, weight])])]);
  return recurrence({
    name: "a recurrence inside a recurrence, of many rows",
    length: 3,
    tolerance: "norm",
    carries: [random.tensor("float32", [64, 40])],
    arrays: [random.tensor("float32", [3, 64, 40])],
    body: (builder, [outer, input]) => {
      const attributes = { length: 4, carries: 1, sliced: 0, reverse: false, body };
      const last = builder.add("scan", attributes, [outer, input]);
      return [builder.add("mul", {}, [last, input]), last];
    },
  });
}

/** softmax(q k') v by heads, its output with heads side by side, and its gradients. */
function attention(random: SeededRandom): ConformanceCase {
  const shape = [2, 2, 64, 16];
  const inputs = Array.from({ length: 4 }, () => random.tensor("float32", shape));
  return graphCase({ name: "attention and its gradients", inputs, tolerance: "norm" }, (builder, [q, k, v, dy]) => {
    const matmul = (a: ValueId, b: ValueId, transposeA = false, transposeB = false): ValueId =>
      builder.add("matmul", { transposeA, transposeB }, [a, b]);
    const weights = builder.add("softmax", {}, [matmul(q, k, false, true)]);
    const y = builder.add("permute", { permutation: [0, 2, 1, 3] }, [matmul(weights, v)]);
    const dWeights = matmul(dy, v, false, true);
    const sums = builder.add("sum", { axes: [3] }, [builder.add("mul", {}, [dWeights, weights])]);
    const wide = builder.add("broadcast", { shape: [2, 2, 64, 64] }, [
      builder.add("reshape", { shape: [2, 2, 64, 1] }, [sums]),
    ]);
    const dScores = builder.add("mul", {}, [weights, builder.add("sub", {}, [dWeights, wide])]);
    const parts = [matmul(dScores, k), matmul(dScores, q, true), matmul(weights, dy, true)].map((part) =>
      builder.add("permute", { permutation: [0, 2, 1, 3] }, [part]),
    );
    return [
      builder.add("reshape", { shape: [2, 64, 32] }, [y]),
      builder.add("reshape", { shape: [2, 64, 96] }, [builder.add("concat", { axis: 3 }, parts)]),
    ];
  });
}

/** Rows that know their number, and what is left of them when their largest and their mean are taken away. */
function numberedRows(random: SeededRandom): ConformanceCase {
  const shape = [65, 48];
  const inputs = [random.tensor("float32", shape), random.tensor("int32", [65])];
  return graphCase({ name: "rows that know their number", inputs, tolerance: "norm" }, (builder, [x, indices]) => {
    const numbers = builder.add("iota", { dtype: "int32", shape, axis: 0 }, []);
    const columns = builder.add("iota", { dtype: "int32", shape, axis: 1 }, []);
    const product = builder.add("mul", {}, [numbers, columns]);
    const moved = builder.add("add", {}, [x, builder.add("cast", { dtype: "float32" }, [product])]);
    const low = builder.add("tanh", {}, [moved]);
    const wide = (rows: ValueId): ValueId =>
      builder.add("broadcast", { shape }, [builder.add("reshape", { shape: [65, 1] }, [rows])]);
    const centred = builder.add("sub", {}, [low, wide(builder.add("max", { axes: [1] }, [low]))]);
    const summed = builder.add("add", {}, [centred, wide(builder.add("sum", { axes: [1] }, [centred]))]);
    const taken = builder.add("take", {}, [summed, indices]);
    return [summed, builder.add("softmax", {}, [summed]), taken];
  });
}

/** Graphs large enough that a backend divides them into parts that go side by side. */
export function dividedGroups(): ConformanceGroup[] {
  const random = new SeededRandom(73);
  return [
    {
      name: "divided recurrences",
      cases: [
        gatedNetwork(random, 4, true),
        gatedNetwork(random, 5, false),
        gatedNetwork(random, 1, false),
        smallElements(random, 4),
        smallElements(random, 3),
        mixedRows(random, 4),
        mixedRows(random, 1),
        nestedRecurrence(random),
      ],
    },
    { name: "divided rows", cases: [attention(random), numberedRows(random)] },
  ];
}
