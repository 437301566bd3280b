import type { GraphBuilder, Shape, ValueId } from "@tributary/program";
import { type ConformanceCase, type ConformanceGroup, graphCase } from "./conformance-case.ts";
import { given, SeededRandom } from "./random.ts";

const LEARNING_RATE = 0.1;

/** A graph in the making, with the few forms that a training step is made of. */
class StepBuilder {
  readonly #builder: GraphBuilder;

  constructor(builder: GraphBuilder) {
    this.#builder = builder;
  }

  fill(shape: Shape, value: number): ValueId {
    return this.#builder.add("constant", { dtype: "float32", shape, values: [value] }, []);
  }

  reshape(x: ValueId, shape: Shape): ValueId {
    return this.#builder.add("reshape", { shape }, [x]);
  }

  broadcast(x: ValueId, shape: Shape): ValueId {
    return this.#builder.add("broadcast", { shape }, [x]);
  }

  sum(x: ValueId, axes: readonly number[]): ValueId {
    return this.#builder.add("sum", { axes }, [x]);
  }

  binary(name: "add" | "sub" | "mul", a: ValueId, b: ValueId): ValueId {
    return this.#builder.add(name, {}, [a, b]);
  }

  matmul(a: ValueId, b: ValueId, transposes: { transposeA?: boolean; transposeB?: boolean } = {}): ValueId {
    return this.#builder.add("matmul", { transposeA: false, transposeB: false, ...transposes }, [a, b]);
  }

  relu(x: ValueId): ValueId {
    return this.#builder.add("maximum", {}, [x, this.fill(this.#builder.typeOf(x).shape, 0)]);
  }

