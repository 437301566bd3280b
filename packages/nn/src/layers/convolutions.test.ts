import { describe, expect, it } from "vitest";
import { pattern } from "../testing/patterns.ts";
import { ConvTranspose2d } from "./conv-transpose2d.ts";
import { Conv1d } from "./conv1d.ts";
import { Conv2d } from "./conv2d.ts";
import { DepthwiseConv2d, SeparableConv2d } from "./separable-conv2d.ts";
import { expectLayer, outputOf } from "./testing/layer-check.ts";

// Expected numbers: PyTorch 1.13, float64, on the same patterns.

describe("Conv1d", () => {
  it("has stride, padding, dilation and groups", async () => {
    await expectLayer(
      new Conv1d(2, 4, 3, { stride: 2, padding: 1, dilation: 2, groups: 2 }),
      {
        x: pattern([1, 2, 7], 3, 11, 5),
        tensors: { weight: pattern([4, 1, 3], 1, 7, 3), bias: pattern([4], 2, 5, 1) },
      },
      [1, 4, 3],
      {
        y: [-0.25, -0.3125, -0.875, 0.625, 0.375, 0.1875, 0.9375, -0.125, 1.6875, 0.1875, 0.0625, -0.1875],
        x: [0, 0.6875, 0, -0.6875, 0, 0.0625, 0, 0, 0.625, 0, -1.0625, 0, 0.875, 0],
        weight: [1.125, 0.25, -1.4375, 1.375, 0.375, -1.0625, -1.5, 1.5625, -0.75, -1.5, 1.3125, -0.625],
        bias: [-0.75, 0.75, -1, 0.5],
      },
    );
  });
  it("keeps the length with padding same, whose odd zero is at the end", async () => {
    await expectLayer(
      new Conv1d(2, 1, 4, { padding: "same", bias: false }),
      { x: pattern([1, 2, 5], 3, 11, 5), tensors: { weight: pattern([1, 2, 4], 1, 7, 3) } },
      [1, 1, 5],
      {
        y: [0.0625, 2.8125, 0.1875, -0.5, -0.4375],
        x: [0.9375, -0.25, 0.3125, 0.0625, 0.125, -0.8125, -1, 1.1875, 0.5, -1.375],
        weight: [-0.1875, 1, 2.6875, -1.625, -0.875, 2.25, -1.8125, -1.6875],
      },
    );
  });
  it("says what it takes", () => {
    expect(() => new Conv1d(3, 4, 3, { groups: 2 })).toThrow(
      /Conv1d: groups is 2, but must be a divisor of 3 and of 4/,
    );
    expect(() =>
      outputOf(new Conv1d(2, 1, 3), {
        x: pattern([1, 3, 5], 1, 5, 2),
        tensors: { weight: pattern([1, 2, 3], 1, 5, 2), bias: pattern([1], 1, 5, 2) },
      }),
    ).toThrow(/takes \[samples, 2, length\], but got \[1, 3, 5\]/);
  });
});

describe("Conv2d", () => {
  it("puts the odd zeros of padding same to the bottom and right", async () => {
    await expectLayer(
      new Conv2d(1, 1, [4, 2], { padding: "same", dilation: [1, 2], bias: false }),
      { x: pattern([1, 1, 4, 3], 3, 11, 5), tensors: { weight: pattern([1, 1, 4, 2], 1, 7, 3) } },
      [1, 1, 4, 3],
      {
        y: [-1.4375, 1.375, 0.8125, 0.3125, 1.25, 1.5, 0.875, -1.375, 0.625, -0.625, 0, -1.125],
        x: [-0.125, -0.875, -0.125, -0.6875, 0.3125, -0.5, -1.25, 2.625, -0.3125, 0.0625, 1.5, 0.1875],
        weight: [0.625, -0.0625, -3.1875, -1.125, -0.1875, -1.1875, 2.25, -2.75],
      },
    );
  });
  it("has no zeros around with padding valid", async () => {
    await expectLayer(
      new Conv2d(1, 1, 2, { padding: "valid", bias: false }),
      { x: pattern([1, 1, 3, 3], 3, 11, 5), tensors: { weight: pattern([1, 1, 2, 2], 1, 7, 3) } },
      [1, 1, 2, 2],
      {
        y: [0.9375, 0.5, -0.375, 0.5625],
        x: [1.125, 0.9375, 0.125, -0.375, 0.3125, 0.5, -0.25, 0.25, 0],
        weight: [4, -0.0625, -2, 3.5625],
      },
    );
  });
});

