import { describe, expect, it } from "vitest";
import { pattern } from "../testing/patterns.ts";
import { AdaptiveAvgPool2d } from "./adaptive-avg-pool2d.ts";
import { AvgPool1d, AvgPool2d } from "./avg-pool.ts";
import { GlobalAvgPool2d, GlobalMaxPool2d } from "./global-pool2d.ts";
import { MaxPool1d } from "./max-pool1d.ts";
import { MaxPool2d } from "./max-pool2d.ts";
import { expectLayer, outputOf } from "./testing/layer-check.ts";

// Expected numbers: PyTorch 1.13, float64, on the same patterns.

describe("MaxPool1d", () => {
  it("has stride and padding", async () => {
    await expectLayer(new MaxPool1d(3, { stride: 2, padding: 1 }), { x: pattern([1, 2, 7], 5, 11, 5) }, [1, 2, 4], {
      y: [0, 1.25, 1, 0.75, 0.5, 0.5, 0.25, 1.25],
      x: [0, -1.5, -0.25, 0, 1, 0, -1, 0, 1.75, 0, -0.5, 0, 0, 0.75],
    });
  });
  it("has dilation, and in ceil mode a last window over the end", async () => {
    await expectLayer(
      new MaxPool1d(2, { stride: 3, dilation: 2, ceilMode: true }),
      { x: pattern([1, 2, 7], 5, 11, 5) },
      [1, 2, 3],
      { y: [1.25, -0.25, 0.75, -0.75, 0.25, 1.25], x: [0, 0, -1.5, -0.25, 0, 0, 1, -1, 0, 0, 0.25, 0, 0, 1.5] },
    );
  });
});

describe("MaxPool2d", () => {
  it("has in ceil mode a last window over the end", async () => {
    await expectLayer(
      new MaxPool2d(3, { stride: 2, padding: 1, ceilMode: true }),
      { x: pattern([1, 2, 5, 4], 5, 11, 5) },
      [1, 2, 3, 3],
      {
        y: [1, 1.25, -0.25, 1.25, 1.25, 1, 1.25, 1.25, 1, 1.25, 1, 0, 1.25, 1.25, 1.25, 1, 1.25, 1.25],
        x: [
          0, 0, -0.25, 1, -1.5, 0, 0, 0, 0, 0, 0, 0, 0, -0.5, 0, 0.25, 0, 0, 0, 0, 0, 0, 0, -0.75, 0.5, 0, 1.25, 0, 0,
          0, 0, 0, 0, 0, 0, -2.5, 0, 1, 0, 0,
        ],
      },
    );
  });
  it("has windows, strides, padding and dilation of each axis", async () => {
    await expectLayer(
      new MaxPool2d([2, 3], { stride: 2, padding: 1, dilation: [2, 1] }),
      { x: pattern([1, 2, 5, 4], 5, 11, 5) },
      [1, 2, 3, 2],
      {
        y: [1, 0.75, 1.25, 1.25, 1.25, 1.25, 1.25, 1, 1.25, 1.25, 0.25, 1.25],
        x: [
          0, 0, 0, 0, -1.5, 0, -0.25, 0, 0, 0, 0, 0, 0, 1.75, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1.75, 0, 0.75, 0, 0, 0, 0,
          0, 1.25, 0, 0, -0.75, 0, 0, 0, 0,
        ],
      },
    );
  });
});

