import { type DType, elementCount, GraphBuilder, type Shape, shapesEqual, type ValueId } from "@tributary/program";
import { type ConformanceCase, type ConformanceGroup, programCase } from "./conformance-case.ts";
import { type GivenTensor, SeededRandom } from "./random.ts";
import { randomMove } from "./random-moves.ts";

/** Graphs of one test run, and the seed of the first. */
const GRAPHS = 200;
const FIRST_SEED = 1000;
/** Elements of the largest tensor of a graph. */
const ELEMENTS_MAX = 20_000;
/** No float grows past this, so that rounding errors stay comparable with what is allowed. */
const BOUND_MAX = 1000;
const DIMENSIONS = [1, 2, 3, 5, 7, 9, 33] as const;
const PRODUCT = { transposeA: false, transposeB: true } as const;

/** A value of the graph, and what its maker knows of it. */
interface Known {
  readonly id: ValueId;
  readonly dtype: DType;
  readonly shape: Shape;
  /** No float is larger in size. */
  readonly bound: number;
  /** Whether every precision and backend computes the same number, so that it may be compared or rounded. */
  readonly exact: boolean;
}

type Rule = (graph: RandomGraph) => void;

class RandomGraph {
  readonly random: SeededRandom;
  readonly builder = new GraphBuilder();
  readonly inputs: GivenTensor[] = [];
  readonly known: Known[] = [];

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
    const side = [this.random.pick(DIMENSIONS), this.random.pick(DIMENSIONS)];
    const shapes: Shape[] = [side, side, [side[1]], [this.random.pick(DIMENSIONS), ...side], []];
    for (const shape of shapes) this.#addInput("float32", shape);
    this.#addInput("int32", side);
    this.#addInput(this.random.pick(["uint8", "float16", "bool"]), side);
  }

  #addInput(dtype: DType, shape: Shape): void {
    const tensor = this.random.tensor(dtype, shape);
    this.inputs.push(tensor);
    this.keep(this.builder.input({ dtype, shape }), 2, true);
  }

  keep(id: ValueId, bound: number, exact: boolean): void {
    const { dtype, shape } = this.builder.typeOf(id);
    if (elementCount(shape) <= ELEMENTS_MAX) this.known.push({ id, dtype, shape, bound, exact });
  }

  /** A value that satisfies the condition, if there is one; younger ones more often. */
  find(condition: (value: Known) => boolean): Known | null {
    const fitting = this.known.filter(condition);
    if (fitting.length === 0) return null;
    const recent = fitting.slice(-4);
    return this.random.chance(0.5) ? this.random.pick(recent) : this.random.pick(fitting);
  }

  float(): Known | null {
    return this.find((value) => value.dtype === "float32");
  }

  fill(shape: Shape, value: number): ValueId {
    return this.builder.add("constant", { dtype: "float32", shape, values: [value] }, []);
  }

  /** The value as an image of one channel, if it has two dimensions of at least 2. */
  plane(): (Known & { readonly height: number; readonly width: number }) | null {
    const value = this.find(
      ({ dtype, shape }) => dtype === "float32" && shape.length === 2 && shape[0] >= 2 && shape[1] >= 2,
    );
    if (value === null) return null;
    const [height, width] = value.shape;
    return { ...value, id: this.builder.add("reshape", { shape: [1, 1, height, width] }, [value.id]), height, width };
  }
}

const UNARY: Rule = (graph) => {
  const x = graph.float();
  if (x === null) return;
  const smooth = ["tanh", "erf", "sin", "cos"] as const;
  const name = graph.random.pick(smooth);
  graph.keep(graph.builder.add(name, {}, [x.id]), 1, false);
};

const EXACT_UNARY: Rule = (graph) => {
  const x = graph.float();
  if (x === null) return;
  const name = graph.random.pick(x.exact ? (["neg", "abs", "sign", "floor"] as const) : (["neg", "abs"] as const));
  graph.keep(graph.builder.add(name, {}, [x.id]), x.bound + 1, x.exact);
};

const POSITIVE_UNARY: Rule = (graph) => {
  const x = graph.float();
  if (x === null) return;
  if (x.bound <= 3) graph.keep(graph.builder.add("exp", {}, [x.id]), Math.exp(x.bound), false);
  const size = graph.builder.add("abs", {}, [x.id]);
  const positive = graph.builder.add("add", {}, [size, graph.fill(x.shape, 1)]);
  graph.keep(graph.builder.add(graph.random.pick(["log", "sqrt"]), {}, [positive]), x.bound + 1, false);
  graph.keep(graph.builder.add("div", {}, [x.id, positive]), x.bound, false);
};

