import { arange, grad, type Tensor, tensor } from "@tributary/autograd";
import { describe, expect, it } from "vitest";
import { bindModel } from "../binding.ts";
import type { Module } from "../module.ts";
import { expectNear } from "../testing/expect-near.ts";
import { GELU, ReLU, Sigmoid, Tanh } from "./activations.ts";
import { Conv2d } from "./conv2d.ts";
import { Flatten } from "./flatten.ts";
import { Linear } from "./linear.ts";
import { MaxPool2d } from "./max-pool2d.ts";

function run(model: Module, tensors: Record<string, Tensor>, x: Tensor): Tensor {
  return bindModel(model, { tensors, training: false }, () => model.forward(x)).result;
}

/** (i step mod modulus - shift) / 4: exact numbers that PyTorch got too. */
function pattern(shape: readonly number[], step: number, modulus: number, shift: number): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  const elements = Array.from({ length: count }, (_, index) => (((index * step) % modulus) - shift) / 4);
  return tensor(elements, { shape });
}

describe("Linear", () => {
  const weight = tensor([
    [0.1, -0.2, 0.3],
    [0.4, 0.5, -0.6],
  ]);
  const bias = tensor([0.01, -0.02]);
  const x = tensor([
    [1, 2, 3],
    [-1, 0.5, 2],
  ]);
  it("has PyTorch's output and derivatives", async () => {
    const y = run(new Linear(3, 2), { weight, bias }, x);
    await expectNear(y, [0.61, -0.42, 0.41, -1.37]);
    const [dx, dWeight, dBias] = grad(y.square().sum(), [x, weight, bias]);
    await expectNear(dx, [-0.214, -0.664, 0.87, -1.014, -1.534, 1.89]);
    await expectNear(dWeight, [0.4, 2.85, 5.3, 1.9, -3.05, -8]);
    await expectNear(dBias, [2.04, -3.58]);
  });
  it("says which features it takes", () => {
    expect(() => run(new Linear(4, 2, { bias: false }), { weight: arange(8, "float32").reshape([2, 4]) }, x)).toThrow(
      /takes \[\.\.\., 4\], but got \[2, 3\]/,
    );
    expect(() => new Linear(0, 2)).toThrow(/inFeatures is 0/);
  });
});

describe("Conv2d", () => {
  const layer = new Conv2d(2, 2, 3, { stride: 2, padding: [1, 2], dilation: [2, 1], groups: 2 });
  it("has PyTorch's output and derivatives, with stride, padding, dilation and groups", async () => {
    const x = pattern([1, 2, 5, 4], 3, 11, 5);
    const weight = pattern([2, 1, 3, 3], 1, 7, 3);
    const bias = tensor([0.5, -0.25]);
    const y = run(layer, { weight, bias }, x);
    expect(y.shape).toEqual([1, 2, 2, 3]);
    await expectNear(y, [0.25, -0.375, 2.3125, 0.5, 1.8125, -0.75, -0.4375, 1.3125, -0.75, -0.75, -0.75, -0.0625]);
    const [dx, dWeight, dBias] = grad(y.square().sum(), [x, weight, bias]);
    await expectNear(
      dx,
      [
        0, 0, 0, 0, -2.71875, -2, -0.15625, 1.90625, 0, 0, 0, 0, -0.3125, 1.46875, 5.65625, -3.84375, 0, 0, 0, 0, 0, 0,
        0, 0, 1.96875, 1.96875, -3.0625, -1.125, 0, 0, 0, 0, -0.9375, -1.78125, 1.8125, 0.28125, 0, 0, 0, 0,
      ],
    );
    await expectNear(
      dWeight,
      [
        -4.375, -2.78125, 0.8125, -0.25, 8.375, 2.25, 5, -4.8125, -1, -0.25, -1.46875, 1.125, 1.09375, 4.84375,
        -3.21875, 2.71875, -3.65625, -1.96875,
      ],
    );
    await expectNear(dBias, [7.5, -2.875]);
  });
  it("padding same keeps the size", () => {
    const same = new Conv2d(1, 1, [4, 3], { padding: "same", bias: false });
    expect(run(same, { weight: pattern([1, 1, 4, 3], 1, 5, 2) }, pattern([2, 1, 7, 6], 1, 5, 2)).shape).toEqual([
      2, 1, 7, 6,
    ]);
  });
  it("says what it takes", () => {
    expect(() => new Conv2d(3, 4, 3, { groups: 2 })).toThrow(/groups is 2, but must be a divisor of 3 and of 4/);
    const weight = pattern([2, 1, 3, 3], 1, 7, 3);
    expect(() => run(layer, { weight, bias: tensor([0, 0]) }, pattern([1, 3, 5, 4], 1, 5, 2))).toThrow(
      /takes \[samples, 2, height, width\], but got \[1, 3, 5, 4\]/,
    );
  });
});

describe("layers without parameters", () => {
  const x = tensor([[-1, 0, 2]]);
  it("have PyTorch's values", async () => {
    await expectNear(run(new ReLU(), {}, x), [0, 0, 2]);
    await expectNear(run(new Tanh(), {}, x), [-0.7615942, 0, 0.9640276]);
    await expectNear(run(new Sigmoid(), {}, x), [0.2689414, 0.5, 0.8807971]);
    await expectNear(run(new GELU(), {}, x), [-0.1586553, 0, 1.9544997]);
  });
  it("MaxPool2d goes on by its window, Flatten keeps the sample", async () => {
    const image = arange(16, "float32").reshape([1, 1, 4, 4]);
    await expectNear(run(new MaxPool2d(2), {}, image), [5, 7, 13, 15]);
    expect(run(new MaxPool2d(3, { stride: 2, padding: 1 }), {}, image).shape).toEqual([1, 1, 2, 2]);
    expect(run(new Flatten(), {}, image).shape).toEqual([1, 16]);
  });
});