  /** dy where x > 0, else 0. */
  reluGradient(x: ValueId, dy: ValueId): ValueId {
    const zero = this.fill(this.#builder.typeOf(x).shape, 0);
    const positive = this.#builder.add("compare", { comparator: "greater" }, [x, zero]);
    return this.#builder.add("where", {}, [positive, dy, zero]);
  }

  /** Elements of the flat parameters from `offset` on, in this shape. */
  parameter(flat: ValueId, offset: number, shape: Shape): ValueId {
    const count = shape.reduce((product, dimension) => product * dimension, 1);
    const part = this.#builder.add("slice", { starts: [offset], ends: [offset + count], strides: [1] }, [flat]);
    return this.reshape(part, shape);
  }

  flat(parts: readonly ValueId[]): ValueId {
    const flattened = parts.map((part) => {
      const { shape } = this.#builder.typeOf(part);
      return this.reshape(part, [shape.reduce((product, dimension) => product * dimension, 1)]);
    });
    return this.#builder.add("concat", { axis: 0 }, flattened);
  }

  /** Parameters after a step against the gradient. */
  descend(flat: ValueId, gradient: ValueId): ValueId {
    const { shape } = this.#builder.typeOf(flat);
    return this.binary("sub", flat, this.binary("mul", gradient, this.fill(shape, LEARNING_RATE)));
  }
}

const ROWS = 33;
const FEATURES = 7;
const HIDDEN = 31;
const CLASSES = 5;

/** One step of a perceptron with one hidden layer: (parameters, x, targets) -> parameters, gradient, losses. */
export function perceptronStep(seed: number): ConformanceCase {
  const random = new SeededRandom(seed);
  const sizes = [HIDDEN * FEATURES, HIDDEN, CLASSES * HIDDEN, CLASSES];
  const offsets = sizes.map((_, i) => sizes.slice(0, i).reduce((total, size) => total + size, 0));
  const length = offsets[3] + sizes[3];
  const targets = Array.from({ length: ROWS }, () => random.integer(0, CLASSES - 1));
  const inputs = [
    random.tensor("float32", [length], { low: -0.4, high: 0.4 }),
    random.tensor("float32", [ROWS, FEATURES]),
    given("int32", [ROWS], targets),
  ];
  const options = { name: "step of a perceptron", inputs, tolerance: "norm", replaces: [0, null, null] } as const;
  return graphCase(options, (builder, [flat, x, labels]) => {
    const step = new StepBuilder(builder);
    const weight1 = step.parameter(flat, offsets[0], [HIDDEN, FEATURES]);
    const bias1 = step.broadcast(step.parameter(flat, offsets[1], [HIDDEN]), [ROWS, HIDDEN]);
    const weight2 = step.parameter(flat, offsets[2], [CLASSES, HIDDEN]);
    const bias2 = step.broadcast(step.parameter(flat, offsets[3], [CLASSES]), [ROWS, CLASSES]);
    const before = step.binary("add", step.matmul(x, weight1, { transposeB: true }), bias1);
    const hidden = step.relu(before);
    const logits = step.binary("add", step.matmul(hidden, weight2, { transposeB: true }), bias2);
    const losses = builder.add("softmaxCrossEntropy", {}, [logits, labels]);
    const weights = step.fill([ROWS], 1 / ROWS);
    const dlogits = builder.add("softmaxCrossEntropyGradient", {}, [logits, labels, weights]);
    const dbefore = step.reluGradient(before, step.matmul(dlogits, weight2));
    const gradient = step.flat([
      step.matmul(dbefore, x, { transposeA: true }),
      step.sum(dbefore, [0]),
      step.matmul(dlogits, hidden, { transposeA: true }),
      step.sum(dlogits, [0]),
    ]);
    return [step.descend(flat, gradient), gradient, losses];
  });
}

const SIDE = 12;
const POOLED = SIDE / 2;
const CHANNELS = 5;
const IMAGES = 3;
const KERNEL = [CHANNELS, 1, 3, 3] as const;
const FLAT = CHANNELS * POOLED * POOLED;

/** One step of a network of a convolution, a pool and a linear layer on bytes: (parameters, images, targets) -> parameters, gradient, losses. */
function convolutionStep(seed: number): ConformanceCase {
  const random = new SeededRandom(seed);
  const kernelLength = CHANNELS * 9;
  const length = kernelLength + CHANNELS + CLASSES * FLAT;
  const inputs = [
    random.tensor("float32", [length], { low: -0.2, high: 0.2 }),
    random.tensor("uint8", [IMAGES, 1, SIDE, SIDE]),
    given("int32", [IMAGES], [4, 0, 2]),
  ];
  const options = {
    name: "step of a convolutional network",
    inputs,
    tolerance: "norm",
    replaces: [0, null, null],
  } as const;
  return graphCase(options, (builder, [flat, images, labels]) => {
    const step = new StepBuilder(builder);
    const same = {
      strides: [1, 1],
      padding: [
        [1, 1],
        [1, 1],
      ],
      dilation: [1, 1],
      groups: 1,
    } as const;
    const wide = [IMAGES, CHANNELS, SIDE, SIDE];
    const small = [IMAGES, CHANNELS, POOLED, POOLED];
    const x = step.binary(
      "mul",
      builder.add("cast", { dtype: "float32" }, [images]),
      step.fill([IMAGES, 1, SIDE, SIDE], 1 / 255),
    );
    const kernel = step.parameter(flat, 0, KERNEL);
    const bias = step.broadcast(step.parameter(flat, kernelLength, [CHANNELS, 1, 1]), wide);
    const weight = step.parameter(flat, kernelLength + CHANNELS, [CLASSES, FLAT]);
    const before = step.binary("add", builder.add("convolution", same, [x, kernel]), bias);
    const active = step.relu(before);
    const none = [
      [0, 0],
      [0, 0],
    ] as const;
    const pooled = builder.add("maxPool", { window: [2, 2], strides: [2, 2], padding: none, dilation: [1, 1] }, [
      active,
    ]);
    const features = step.reshape(pooled, [IMAGES, FLAT]);
    const logits = step.matmul(features, weight, { transposeB: true });
    const losses = builder.add("softmaxCrossEntropy", {}, [logits, labels]);
    const dlogits = builder.add("softmaxCrossEntropyGradient", {}, [logits, labels, step.fill([IMAGES], 1)]);
    const dpooled = step.reshape(step.matmul(dlogits, weight), [IMAGES, CHANNELS, POOLED * POOLED]);
    const places = builder.add("reshape", { shape: [IMAGES, CHANNELS, POOLED * POOLED] }, [pooled + 1]);
    const dactive = builder.add("scatterAdd", { length: SIDE * SIDE }, [dpooled, places]);
    const dbefore = step.reluGradient(active, step.reshape(dactive, wide));
    const gradient = step.flat([
      builder.add("convolutionWeightGradient", { ...same, kernelSize: [3, 3] }, [x, dbefore]),
      step.sum(dbefore, [0, 2, 3]),
      step.matmul(dlogits, features, { transposeA: true }),
    ]);
    const dx = builder.add("convolutionInputGradient", { ...same, inputSize: [SIDE, SIDE] }, [dbefore, kernel]);
    return [step.descend(flat, gradient), gradient, losses, dx, step.reshape(pooled, small)];
  });
}

/** Whole steps of training, written without automatic differentiation. */
export function trainingGroups(): ConformanceGroup[] {
  const seeds = [81, 82, 83];
  return [
    { name: "steps of a perceptron", cases: seeds.map(perceptronStep) },
    { name: "steps of a convolutional network", cases: seeds.map(convolutionStep) },
  ];
}