const BINARY: Rule = (graph) => {
  const a = graph.float();
  if (a === null) return;
  const b = graph.find((value) => value.dtype === "float32" && shapesEqual(value.shape, a.shape)) ?? a;
  const name = graph.random.pick(["add", "sub", "mul", "maximum", "minimum"] as const);
  const bound = name === "mul" ? a.bound * b.bound : a.bound + b.bound;
  const exact = (name === "maximum" || name === "minimum") && a.exact && b.exact;
  if (bound <= BOUND_MAX) graph.keep(graph.builder.add(name, {}, [a.id, b.id]), bound, exact);
};

const INTEGERS: Rule = (graph) => {
  const a = graph.find((value) => value.dtype === "int32");
  if (a === null) return;
  const b = graph.find((value) => value.dtype === "int32" && shapesEqual(value.shape, a.shape)) ?? a;
  const name = graph.random.pick(["add", "sub", "mul", "div", "maximum", "minimum"] as const);
  graph.keep(graph.builder.add(name, {}, [a.id, b.id]), 0, true);
};

const CHOICE: Rule = (graph) => {
  const a = graph.find((value) => value.exact);
  if (a === null) return;
  const b = graph.find(({ exact, dtype, shape }) => exact && dtype === a.dtype && shapesEqual(shape, a.shape)) ?? a;
  const comparator = graph.random.pick(["equal", "notEqual", "less", "lessEqual", "greater", "greaterEqual"] as const);
  const condition = graph.builder.add("compare", { comparator }, [a.id, b.id]);
  graph.keep(condition, 1, true);
  const x = graph.find((value) => shapesEqual(value.shape, a.shape)) ?? a;
  const y = graph.find(({ dtype, shape }) => dtype === x.dtype && shapesEqual(shape, x.shape)) ?? x;
  graph.keep(graph.builder.add("where", {}, [condition, x.id, y.id]), Math.max(x.bound, y.bound), x.exact && y.exact);
};

const CAST: Rule = (graph) => {
  const x = graph.find(({ exact, dtype }) => exact && dtype !== "int32" && dtype !== "uint32");
  if (x === null) return;
  const dtype = graph.random.pick(["float32", "float16", "int32", "uint8", "bool"] as const);
  // Bytes reach 255; the float inputs are below 3.
  graph.keep(graph.builder.add("cast", { dtype }, [x.id]), x.dtype === "uint8" ? 255 : x.bound, true);
};

const REDUCTION: Rule = (graph) => {
  const x = graph.find(({ dtype, shape }) => dtype === "float32" && shape.length > 0);
  if (x === null) return;
  const axes = [...x.shape.keys()].filter(() => graph.random.chance(0.5));
  const count = axes.reduce((product, axis) => product * x.shape[axis], 1);
  if (count * x.bound <= BOUND_MAX) {
    graph.keep(graph.builder.add("sum", { axes }, [x.id]), count * x.bound, x.exact && count === 1);
  }
  graph.keep(graph.builder.add("max", { axes }, [x.id]), x.bound, x.exact);
  if (x.exact) {
    const axis = graph.random.integer(0, x.shape.length - 1);
    graph.keep(graph.builder.add("argmax", { axis }, [x.id]), 0, true);
  }
};

const MATMUL: Rule = (graph) => {
  const a = graph.find(({ dtype, shape }) => dtype === "float32" && shape.length >= 2);
  if (a === null) return;
  const inner = a.shape[a.shape.length - 1];
  const b =
    graph.find(
      ({ dtype, shape }) =>
        dtype === "float32" &&
        shape.length === a.shape.length &&
        shape[shape.length - 1] === inner &&
        shapesEqual(shape.slice(0, -2), a.shape.slice(0, -2)),
    ) ?? a;
  const bound = inner * a.bound * b.bound;
  if (bound <= BOUND_MAX) graph.keep(graph.builder.add("matmul", PRODUCT, [a.id, b.id]), bound, false);
};

