import { randomKey, setDefaultBackend, type Tensor, tensor } from "@tributary/autograd";
import { describe, expect, it } from "vitest";
import { type Initialiser, init } from "./init.ts";
import { orthonormalRows } from "./orthogonal.ts";
import { inverseErf } from "./truncated-normal.ts";

const KEY = randomKey(7);

async function momentsOf(initialiser: Initialiser, shape: readonly number[]) {
  const numbers = [...(await initialiser(KEY, shape).data())];
  const mean = numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
  const variance = numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0) / numbers.length;
  return { mean, variance, low: Math.min(...numbers), high: Math.max(...numbers) };
}

/** Largest deviation of x x^T from the identity. */
async function skewness(x: Tensor): Promise<number> {
  const products = [...(await x.matmul(x.t()).data())];
  const [rows = 0] = x.shape;
  return Math.max(...products.map((product, index) => Math.abs(product - (index % (rows + 1) === 0 ? 1 : 0))));
}

describe("distributions of 40,000 numbers", () => {
  // Fan in 100 x 2 = 200, fan out 200 x 2 = 400. Expected moments are those of the distributions; four standard errors are allowed.
  const shape = [200, 100, 2];
  const rows: [string, Initialiser, number, number, number, number][] = [
    ["xavierUniform", init.xavierUniform(), 0, 2 / 600, -Math.sqrt(6 / 600), Math.sqrt(6 / 600)],
    ["lecunUniform", init.lecunUniform(), 0, 1 / 200, -Math.sqrt(3 / 200), Math.sqrt(3 / 200)],
    ["lecunNormal", init.lecunNormal(), 0, 1 / 200, -0.5, 0.5],
    ["kaimingNormal", init.kaimingNormal(), 0, 2 / 200, -0.7, 0.7],
    ["truncatedNormal", init.truncatedNormal(), 0, 0.7737413, -2, 2],
    // Moments of N(0.5, 1) between 0 and 2.
    ["truncatedNormal to one side", init.truncatedNormal({ mean: 0.5, low: 0, high: 2 }), 0.85627288, 0.28024815, 0, 2],
    ["kerasGlorotNormal", init.kerasGlorotNormal(), 0, 2 / 600, -0.1313, 0.1313],
    ["kerasHeNormal", init.kerasHeNormal(), 0, 2 / 200, -0.2274, 0.2274],
    ["kerasLecunNormal", init.kerasLecunNormal(), 0, 1 / 200, -0.1608, 0.1608],
  ];
  it.each(rows)("%s", async (_, initialiser, mean, variance, low, high) => {
    const found = await momentsOf(initialiser, shape);
    expect(Math.abs(found.mean - mean)).toBeLessThan(4 * Math.sqrt(variance / 40_000));
    // The relative standard error of a variance is at most sqrt(2 / n).
    expect(Math.abs(found.variance / variance - 1)).toBeLessThan(4 * Math.sqrt(2 / 40_000));
    expect(found.low).toBeGreaterThanOrEqual(Math.fround(low));
    expect(found.high).toBeLessThanOrEqual(Math.fround(high));
  });
});

describe("inverseErf", () => {
  it("is the erfinv that PyTorch computes in float64", async () => {
    const numbers = tensor([-0.999999, -0.9954, -0.5, -1e-4, 0, 0.3, 0.9, 0.99999]);
    const expected = [-3.4570747, -2.0037905, -0.47693628, -8.8622691e-5, 0, 0.27246273, 1.1630871, 3.1232058];
    const found = [...(await inverseErf(numbers).data())];
    found.forEach((x, index) => {
      expect(Math.abs(x - expected[index])).toBeLessThan(1e-6 + 2e-6 * Math.abs(expected[index]));
    });
  });
});

describe("identity", () => {
  it("has its gain on the diagonal, of wide matrices too", async () => {
    expect([...(await init.identity(2)(KEY, [2, 3]).data())]).toEqual([2, 0, 0, 0, 2, 0]);
    expect(() => init.identity()(KEY, [2])).toThrow(/the parameter is \[2\]/);
  });
});

describe("orthogonal", () => {
  it("is numpy's QR factorisation with signs that make the diagonal of R positive", async () => {
    const rows = tensor([
      [1, 2, -0.5, 0.3],
      [0.4, -1, 2, 1.1],
      [-0.7, 0.2, 0.9, -1.5],
    ]);
    const expected = [
      [0.43274232, 0.86548464, -0.21637116, 0.1298227],
      [0.35489827, -0.06443909, 0.76883885, 0.52799777],
      [-0.19430995, 0.35059149, 0.59656955, -0.6952942],
    ].flat();
    const found = [...(await orthonormalRows(rows).data())];
    found.forEach((x, index) => {
      expect(Math.abs(x - expected[index])).toBeLessThan(1e-6);
    });
  });
  it.each([
    [[31, 65], 1],
    [[33, 33], 1],
    [[16, 3, 3, 3], 1],
    [[64, 7], 2],
  ])("of %j has orthogonal rows or columns of length %d", async (shape, gain) => {
    const [rows = 0] = shape;
    const matrix = init.orthogonal(gain)(KEY, shape).reshape([rows, -1]).div(gain);
    expect(await skewness(rows <= matrix.size(1) ? matrix : matrix.t())).toBeLessThan(2e-6);
  });
  it("follows its key", async () => {
    const draw = async (seed: number) => [...(await init.orthogonal()(randomKey(seed), [3, 3]).data())];
    expect(await draw(1)).toEqual(await draw(1));
    expect(await draw(1)).not.toEqual(await draw(2));
  });
  it("is the same on wasm within what rounding makes of it", async () => {
    const draw = () => init.orthogonal()(KEY, [64, 96]);
    const reference = [...(await draw().data())];
    await setDefaultBackend("wasm");
    try {
      const matrix = draw();
      expect(await skewness(matrix)).toBeLessThan(2e-6);
      const wasm = [...(await matrix.data())];
      expect(Math.hypot(...reference.map((x, index) => x - wasm[index])) / 8).toBeLessThan(1e-4);
    } finally {
      await setDefaultBackend("reference");
    }
  });
  it("refuses vectors", () => {
    expect(() => init.orthogonal()(KEY, [3])).toThrow(/starts matrices/);
  });
});
