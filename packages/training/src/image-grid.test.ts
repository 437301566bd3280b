import { decode } from "fast-png";
import { describe, expect, it } from "vitest";
import { encodePng, imageGrid } from "./image-grid.ts";

describe("imageGrid", () => {
  it("puts channels side by side, each from black to white, with a dark line between", () => {
    // Two channels of 1 x 2: (0, 4) and (-1, 1).
    const grid = imageGrid({ shape: [1, 2, 1, 2], data: Float32Array.of(0, 4, -1, 1) });
    expect(grid).toEqual({ width: 5, height: 1, pixels: Uint8Array.of(0, 255, 0, 0, 255) });
  });

  it("scales a vector as a whole, as square as it comes out", () => {
    const grid = imageGrid({ shape: [2, 3], data: Float32Array.of(9, 9, 9, 0, 1, 2) }, { sample: 1 });
    expect(grid).toEqual({ width: 2, height: 2, pixels: Uint8Array.of(0, 128, 255, 0) });
  });

  it("draws every element as large as asked for, and equal elements in a middle grey", () => {
    expect(imageGrid({ shape: [1, 1, 1, 1], data: Float32Array.of(7) }, { scale: 2 })).toEqual({
      width: 2,
      height: 2,
      pixels: Uint8Array.of(128, 128, 128, 128),
    });
  });

  it("refuses what is no picture", () => {
    expect(() => imageGrid({ shape: [1, 2, 3], data: new Float32Array(6) })).toThrow(
      /sample 0 of \[1,2,3\] is no picture/,
    );
    expect(() => imageGrid({ shape: [1, 2], data: new Float32Array(2) }, { sample: 1 })).toThrow(/sample 1/);
  });
});

describe("encodePng", () => {
  it("writes what a decoder reads back", () => {
    const image = { width: 2, height: 1, pixels: Uint8Array.of(3, 200) };
    const { width, height, data, channels } = decode(encodePng(image));
    expect([width, height, channels, [...data]]).toEqual([2, 1, 1, [3, 200]]);
  });
});
