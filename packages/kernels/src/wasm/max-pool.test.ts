import { describe, expect, it } from "vitest";
import type { PoolKernel } from "../ir.ts";
import { ModuleBuilder } from "./assembler.ts";
import { testContext, view } from "./contraction/contraction-harness.ts";
import { emitMaxPool, maxPoolScratchBytes } from "./max-pool.ts";

type Pair = readonly [number, number];

/** Pools x (storage 0) into values (1) and indices (2). */
function pool(
  x: readonly number[],
  shape: readonly [number, number, number, number],
  options: { window: Pair; strides: Pair; padding?: readonly [Pair, Pair]; dilation?: Pair },
): { values: number[]; indices: number[] } {
  const padding = options.padding ?? [
    [0, 0],
    [0, 0],
  ];
  const attributes = { ...options, padding, dilation: options.dilation ?? ([1, 1] as const) };
  const along = (index: 0 | 1): number => {
    const span = (options.window[index] - 1) * attributes.dilation[index] + 1;
    return Math.floor((shape[2 + index] + padding[index][0] + padding[index][1] - span) / options.strides[index]) + 1;
  };
  const output = [shape[0], shape[1], along(0), along(1)];
  const count = output.reduce((product, length) => product * length, 1);
  const kernel: PoolKernel = {
    kind: "pool",
    attributes,
    x: view(0, shape),
    values: view(1, output),
    indices: view(2, output),
  };
  const addresses = [64, 64 + x.length * 4 + 64, 64 + x.length * 4 + count * 4 + 128];
  const scratch = Math.ceil((addresses[2] + count * 4 + 64) / 64) * 64;
  const pages = Math.ceil((scratch + maxPoolScratchBytes(kernel) + 64) / 65536);
  const module = new ModuleBuilder();
  module.importMemory({ module: "host", name: "memory", initialPages: pages });
  emitMaxPool(testContext(module, addresses, scratch), kernel);
  const memory = new WebAssembly.Memory({ initial: pages });
  new Float32Array(memory.buffer).fill(Number.NaN);
  new Float32Array(memory.buffer, addresses[0], x.length).set(x);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.finish()), { host: { memory } });
  (instance.exports.run as () => void)();
  return {
    values: [...new Float32Array(memory.buffer, addresses[1], count)],
    indices: [...new Int32Array(memory.buffer, addresses[2], count)],
  };
}

/** As operations.ts defines it, tap by tap. */
function expected(x: readonly number[], shape: readonly number[], options: Parameters<typeof pool>[2]) {
  const [images, channels, height, width] = shape;
  const padding = options.padding ?? [
    [0, 0],
    [0, 0],
  ];
  const [down, right] = options.dilation ?? [1, 1];
  const high =
    Math.floor((height + padding[0][0] + padding[0][1] - (options.window[0] - 1) * down - 1) / options.strides[0]) + 1;
  const wide =
    Math.floor((width + padding[1][0] + padding[1][1] - (options.window[1] - 1) * right - 1) / options.strides[1]) + 1;
  const values: number[] = [];
  const indices: number[] = [];
  for (let plane = 0; plane < images * channels; plane++)
    for (let oy = 0; oy < high; oy++)
      for (let ox = 0; ox < wide; ox++) {
        let found = -1;
        for (let ky = 0; ky < options.window[0]; ky++)
          for (let kx = 0; kx < options.window[1]; kx++) {
            const y = oy * options.strides[0] + ky * down - padding[0][0];
            const at = ox * options.strides[1] + kx * right - padding[1][0];
            if (y < 0 || at < 0 || y >= height || at >= width) continue;
            const place = y * width + at;
            const value = x[plane * height * width + place];
            const best = x[plane * height * width + found];
            if (found < 0 || value > best || (Number.isNaN(value) && !Number.isNaN(best))) found = place;
          }
        values.push(x[plane * height * width + found]);
        indices.push(found);
      }
  return { values, indices };
}

describe("maxPool", () => {
  it("takes the largest of each 2 x 2 window, and the first where several are", () => {
    const x = [1, 2, 0, 0, 5, 5, 3, 4, 0, 0, 5, 5, -1, -2, 9, 8, 9, 7, -3, -4, 8, 9, 7, 9];
    expect(pool(x, [1, 1, 4, 6], { window: [2, 2], strides: [2, 2] })).toEqual({
      values: [4, 0, 5, -1, 9, 9],
      indices: [7, 2, 4, 12, 14, 16],
    });
  });

  it("lets NaN win, the first of them by its index", () => {
    const x = [1, Number.NaN, 3, Number.NaN];
    expect(pool(x, [1, 1, 2, 2], { window: [2, 2], strides: [2, 2] })).toEqual({ values: [Number.NaN], indices: [1] });
  });

  it("never lets padding win, not even over -Infinity", () => {
    const x = new Array(9).fill(Number.NEGATIVE_INFINITY);
    const options = {
      window: [3, 3],
      strides: [2, 2],
      padding: [
        [1, 1],
        [1, 1],
      ],
    } as const;
    expect(pool(x, [1, 1, 3, 3], options)).toEqual({ values: x.slice(0, 4), indices: [0, 1, 3, 4] });
  });

  it("follows its definition at odd sizes, strides, padding and dilation", () => {
    let state = 1;
    for (const options of [
      { window: [2, 2], strides: [2, 2] },
      {
        window: [3, 3],
        strides: [1, 1],
        padding: [
          [1, 1],
          [1, 1],
        ],
      },
      {
        window: [3, 2],
        strides: [2, 3],
        padding: [
          [1, 0],
          [0, 1],
        ],
      },
      {
        window: [2, 3],
        strides: [1, 2],
        padding: [
          [2, 1],
          [3, 2],
        ],
        dilation: [3, 2],
      },
      { window: [1, 1], strides: [1, 1] },
      { window: [3, 3], strides: [2, 2] },
    ] as const)
      for (const [height, width] of [
        [7, 7],
        [31, 33],
        [8, 65],
        [4, 5],
      ]) {
        const shape = [2, 3, height, width] as const;
        const x = Array.from({ length: 6 * height * width }, () => {
          state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
          // Few values, so that there are many ties.
          return (state >>> 28) % 11 === 0 ? Number.NaN : (state >>> 29) - 4;
        });
        expect(pool(x, shape, options)).toEqual(expected(x, shape, options));
      }
  });
});