describe("AvgPool1d", () => {
  it("counts zeros of the padding", async () => {
    await expectLayer(new AvgPool1d(3, { stride: 2, padding: 1 }), { x: pattern([1, 2, 7], 5, 11, 5) }, [1, 2, 4], {
      y: [-0.4166667, 0.3333333, 0.08333333, 0.08333333, -0.08333333, -0.08333333, -0.3333333, 0.4166667],
      x: [
        -0.5, -0.5833333, -0.08333333, 0.25, 0.3333333, 0, -0.3333333, 0.08333333, 0.5833333, 0.5, 0.3333333,
        -0.1666667, 0.08333333, 0.25,
      ],
    });
  });
  it("leaves them out when asked to, in ceil mode too", async () => {
    await expectLayer(
      new AvgPool1d(2, { stride: 2, padding: 1, ceilMode: true, countIncludePad: false }),
      { x: pattern([1, 2, 7], 5, 11, 5) },
      [1, 2, 4],
      {
        y: [-1.25, 0.625, 0.375, 0.125, -0.75, -0.25, -0.5, 0.625],
        x: [-1.5, -0.125, -0.125, 0.5, 0.5, -0.5, -0.5, 0.25, 0.75, 0.75, -0.25, -0.25, 0.375, 0.375],
      },
    );
  });
});

describe("AvgPool2d", () => {
  it("goes on by its window, and leaves out what does not fill one", async () => {
    await expectLayer(new AvgPool2d(2), { x: pattern([1, 2, 5, 4], 5, 11, 5) }, [1, 2, 2, 2], {
      y: [-0.1875, 0.25, 0.1875, -0.0625, 0.0625, -0.1875, -0.25, 0.1875],
      x: [
        -0.375, -0.375, -0.0625, -0.0625, -0.375, -0.375, -0.0625, -0.0625, 0.25, 0.25, -0.25, -0.25, 0.25, 0.25, -0.25,
        -0.25, 0, 0, 0, 0, 0.0625, 0.0625, 0.375, 0.375, 0.0625, 0.0625, 0.375, 0.375, -0.125, -0.125, 0.1875, 0.1875,
        -0.125, -0.125, 0.1875, 0.1875, 0, 0, 0, 0,
      ],
    });
  });
  it("has overlapping windows, padding and ceil mode", async () => {
    await expectLayer(
      new AvgPool2d([3, 2], { stride: 2, padding: [1, 0], ceilMode: true }),
      { x: pattern([1, 2, 5, 4], 5, 11, 5) },
      [1, 2, 3, 2],
      {
        y: [
          -0.125, 0.1666667, 0.2083333, -0.04166667, 0.25, 0.08333333, 0.04166667, -0.125, 0, 0.2083333, -0.04166667,
          0.25,
        ],
        x: [
          -0.25, -0.25, -0.04166667, -0.04166667, -0.08333333, -0.08333333, -0.2083333, -0.2083333, 0.1666667,
          0.1666667, -0.1666667, -0.1666667, 0.2083333, 0.2083333, 0.08333333, 0.08333333, 0.04166667, 0.04166667, 0.25,
          0.25, -0.08333333, -0.08333333, 0.125, 0.125, -0.2916667, -0.2916667, 0.125, 0.125, -0.2083333, -0.2083333, 0,
          0, 0, 0, -0.125, -0.125, 0.2083333, 0.2083333, -0.125, -0.125,
        ],
      },
    );
  });
  it("leaves zeros of the padding out when asked to", async () => {
    await expectLayer(
      new AvgPool2d([3, 2], { stride: 2, padding: [1, 0], ceilMode: true, countIncludePad: false }),
      { x: pattern([1, 2, 5, 4], 5, 11, 5) },
      [1, 2, 3, 2],
      {
        y: [-0.1875, 0.25, 0.2083333, -0.04166667, 0.375, 0.125, 0.0625, -0.1875, 0, 0.2083333, -0.0625, 0.375],
        x: [
          -0.375, -0.375, -0.0625, -0.0625, -0.2083333, -0.2083333, -0.2291667, -0.2291667, 0.1666667, 0.1666667,
          -0.1666667, -0.1666667, 0.2291667, 0.2291667, 0.2083333, 0.2083333, 0.0625, 0.0625, 0.375, 0.375, -0.125,
          -0.125, 0.1875, 0.1875, -0.3333333, -0.3333333, 0.1875, 0.1875, -0.2083333, -0.2083333, 0, 0, 0.1041667,
          0.1041667, -0.1875, -0.1875, 0.3125, 0.3125, -0.1875, -0.1875,
        ],
      },
    );
  });
  it("says what it takes", () => {
    expect(() => new AvgPool2d(0)).toThrow(/AvgPool2d: kernelSize is 0, but must be a whole number of at least 1/);
    expect(() => outputOf(new AvgPool2d(3), { x: pattern([1, 1, 2, 4], 1, 5, 2) })).toThrow(
      /a window of 3 does not go over 2/,
    );
  });
});

