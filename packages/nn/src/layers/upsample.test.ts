import { describe, expect, it } from "vitest";
import { pattern } from "../testing/patterns.ts";
import { expectLayer, outputOf } from "./testing/layer-check.ts";
import { Upsample } from "./upsample.ts";

// Expected numbers: PyTorch 1.13's interpolate, float64, on the same patterns.

describe("Upsample", () => {
  it("repeats elements by a whole factor", async () => {
    await expectLayer(new Upsample({ scaleFactor: 2 }), { x: pattern([1, 2, 2, 3], 5, 11, 5) }, [1, 2, 4, 6], {
      y: [
        -1.25, -1.25, 0, 0, 1.25, 1.25, -1.25, -1.25, 0, 0, 1.25, 1.25, -0.25, -0.25, 1, 1, -0.5, -0.5, -0.25, -0.25, 1,
        1, -0.5, -0.5, 0.75, 0.75, -0.75, -0.75, 0.5, 0.5, 0.75, 0.75, -0.75, -0.75, 0.5, 0.5, -1, -1, 0.25, 0.25,
        -1.25, -1.25, -1, -1, 0.25, 0.25, -1.25, -1.25,
      ],
      x: [-1.5, -1.25, 2.25, 0, 0.25, 0.5, 1.5, -1.5, -1.25, -0.25, 0, 0.25],
    });
  });
  it("takes the nearest element for any size", async () => {
    await expectLayer(new Upsample({ size: [3, 5] }), { x: pattern([1, 2, 2, 3], 5, 11, 5) }, [1, 2, 3, 5], {
      y: [
        -1.25, -1.25, 0, 0, 1.25, -1.25, -1.25, 0, 0, 1.25, -0.25, -0.25, 1, 1, -0.5, 0.75, 0.75, -0.75, -0.75, 0.5,
        0.75, 0.75, -0.75, -0.75, 0.5, -1, -1, 0.25, 0.25, -1.25,
      ],
      x: [-0.75, -0.5, 0.25, 0.5, -1, -0.25, -0.5, 3, -1.25, -1, 0.75, -1],
    });
  });
  it("takes the nearest element for a fraction, by the factor that was given", async () => {
    await expectLayer(new Upsample({ scaleFactor: [2.5, 1.5] }), { x: pattern([1, 2, 2, 3], 5, 11, 5) }, [1, 2, 5, 4], {
      y: [
        -1.25, -1.25, 0, 1.25, -1.25, -1.25, 0, 1.25, -1.25, -1.25, 0, 1.25, -0.25, -0.25, 1, -0.5, -0.25, -0.25, 1,
        -0.5, 0.75, 0.75, -0.75, 0.5, 0.75, 0.75, -0.75, 0.5, 0.75, 0.75, -0.75, 0.5, -1, -1, 0.25, -1.25, -1, -1, 0.25,
        -1.25,
      ],
      x: [-1.25, 1.75, -1, -1.75, 1.25, 0.5, -0.75, -1.25, 2.5, 0.75, -0.75, -1.5],
    });
  });
  it("mixes neighbours in bilinear mode", async () => {
    await expectLayer(
      new Upsample({ scaleFactor: 2, mode: "bilinear" }),
      { x: pattern([1, 2, 2, 3], 5, 11, 5) },
      [1, 2, 4, 6],
      {
        y: [
          -1.25, -0.9375, -0.3125, 0.3125, 0.9375, 1.25, -1, -0.6875, -0.0625, 0.390625, 0.671875, 0.8125, -0.5,
          -0.1875, 0.4375, 0.546875, 0.140625, -0.0625, -0.25, 0.0625, 0.6875, 0.625, -0.125, -0.5, 0.75, 0.375, -0.375,
          -0.4375, 0.1875, 0.5, 0.3125, 0.109375, -0.296875, -0.359375, -0.078125, 0.0625, -0.5625, -0.421875,
          -0.140625, -0.203125, -0.609375, -0.8125, -1, -0.6875, -0.0625, -0.125, -0.875, -1.25,
        ],
        x: [
          -1.796875, -0.34375, 1.515625, 0.734375, -0.65625, 0.796875, 0.390625, -1, -0.765625, 0.484375, 0.3125,
          -0.671875,
        ],
      },
    );
  });
  it("lays the corners on each other when asked to", async () => {
    await expectLayer(
      new Upsample({ size: [3, 4], mode: "bilinear", alignCorners: true }),
      { x: pattern([1, 2, 2, 3], 5, 11, 5) },
      [1, 2, 3, 4],
      {
        y: [
          -1.25, -0.4166667, 0.4166667, 1.25, -0.75, 0.08333333, 0.4583333, 0.375, -0.25, 0.5833333, 0.5, -0.5, 0.75,
          -0.25, -0.3333333, 0.5, -0.125, -0.2083333, -0.2916667, -0.375, -1, -0.1666667, -0.25, -1.25,
        ],
        x: [
          -1.208333, 0.8333333, -0.375, -0.875, 1.166667, -0.04166667, -0.4583333, -0.5833333, 0.9166667, -0.125, -0.25,
          1.25,
        ],
      },
    );
  });
  it("takes a size or a factor", () => {
    expect(() => new Upsample({})).toThrow(/size and scaleFactor is \{\}, but must be one of both/);
    expect(() => outputOf(new Upsample({ size: 4 }), { x: pattern([1, 4, 4], 1, 5, 2) })).toThrow(
      /takes \[samples, channels, height, width\]/,
    );
  });
});