describe("ConvTranspose2d", () => {
  it("has stride, padding, output padding, dilation and groups", async () => {
    await expectLayer(
      new ConvTranspose2d(2, 2, [3, 2], {
        stride: [2, 3],
        padding: [1, 0],
        outputPadding: [1, 0],
        dilation: [1, 2],
        groups: 2,
      }),
      {
        x: pattern([1, 2, 2, 2], 3, 11, 5),
        tensors: { weight: pattern([2, 1, 3, 2], 1, 7, 3), bias: pattern([2], 2, 5, 1) },
      },
      [1, 2, 4, 6],
      {
        y: [
          0.0625, -0.25, -0.25, -0.125, -0.25, -0.25, -0.75, -0.25, -1, -1.125, -0.25, -1, -0.3125, -0.25, -0.25, -0.5,
          -0.25, -0.25, -0.1875, -0.25, -0.125, 0, -0.25, 0.25, 0.75, 0.25, 0.5, 0.375, 0.25, 0.3125, 0.625, 0.25,
          -0.375, 1.1875, 0.25, -0.75, 0, 0.25, 0.125, -0.375, 0.25, -0.0625, 0.25, 0.25, 0.375, 0.25, 0.25, 0.5625,
        ],
        x: [-0.375, -0.125, 1.625, 0.4375, 0.625, 0.375, 0.1875, 0.75],
        weight: [-0.125, -1.0625, 3.5, -1.8125, -0.25, 3.375, 1.0625, -0.25, -0.4375, 3.25, -1.5625, -0.3125],
        bias: [0.25, -1.25],
      },
    );
  });
  it("mixes channels", async () => {
    await expectLayer(
      new ConvTranspose2d(2, 3, 2, { bias: false }),
      { x: pattern([1, 2, 2, 2], 3, 11, 5), tensors: { weight: pattern([2, 3, 2, 2], 1, 7, 3) } },
      [1, 3, 3, 3],
      {
        y: [
          0.4375, 0.125, 0.0625, 1.125, 0.9375, 0.5625, -0.4375, -1.4375, -0.625, -0.0625, -0.6875, -0.25, -1.25,
          0.0625, 0.75, 0.3125, 1.125, -0.125, -0.125, 1.125, 0.3125, 0.75, 0.0625, -1.25, -0.25, -0.6875, -0.0625,
        ],
        x: [3, -1, 2.375, -3.25, 1.1875, -2.375, -1.375, 0.75],
        weight: [
          2, 1.375, 1.75, -2.125, -2, -1.8125, -0.625, 2, -1.9375, 1.5, 1.875, -2, 1.375, 2, 1.625, -1.8125, -1.9375,
          -2.125, -0.875, 1.375, -2, 1.875, 1.5, -1.9375,
        ],
      },
    );
  });
  it("refuses an output padding that is no less than the stride", () => {
    const layer = new ConvTranspose2d(1, 1, 2, { stride: 2, outputPadding: 2, bias: false });
    const inputs = { x: pattern([1, 1, 2, 2], 1, 5, 2), tensors: { weight: pattern([1, 1, 2, 2], 1, 5, 2) } };
    expect(() => outputOf(layer, inputs)).toThrow(/outputPadding \[2, 2\] must be less than the stride \[2, 2\]/);
  });
});

describe("DepthwiseConv2d", () => {
  it("has kernels of its own for each channel", async () => {
    await expectLayer(
      new DepthwiseConv2d(2, 2, { depthMultiplier: 2, stride: 2 }),
      {
        x: pattern([1, 2, 3, 3], 3, 11, 5),
        tensors: { weight: pattern([4, 1, 2, 2], 1, 7, 3), bias: pattern([4], 2, 5, 1) },
      },
      [1, 4, 1, 1],
      {
        y: [0.6875, 1.1875, 0.625, 0.8125],
        x: [1.0625, 0.625, 0, 0.1875, 0.1875, 0, 0, 0, 0, -1, -1, 0, 0.75, 0.75, 0, 0, 0, 0],
        weight: [1.875, 0.75, -1.5, 1.5, 0.3125, 0.125, -0.25, 0.25, 0, 0.75, -0.5, 0.25, 0, -0.75, 0.5, -0.25],
        bias: [-1.5, -0.25, 1, -1],
      },
    );
  });
});

describe("SeparableConv2d", () => {
  it("is a depthwise convolution, then one of 1 x 1", async () => {
    await expectLayer(
      new SeparableConv2d(2, 3, 3, { padding: 1 }),
      {
        x: pattern([1, 2, 2, 2], 3, 11, 5),
        tensors: {
          "depthwise.weight": pattern([2, 1, 3, 3], 1, 7, 3),
          "pointwise.weight": pattern([3, 2, 1, 1], 3, 7, 2),
          "pointwise.bias": pattern([3], 2, 5, 1),
        },
      },
      [1, 3, 2, 2],
      {
        y: [
          0.203125, -0.21875, -1.0625, -0.609375, -1, -0.4375, 1.5625, 1.6875, -0.015625, 0.546875, 1.890625, 1.46875,
        ],
        x: [-0.46875, 0.109375, 1.15625, -1.109375, -0.0625, -0.015625, -0.03125, 0.015625],
        "depthwise.weight": [
          -0.859375, -0.265625, 0.03125, -1.859375, -0.21875, -0.09375, 0.40625, 1.640625, 0.0625, 0.0625, 0.078125,
          0.015625, 0.03125, -0.03125, -0.0625, -0.03125, -0.109375, -0.078125,
        ],
        "pointwise.weight": [1.921875, -0.71875, -0.921875, -0.65625, 2.125, -1],
        "pointwise.bias": [-1.75, 2, -0.75],
      },
    );
  });
});
