import { convTranspose2d, type Tensor } from "@tributary/autograd";
import { AvgPool2d, bindModel, type Module } from "@tributary/nn";
import type { SeededRandom } from "../simulation/seeded-random.ts";
import { type Draw, distinct, input } from "./case.ts";
import type { Tensorflow, TensorflowTensor } from "./tensorflow.ts";

const TO_CHANNELS_LAST = [0, 2, 3, 1];
const TO_CHANNELS_FIRST = [0, 3, 1, 2];
/** [out, in, height, width] -> [height, width, in, out]. */
const TO_KERNEL_LAST = [2, 3, 1, 0];

/** What TensorFlow.js makes of images whose channels come last, for images whose channels come first. */
function channelsLast(
  tf: Tensorflow,
  x: TensorflowTensor,
  operation: (x: TensorflowTensor) => TensorflowTensor,
): TensorflowTensor {
  return tf.transpose(operation(tf.transpose(x, TO_CHANNELS_LAST)), TO_CHANNELS_FIRST);
}

const product: Draw = (random) => {
  const batch = random.chance(0.5) ? [] : [random.pick([1, 2, 3])];
  const [m, k, n] = [random.integer(1, 9), random.integer(1, 17), random.integer(1, 9)];
  const [transposeA, transposeB] = [random.chance(0.5), random.chance(0.5)];
  const turned = (x: Tensor, transpose: boolean) => (transpose ? x.transpose(-2, -1) : x);
  return {
    inputs: [
      input(random, [...batch, ...(transposeA ? [k, m] : [m, k])]),
      input(random, [...batch, ...(transposeB ? [n, k] : [k, n])]),
    ],
    differentiated: 2,
    ours: ([a, b]) => turned(a, transposeA).matmul(turned(b, transposeB)),
    theirs: (tf, [a, b]) => tf.matMul(a, b, transposeA, transposeB),
    sums: true,
  };
};

interface Geometry {
  readonly samples: number;
  readonly channels: number;
  readonly outputs: number;
  readonly size: readonly [number, number];
  readonly kernel: readonly [number, number];
  readonly stride: number;
}

function geometry(random: SeededRandom): Geometry {
  return {
    samples: random.integer(1, 3),
    channels: random.integer(1, 4),
    outputs: random.integer(1, 5),
    size: [random.integer(4, 8), random.integer(4, 8)],
    kernel: [random.integer(1, 4), random.integer(1, 4)],
    stride: random.integer(1, 2),
  };
}

const convolution: Draw = (random) => {
  const { samples, channels, outputs, size, kernel, stride } = geometry(random);
  const padding = random.pick([0, 1]);
  const same = stride === 1 && random.chance(0.3);
  // A single number would be taken with the kernel's height for both axes.
  const sides = [
    [0, 0],
    [padding, padding],
    [padding, padding],
    [0, 0],
  ];
  return {
    inputs: [input(random, [samples, channels, ...size]), input(random, [outputs, channels, ...kernel])],
    differentiated: 2,
    ours: ([x, w]) => x.conv2d(w, { stride, padding: same ? "same" : padding }),
    theirs: (tf, [x, w]) =>
      channelsLast(tf, x, (images) =>
        tf.conv2d(images, tf.transpose(w, TO_KERNEL_LAST), stride, same ? "same" : sides, "NHWC", 1, "floor"),
      ),
    sums: true,
  };
};

const depthwise: Draw = (random) => {
  const { samples, channels, size, kernel, stride } = geometry(random);
  const multiplier = random.integer(1, 2);
  return {
    inputs: [input(random, [samples, channels, ...size]), input(random, [channels * multiplier, 1, ...kernel])],
    differentiated: 2,
    ours: ([x, w]) => x.conv2d(w, { stride, groups: channels }),
    theirs: (tf, [x, w]) => {
      // [channels multiplier, 1, height, width] -> [height, width, channels, multiplier].
      const split = tf.reshape(w, [channels, multiplier, ...kernel]);
      const filter = tf.transpose(split, [2, 3, 0, 1]);
      return channelsLast(tf, x, (images) => tf.depthwiseConv2d(images, filter, stride, "valid"));
    },
    sums: true,
  };
};

const transposed: Draw = (random) => {
  const { samples, channels, outputs, size, kernel, stride } = geometry(random);
  const [height, width] = size.map((each, axis) => (each - 1) * stride + kernel[axis]);
  return {
    inputs: [input(random, [samples, channels, ...size]), input(random, [channels, outputs, ...kernel])],
    differentiated: 2,
    ours: ([x, w]) => convTranspose2d(x, w, { stride }),
    theirs: (tf, [x, w]) =>
      channelsLast(tf, x, (images) =>
        tf.conv2dTranspose(images, tf.transpose(w, TO_KERNEL_LAST), [samples, height, width, outputs], stride, "valid"),
      ),
    sums: true,
  };
};

function pool(
  theirs: "maxPool" | "avgPool",
  ours: (window: readonly [number, number], stride: number) => (x: Tensor) => Tensor,
): Draw {
  return (random) => {
    const { samples, channels, size, kernel, stride } = geometry(random);
    const shape = [samples, channels, ...size];
    return {
      inputs: [theirs === "maxPool" ? distinct(random, shape) : input(random, shape)],
      differentiated: 1,
      ours: ([x]) => ours(kernel, stride)(x),
      theirs: (tf, [x]) => channelsLast(tf, x, (images) => tf[theirs](images, kernel, stride, "valid")),
      sums: true,
    };
  };
}

function applied(module: Module): (x: Tensor) => Tensor {
  return (x) => bindModel(module, { tensors: {}, training: false }, () => module.forward(x)).result;
}

/** Products, convolutions and pools. */
export const PRODUCTS: Readonly<Record<string, Draw>> = {
  matmul: product,
  conv2d: convolution,
  "depthwise conv2d": depthwise,
  "conv transpose2d": transposed,
  maxPool2d: pool("maxPool", (window, stride) => (x) => x.maxPool2d(window, { stride })),
  avgPool2d: pool("avgPool", (window, stride) => applied(new AvgPool2d(window, { stride }))),
};
