import { type Tensor, tensor, where } from "@tributary/autograd";
import { bindModel, ELU, LeakyReLU, type Module, PReLU, ReLU6, SELU, Softplus } from "@tributary/nn";
import { type Draw, indices, input, type Limits, shapeOf } from "./case.ts";
import type { Tensorflow, TensorflowTensor } from "./tensorflow.ts";

function unary(
  ours: (x: Tensor) => Tensor,
  theirs: (tf: Tensorflow, x: TensorflowTensor) => TensorflowTensor,
  limits: Limits = {},
): Draw {
  return (random) => ({
    inputs: [input(random, shapeOf(random), limits)],
    differentiated: 1,
    ours: ([x]) => ours(x),
    theirs: (tf, [x]) => theirs(tf, x),
    sums: false,
  });
}

function layer(make: () => Module): (x: Tensor) => Tensor {
  return (x) => {
    const module = make();
    return bindModel(module, { tensors: {}, training: false }, () => module.forward(x)).result;
  };
}

/** Two inputs; with `broadcast` some dimensions of the second are 1 or left out. */
function binary(
  ours: (a: Tensor, b: Tensor) => Tensor,
  theirs: (tf: Tensorflow, a: TensorflowTensor, b: TensorflowTensor) => TensorflowTensor,
  options: { readonly broadcast?: boolean; readonly first?: Limits; readonly second?: Limits } = {},
): Draw {
  return (random) => {
    const shape = shapeOf(random);
    const narrow = shape.map((size) => (options.broadcast === true && random.chance(0.4) ? 1 : size));
    const other = options.broadcast === true ? narrow.slice(random.integer(0, shape.length - 1)) : shape;
    return {
      inputs: [input(random, shape, options.first), input(random, other, options.second)],
      differentiated: 2,
      ours: ([a, b]) => ours(a, b),
      theirs: (tf, [a, b]) => theirs(tf, a, b),
      sums: options.broadcast === true,
    };
  };
}

const AWAY_FROM_ZERO: Limits = { gap: 0.05 };
const POSITIVE: Limits = { low: 0.1, high: 3 };

function prelu(slope: number): Draw {
  return unary(
    (x) => {
      const module = new PReLU();
      return bindModel(module, { tensors: { weight: tensor([slope]) }, training: false }, () => module.forward(x))
        .result;
    },
    (tf, x) => tf.prelu(x, tf.tensor([slope])),
    AWAY_FROM_ZERO,
  );
}

/** One of two inputs at each place, by a mask that is given. */
const chosen: Draw = (random) => {
  const shape = shapeOf(random);
  return {
    inputs: [input(random, shape), input(random, shape), indices(random, shape, 2)],
    differentiated: 2,
    ours: ([a, b, mask]) => where(mask.to("bool"), a, b),
    theirs: (tf, [a, b, mask]) => tf.where(tf.cast(mask, "bool"), a, b),
    sums: false,
  };
};

/** Functions of each element, and of two. */
export const ELEMENTWISE: Readonly<Record<string, Draw>> = {
  neg: unary(
    (x) => x.neg(),
    (tf, x) => tf.neg(x),
  ),
  exp: unary(
    (x) => x.exp(),
    (tf, x) => tf.exp(x),
  ),
  log: unary(
    (x) => x.log(),
    (tf, x) => tf.log(x),
    POSITIVE,
  ),
  sqrt: unary(
    (x) => x.sqrt(),
    (tf, x) => tf.sqrt(x),
    POSITIVE,
  ),
  square: unary(
    (x) => x.square(),
    (tf, x) => tf.square(x),
  ),
  reciprocal: unary(
    (x) => tensor(1).div(x),
    (tf, x) => tf.reciprocal(x),
    { gap: 0.2 },
  ),
  tanh: unary(
    (x) => x.tanh(),
    (tf, x) => tf.tanh(x),
  ),
  erf: unary(
    (x) => x.erf(),
    (tf, x) => tf.erf(x),
  ),
  sin: unary(
    (x) => x.sin(),
    (tf, x) => tf.sin(x),
  ),
  cos: unary(
    (x) => x.cos(),
    (tf, x) => tf.cos(x),
  ),
  abs: unary(
    (x) => x.abs(),
    (tf, x) => tf.abs(x),
    AWAY_FROM_ZERO,
  ),
  floor: unary(
    (x) => x.floor(),
    (tf, x) => tf.floor(x),
  ),
  sigmoid: unary(
    (x) => x.sigmoid(),
    (tf, x) => tf.sigmoid(x),
    { low: -8, high: 8 },
  ),
  relu: unary(
    (x) => x.relu(),
    (tf, x) => tf.relu(x),
    AWAY_FROM_ZERO,
  ),
  relu6: unary(
    layer(() => new ReLU6()),
    (tf, x) => tf.relu6(x),
    { low: -3, high: 9, gap: 0.05 },
  ),
  elu: unary(
    layer(() => new ELU()),
    (tf, x) => tf.elu(x),
    AWAY_FROM_ZERO,
  ),
  selu: unary(
    layer(() => new SELU()),
    (tf, x) => tf.selu(x),
    AWAY_FROM_ZERO,
  ),
  leakyRelu: unary(
    layer(() => new LeakyReLU(0.2)),
    (tf, x) => tf.leakyRelu(x, 0.2),
    AWAY_FROM_ZERO,
  ),
  prelu: prelu(0.3),
  softplus: unary(
    layer(() => new Softplus()),
    (tf, x) => tf.softplus(x),
    { low: -8, high: 8 },
  ),
  clamp: unary(
    (x) => x.clamp({ min: -1.03, max: 0.71 }),
    (tf, x) => tf.clipByValue(x, -1.03, 0.71),
  ),
  add: binary(
    (a, b) => a.add(b),
    (tf, a, b) => tf.add(a, b),
    { broadcast: true },
  ),
  sub: binary(
    (a, b) => a.sub(b),
    (tf, a, b) => tf.sub(a, b),
    { broadcast: true },
  ),
  mul: binary(
    (a, b) => a.mul(b),
    (tf, a, b) => tf.mul(a, b),
    { broadcast: true },
  ),
  div: binary(
    (a, b) => a.div(b),
    (tf, a, b) => tf.div(a, b),
    { second: { gap: 0.2 } },
  ),
  pow: binary(
    (a, b) => a.pow(b),
    (tf, a, b) => tf.pow(a, b),
    { first: POSITIVE },
  ),
  maximum: binary(
    (a, b) => a.maximum(b),
    (tf, a, b) => tf.maximum(a, b),
  ),
  minimum: binary(
    (a, b) => a.minimum(b),
    (tf, a, b) => tf.minimum(a, b),
  ),
  where: chosen,
};