describe("AdaptiveAvgPool2d", () => {
  it("averages windows that overlap where the sizes do not divide", async () => {
    await expectLayer(new AdaptiveAvgPool2d([3, 2]), { x: pattern([1, 2, 5, 4], 5, 11, 5) }, [1, 2, 3, 2], {
      y: [-0.1875, 0.25, 0.2083333, -0.04166667, 0.375, 0.125, 0.0625, -0.1875, 0, 0.2083333, -0.0625, 0.375],
      x: [
        -0.375, -0.375, -0.0625, -0.0625, -0.2083333, -0.2083333, -0.2291667, -0.2291667, 0.1666667, 0.1666667,
        -0.1666667, -0.1666667, 0.2291667, 0.2291667, 0.2083333, 0.2083333, 0.0625, 0.0625, 0.375, 0.375, -0.125,
        -0.125, 0.1875, 0.1875, -0.3333333, -0.3333333, 0.1875, 0.1875, -0.2083333, -0.2083333, 0, 0, 0.1041667,
        0.1041667, -0.1875, -0.1875, 0.3125, 0.3125, -0.1875, -0.1875,
      ],
    });
  });
  it("averages windows side by side where they do", async () => {
    await expectLayer(new AdaptiveAvgPool2d([5, 2]), { x: pattern([1, 2, 5, 4], 5, 11, 5) }, [1, 2, 5, 2], {
      y: [
        -0.625, 0.5, 0.25, 0, -0.25, -0.5, 0.625, 0.375, 0.125, -0.125, -0.375, -0.625, 0.5, 0.25, 0, -0.25, -0.5,
        0.625, 0.375, 0.125,
      ],
      x: [
        -0.75, -0.75, -0.125, -0.125, 0.5, 0.5, -0.5, -0.5, 0.125, 0.125, 0.75, 0.75, -0.25, -0.25, 0.375, 0.375,
        -0.625, -0.625, 0, 0, 0.625, 0.625, -0.375, -0.375, 0.25, 0.25, -0.75, -0.75, -0.125, -0.125, 0.5, 0.5, -0.5,
        -0.5, 0.125, 0.125, 0.75, 0.75, -0.25, -0.25,
      ],
    });
  });
});

describe("global pools", () => {
  it("GlobalAvgPool2d is the mean of each channel", async () => {
    await expectLayer(new GlobalAvgPool2d(), { x: pattern([1, 2, 5, 4], 5, 11, 5) }, [1, 2], {
      y: [0.0375, 0.0125],
      x: [
        -0.075, -0.075, -0.075, -0.075, -0.075, -0.075, -0.075, -0.075, -0.075, -0.075, -0.075, -0.075, -0.075, -0.075,
        -0.075, -0.075, -0.075, -0.075, -0.075, -0.075, -0.0125, -0.0125, -0.0125, -0.0125, -0.0125, -0.0125, -0.0125,
        -0.0125, -0.0125, -0.0125, -0.0125, -0.0125, -0.0125, -0.0125, -0.0125, -0.0125, -0.0125, -0.0125, -0.0125,
        -0.0125,
      ],
    });
  });
  it("GlobalMaxPool2d is the largest of each channel; ties share the derivative", async () => {
    await expectLayer(new GlobalMaxPool2d(), { x: pattern([1, 2, 5, 4], 5, 11, 5) }, [1, 2], {
      y: [1.25, 1.25],
      x: [
        0, 0, -0.75, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -0.75, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -0.125, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, -0.125, 0, 0, 0, 0,
      ],
    });
  });
});
