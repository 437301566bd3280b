import { concat, stack, type Tensor } from "@tributary/autograd";
import type { SeededRandom } from "../simulation/seeded-random.ts";
import { type CaseInput, type Draw, distinct, indices, input, shapeOf } from "./case.ts";
import type { Tensorflow, TensorflowTensor } from "./tensorflow.ts";

function one(x: CaseInput, sums: boolean, ours: (x: Tensor) => Tensor, theirs: Theirs) {
  return {
    inputs: [x],
    differentiated: 1,
    ours: ([given]: readonly Tensor[]) => ours(given),
    theirs: (tf: Tensorflow, [given]: readonly TensorflowTensor[]) => theirs(tf, given),
    sums,
  };
}

type Theirs = (tf: Tensorflow, x: TensorflowTensor) => TensorflowTensor;

function shuffled(random: SeededRandom, count: number): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i -= 1) {
    const other = random.integer(0, i);
    [order[i], order[other]] = [order[other], order[i]];
  }
  return order;
}

/** A reduction over some of the dimensions. */
function reduction(kind: "sum" | "mean" | "max" | "min"): Draw {
  return (random) => {
    const shape = shapeOf(random);
    const axes = shuffled(random, shape.length)
      .slice(0, random.integer(1, shape.length))
      .sort((a, b) => a - b);
    const keepdim = random.chance(0.5);
    const isSum = kind === "sum" || kind === "mean";
    return one(
      isSum ? input(random, shape) : distinct(random, shape),
      isSum,
      (x) => x[kind === "max" ? "amax" : kind === "min" ? "amin" : kind](axes, { keepdim }),
      (tf, x) => tf[kind](x, axes, keepdim),
    );
  };
}

function normalised(kind: "softmax" | "logSoftmax"): Draw {
  return (random) =>
    one(
      input(random, shapeOf(random)),
      false,
      (x) => x[kind](-1),
      (tf, x) => tf[kind](x),
    );
}

const reshaped: Draw = (random) => {
  const shape = shapeOf(random, 2);
  const [first, second, ...rest] = shape;
  const target = [first * second, ...rest];
  return one(
    input(random, shape),
    false,
    (x) => x.reshape(target),
    (tf, x) => tf.reshape(x, target),
  );
};

const permuted: Draw = (random) => {
  const shape = shapeOf(random);
  const order = shuffled(random, shape.length);
  return one(
    input(random, shape),
    false,
    (x) => x.permute(order),
    (tf, x) => tf.transpose(x, order),
  );
};

const broadcast: Draw = (random) => {
  const target = shapeOf(random, 2);
  const shape = target.map((size) => (random.chance(0.5) ? 1 : size));
  return one(
    input(random, shape),
    true,
    (x) => x.expand(target),
    (tf, x) => tf.broadcastTo(x, target),
  );
};

const tiled: Draw = (random) => {
  const shape = shapeOf(random, 1, 3);
  const times = random.integer(2, 3);
  return one(
    input(random, shape),
    true,
    (x) =>
      concat(
        Array.from({ length: times }, () => x),
        0,
      ),
    (tf, x) => tf.tile(x, [times, ...shape.slice(1).map(() => 1)]),
  );
};

const sliced: Draw = (random) => {
  const shape = shapeOf(random);
  const starts = shape.map((size) => random.integer(0, size - 1));
  const lengths = shape.map((size, axis) => random.integer(1, size - starts[axis]));
  return one(
    input(random, shape),
    false,
    (x) => starts.reduce((part, start, axis) => part.narrow(axis, start, lengths[axis]), x),
    (tf, x) => tf.slice(x, starts, lengths),
  );
};

const padded: Draw = (random) => {
  const shape = shapeOf(random);
  const sides = shape.map(() => [random.integer(0, 2), random.integer(0, 2)]);
  return one(
    input(random, shape),
    false,
    (x) => x.pad(sides.toReversed().flat(), 0.5),
    (tf, x) => tf.pad(x, sides, 0.5),
  );
};

const reversed: Draw = (random) => {
  const shape = shapeOf(random);
  const axes = shape.flatMap((_, axis) => (random.chance(0.5) ? [axis] : []));
  return one(
    input(random, shape),
    false,
    (x) => x.flip(axes),
    (tf, x) => tf.reverse(x, axes),
  );
};

const joined: Draw = (random) => {
  const shape = shapeOf(random);
  const axis = random.integer(0, shape.length - 1);
  const other = shape.map((size, place) => (place === axis ? random.integer(1, 5) : size));
  return {
    inputs: [input(random, shape), input(random, other)],
    differentiated: 2,
    ours: ([a, b]) => concat([a, b], axis),
    theirs: (tf, [a, b]) => tf.concat([a, b], axis),
    sums: false,
  };
};

const stacked: Draw = (random) => {
  const shape = shapeOf(random, 1, 3);
  const axis = random.integer(0, shape.length);
  return {
    inputs: [input(random, shape), input(random, shape)],
    differentiated: 2,
    ours: ([a, b]) => stack([a, b], axis),
    theirs: (tf, [a, b]) => tf.stack([a, b], axis),
    sums: false,
  };
};

const taken: Draw = (random) => {
  const [rows, width] = [random.integer(1, 9), random.integer(1, 7)];
  return {
    inputs: [input(random, [rows, width]), indices(random, shapeOf(random, 1, 2), rows)],
    differentiated: 1,
    ours: ([table, index]) => table.take(index),
    theirs: (tf, [table, index]) => tf.gather(table, index),
    sums: true,
  };
};

/** Reductions, and operations that move elements. */
export const SHAPES: Readonly<Record<string, Draw>> = {
  sum: reduction("sum"),
  mean: reduction("mean"),
  max: reduction("max"),
  min: reduction("min"),
  softmax: normalised("softmax"),
  logSoftmax: normalised("logSoftmax"),
  reshape: reshaped,
  permute: permuted,
  expand: broadcast,
  tile: tiled,
  slice: sliced,
  pad: padded,
  flip: reversed,
  concat: joined,
  stack: stacked,
  take: taken,
};