const CONVOLUTION: Rule = (graph) => {
  const x = graph.plane();
  if (x === null || 9 * x.bound > BOUND_MAX) return;
  const values = Array.from({ length: 18 }, () => Math.fround(graph.random.float({ low: -1, high: 1 })));
  const kernel = graph.builder.add("constant", { dtype: "float32", shape: [2, 1, 3, 3], values }, []);
  const strides = [graph.random.integer(1, 2), graph.random.integer(1, 2)] as const;
  const padding = [
    [1, 1],
    [1, 0],
  ] as const;
  const attributes = { strides, padding, dilation: [1, 1], groups: 1 } as const;
  const y = graph.builder.add("convolution", attributes, [x.id, kernel]);
  graph.keep(y, 9 * x.bound, false);
  const inputSize = [x.height, x.width] as const;
  if (18 * 9 * x.bound <= BOUND_MAX) {
    const back = graph.builder.add("convolutionInputGradient", { ...attributes, inputSize }, [y, kernel]);
    graph.keep(back, 18 * 9 * x.bound, false);
  }
};

const POOL: Rule = (graph) => {
  const x = graph.plane();
  if (x === null) return;
  const none = [
    [0, 0],
    [0, 0],
  ] as const;
  const attributes = {
    window: [2, 2],
    strides: [graph.random.integer(1, 2), 1],
    padding: none,
    dilation: [1, 1],
  } as const;
  const largest = graph.builder.add("maxPool", attributes, [x.id]);
  graph.keep(largest, x.bound, x.exact);
  if (x.exact) graph.keep(largest + 1, 0, true);
};

const INDEXING: Rule = (graph) => {
  const table = graph.find(({ shape }) => shape.length > 0);
  const index = graph.find(({ dtype, exact }) => dtype === "int32" && exact);
  if (table === null || index === null) return;
  const rest = elementCount(table.shape.slice(1));
  if (elementCount(index.shape) * rest > ELEMENTS_MAX || index.shape.length + table.shape.length > 8) return;
  graph.keep(graph.builder.add("take", {}, [table.id, index.id]), table.bound, table.exact);
};

const MOVE: Rule = (graph) => {
  const x = graph.random.pick(graph.known);
  const moved = randomMove(graph.builder, graph.random, x);
  graph.keep(moved, Math.max(x.bound, 1), x.exact);
};

const JOIN: Rule = (graph) => {
  const a = graph.find(({ shape }) => shape.length > 0);
  if (a === null) return;
  const b = graph.find(({ dtype, shape }) => dtype === a.dtype && shapesEqual(shape, a.shape)) ?? a;
  const axis = graph.random.integer(0, a.shape.length - 1);
  const joined = graph.builder.add("concat", { axis }, [a.id, b.id, a.id]);
  graph.keep(joined, Math.max(a.bound, b.bound), a.exact && b.exact);
};

const RULES: readonly Rule[] = [
  UNARY,
  EXACT_UNARY,
  POSITIVE_UNARY,
  BINARY,
  BINARY,
  BINARY,
  INTEGERS,
  CHOICE,
  CAST,
  REDUCTION,
  MATMUL,
  CONVOLUTION,
  POOL,
  INDEXING,
  MOVE,
  MOVE,
  MOVE,
  JOIN,
];

/** A graph of about twenty operations; some outputs are inputs, some replace inputs. */
function randomGraphCase(seed: number): ConformanceCase {
  const graph = new RandomGraph(seed);
  const turns = graph.random.integer(6, 24);
  for (let turn = 0; turn < turns; turn += 1) graph.random.pick(RULES)(graph);
  const young = graph.known.slice(Math.min(graph.inputs.length, graph.known.length - 1));
  const outputs = graph.random.shuffled(young).slice(0, graph.random.integer(1, 5));
  if (graph.random.chance(0.2)) outputs.push(graph.random.pick(graph.known));
  const free = new Set(graph.inputs.keys());
  const replaces = outputs.map(({ dtype, shape }) => {
    const place = graph.inputs.findIndex(
      (input, i) => free.has(i) && input.dtype === dtype && shapesEqual(input.shape, shape),
    );
    if (place < 0 || graph.random.chance(0.5)) return null;
    free.delete(place);
    return place;
  });
  const options = { name: `random graph ${seed}`, inputs: graph.inputs, tolerance: "composed", replaces } as const;
  return programCase(options, graph.builder.build(outputs.map(({ id }) => id)));
}

/** Seeded random graphs. */
export function randomGraphGroups(): ConformanceGroup[] {
  return [{ name: "random graphs", cases: Array.from({ length: GRAPHS }, (_, i) => randomGraphCase(FIRST_SEED + i)) }];
}
