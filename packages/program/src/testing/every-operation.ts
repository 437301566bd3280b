import { createProgram } from "../create-program.ts";
import type { DType, TensorType } from "../dtype.ts";
import type { Graph } from "../graph.ts";
import { GraphBuilder } from "../graph-builder.ts";
import { BINARY_OPERATIONS, UNARY_OPERATIONS } from "../operations.ts";
import type { Program } from "../program.ts";

function type(dtype: DType, ...shape: number[]): TensorType {
  return { dtype, shape };
}

/** carry [2] + each slice [2] times a weight [2]; stacks the sums. */
export function runningSum(): Graph {
  const builder = new GraphBuilder();
  const [carry, slice, weight] = [0, 1, 2].map(() => builder.input(type("float32", 2)));
  const next = builder.add("add", {}, [carry ?? -1, builder.add("mul", {}, [slice ?? -1, weight ?? -1])]);
  return builder.build([next, builder.add("sum", { axes: [0] }, [next])]);
}

const WINDOWS = {
  strides: [2, 1],
  padding: [
    [1, 0],
    [1, 1],
  ],
  dilation: [1, 1],
} as const;

function addArithmetic(builder: GraphBuilder, x: number): number[] {
  const half = builder.add("cast", { dtype: "float16" }, [x]);
  const less = builder.add("compare", { comparator: "lessEqual" }, [x, x]);
  return [
    ...UNARY_OPERATIONS.map((name) => builder.add(name, {}, [x])),
    ...BINARY_OPERATIONS.map((name) => builder.add(name, {}, [x, x])),
    builder.add("where", {}, [less, half, half]),
    builder.add("sum", { axes: [0, 1] }, [x]),
    builder.add("max", { axes: [1] }, [x]),
    builder.add("argmax", { axis: 0 }, [x]),
    builder.add("softmax", {}, [x]),
    builder.add("logSoftmax", {}, [x]),
  ];
}

function addMovements(builder: GraphBuilder, x: number): number[] {
  return [
    builder.add("reshape", { shape: [6] }, [x]),
    builder.add("permute", { permutation: [1, 0] }, [x]),
    builder.add("broadcast", { shape: [300, 2, 3] }, [x]),
    builder.add("slice", { starts: [0, 1], ends: [2, 3], strides: [1, 2] }, [x]),
    builder.add("pad", { low: [1, 0], high: [0, 2], interior: [0, 1], value: Number.NEGATIVE_INFINITY }, [x]),
    builder.add("concat", { axis: 1 }, [x, x]),
    builder.add("flip", { axes: [1] }, [x]),
  ];
}

function addContractions(builder: GraphBuilder, x: number, image: number, kernel: number): number[] {
  const attributes = { ...WINDOWS, groups: 2 };
  const y = builder.add("convolution", attributes, [image, kernel]);
  return [
    y,
    builder.add("matmul", { transposeA: false, transposeB: true }, [x, x]),
    builder.add("convolutionInputGradient", { ...attributes, inputSize: [6, 6] }, [y, kernel]),
    builder.add("convolutionWeightGradient", { ...attributes, kernelSize: [3, 3] }, [image, y]),
    builder.add("maxPool", { ...WINDOWS, window: [2, 3] }, [image]),
  ];
}

function addIndexing(builder: GraphBuilder, x: number, targets: number): number[] {
  const column = builder.add("reshape", { shape: [2, 1] }, [targets]);
  const losses = builder.add("softmaxCrossEntropy", {}, [x, targets]);
  return [
    builder.add("scatterAdd", { length: 5 }, [builder.add("gather", {}, [x, column]), column]),
    builder.add("scatterAddRows", { rows: 7 }, [builder.add("take", {}, [x, targets]), targets]),
    builder.add("softmaxCrossEntropyGradient", {}, [x, targets, losses]),
  ];
}

/** A program with every operation of the vocabulary at least once; for tests. */
export function everyOperation(): Program {
  const builder = new GraphBuilder();
  const x = builder.input(type("float32", 2, 3));
  const image = builder.input(type("float32", 2, 4, 6, 6));
  const kernel = builder.input(type("float32", 6, 2, 3, 3));
  const targets = builder.input(type("int32", 2));
  const key = builder.input(type("uint32", 2));
  const sums = builder.input(type("float32", 2));
  const series = builder.input(type("float32", 5, 2));
  const counter = builder.add("iota", { dtype: "uint32", shape: [2, 200], axis: 1 }, []);
  const scan = { length: 5, carries: 1, sliced: 1, reverse: true, body: runningSum() };
  const outputs = [
    ...addArithmetic(builder, x),
    ...addMovements(builder, x),
    ...addContractions(builder, x, image, kernel),
    ...addIndexing(builder, x, targets),
    builder.add("threefry", {}, [key, counter, counter]),
    builder.add("constant", { dtype: "float32", shape: [2], values: [0.1, Number.NaN] }, []),
    builder.add("constant", { dtype: "float32", shape: [], values: [-0] }, []),
    builder.add("scan", scan, [sums, series, sums]),
  ];
  const last = outputs.length - 1;
  return createProgram({
    name: "everyOperation",
    graph: builder.build(outputs),
    inputs: ["x", "image", "kernel", "targets", "key", "sums", "series"],
    outputs: outputs.map((_, place) =>
      place === last ? { name: "sums", replaces: "sums" } : { name: `output${place}` },
    ),
  });
}
