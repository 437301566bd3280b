import { describe, expect, it } from "vitest";
import type { Contraction, ContractKernel, View } from "../../ir.ts";
import { type Arrays, dense, farthest, noise, plain, plus, run, Sums, size, view } from "./contraction-harness.ts";
import { NARROW_GEOMETRY, WIDE_GEOMETRY } from "./geometry.ts";

function expectClose(found: Float32Array, sums: Sums): void {
  expect(farthest(found, sums)).toBeLessThanOrEqual(1e-6);
}

interface MatmulCase {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly batch?: readonly number[];
}

function matmulViews({ m, n, k, transposeA = false, transposeB = false, batch = [] }: MatmulCase) {
  const a = view(0, [...batch, m, k]);
  const b = view(1, [...batch, k, n]);
  const swap = (from: View, rows: number): View => ({ ...from, strides: [...from.strides.slice(0, -2), 1, rows] });
  return { a: transposeA ? swap(a, m) : a, b: transposeB ? swap(b, k) : b };
}

function at(array: Float32Array, from: View, place: readonly number[]): number {
  return array[place.reduce((offset, index, axis) => offset + index * from.strides[axis], from.offset)];
}

function matmulSums(a: View, b: View, arrays: Arrays): Sums {
  const [m, k] = a.shape.slice(-2);
  const n = b.shape[b.shape.length - 1];
  const batches = size(a.shape.slice(0, -2));
  const sums = new Sums(batches * m * n);
  const batchShape = a.shape.slice(0, -2);
  for (let batch = 0; batch < batches; batch++) {
    const place = dense(batchShape).map((stride, axis) => Math.floor(batch / stride) % batchShape[axis]);
    for (let row = 0; row < m; row++)
      for (let column = 0; column < n; column++)
        for (let step = 0; step < k; step++) {
          const product = at(arrays[0], a, [...place, row, step]) * at(arrays[1], b, [...place, step, column]);
          sums.add((batch * m + row) * n + column, product);
        }
  }
  return sums;
}

const matmul: Contraction = { operation: "matmul" };
const flags = [false, true];

describe("matmul", () => {
  const sizes = [1, 3, 7, 31, 33, 65];

  for (const transposeA of flags)
    for (const transposeB of flags) {
      it(`is right at odd sizes, transposeA ${transposeA}, transposeB ${transposeB}`, () => {
        for (const m of sizes)
          for (const n of sizes)
            for (const k of [1, 7, 33, 65]) {
              const { a, b } = matmulViews({ m, n, k, transposeA, transposeB });
              const arrays = [noise(m * k, m + n), noise(k * n, k), new Float32Array(m * n)];
              const kernel: ContractKernel = { kind: "contract", contraction: matmul, a, b, epilogue: plain([m, n]) };
              expectClose(run(kernel, arrays), matmulSums(a, b, arrays));
            }
      });

      it(`gives the same bits whatever the geometry, transposeA ${transposeA}, transposeB ${transposeB}`, () => {
        const [m, n, k] = [31, 65, 600];
        const { a, b } = matmulViews({ m, n, k, transposeA, transposeB });
        const arrays = [noise(m * k, 1), noise(k * n, 2), new Float32Array(m * n)];
        const kernel: ContractKernel = { kind: "contract", contraction: matmul, a, b, epilogue: plain([m, n]) };
        const wide = run(kernel, arrays, WIDE_GEOMETRY);
        const narrow = run(kernel, arrays, NARROW_GEOMETRY);
        const odd = run(kernel, arrays, { outer: { rows: 5, columns: 4 }, dot: { rows: 3, columns: 2 } });
        expect(narrow).toEqual(wide);
        expect(odd).toEqual(wide);
        expectClose(wide, matmulSums(a, b, arrays));
      });
    }

  it("multiplies and then adds where there is no fused operation", () => {
    const { a, b } = matmulViews({ m: 33, n: 31, k: 65 });
    const arrays = [noise(33 * 65, 1), noise(65 * 31, 2), new Float32Array(33 * 31)];
    const kernel: ContractKernel = { kind: "contract", contraction: matmul, a, b, epilogue: plain([33, 31]) };
    expectClose(run(kernel, arrays, NARROW_GEOMETRY, false), matmulSums(a, b, arrays));
  });

  it("goes through batches, blocks of columns and blocks of K", () => {
    const [m, n, k] = [19, 700, 531];
    const { a, b } = matmulViews({ m, n, k, batch: [2, 2] });
    const arrays = [noise(4 * m * k, 1), noise(4 * k * n, 2), new Float32Array(4 * m * n)];
    const kernel: ContractKernel = { kind: "contract", contraction: matmul, a, b, epilogue: plain([2, 2, m, n]) };
    expectClose(run(kernel, arrays), matmulSums(a, b, arrays));
  });

  it("turns the right side around, and goes through slabs of rows", () => {
    for (const [m, n, k] of [
      [170, 530, 301],
      [400, 67, 33],
    ]) {
      const { a, b } = matmulViews({ m, n, k, transposeB: true });
      const arrays = [noise(m * k, 1), noise(k * n, 2), new Float32Array(m * n), noise(n, 3)];
      const kernel: ContractKernel = { kind: "contract", contraction: matmul, a, b, epilogue: plus([m, n], [0, 1]) };
      const sums = matmulSums(a, b, arrays);
      for (let element = 0; element < m * n; element++) sums.add(element, arrays[3][element % n]);
      const wide = run(kernel, arrays);
      expectClose(wide, sums);
      expect(run(kernel, arrays, NARROW_GEOMETRY)).toEqual(wide);
    }
  });

  it("reads operands through any strides: a batch that is broadcast, rows turned around", () => {
    const [m, n, k] = [7, 9, 11];
    const a = view(0, [3, m, k], [0, -2 * k, 2], (m - 1) * 2 * k);
    const b = view(1, [3, k, n], [k * n, -n, 1], (k - 1) * n);
    const arrays = [noise(m * k * 2, 1), noise(3 * k * n, 2), new Float32Array(3 * m * n)];
    const kernel: ContractKernel = { kind: "contract", contraction: matmul, a, b, epilogue: plain([3, m, n]) };
    expectClose(run(kernel, arrays), matmulSums(a, b, arrays));
  });

  it("adds a bias in the epilogue: one a column, one a row, one an element", () => {
    for (const [m, n] of [
      [5, 33],
      [65, 3],
      [1, 1],
      [16, 64],
    ])
      for (const strides of [
        [0, 1],
        [1, 0],
        [n, 1],
        [1, m],
      ]) {
        const k = 17;
        const { a, b } = matmulViews({ m, n, k, transposeB: true });
        const arrays = [noise(m * k, 1), noise(k * n, 2), new Float32Array(m * n), noise(m * n, 3)];
        const kernel: ContractKernel = { kind: "contract", contraction: matmul, a, b, epilogue: plus([m, n], strides) };
        const sums = matmulSums(a, b, arrays);
        for (let row = 0; row < m; row++)
          for (let column = 0; column < n; column++)
            sums.add(row * n + column, arrays[3][row * strides[0] + column * strides[1]]);
        expectClose(run(kernel, arrays), sums);
      }
  });

  it("is zero where K is 0", () => {
    const { a, b } = matmulViews({ m: 3, n: 5, k: 0 });
    const arrays = [new Float32Array(0), new Float32Array(0), noise(15, 1)];
    const kernel: ContractKernel = { kind: "contract", contraction: matmul, a, b, epilogue: plain([3, 5]) };
    expect(run(kernel, arrays)).toEqual(new Float32Array(15));
  });

  it("stays within 1e-6 of the terms' magnitudes at K = 100,000", () => {
    for (const transposeB of flags) {
      const { a, b } = matmulViews({ m: 3, n: 5, k: 100_000, transposeB });
      const arrays = [noise(300_000, 1).map(Math.abs), noise(500_000, 2).map(Math.abs), new Float32Array(15)];
      const kernel: ContractKernel = { kind: "contract", contraction: matmul, a, b, epilogue: plain([3, 5]) };
      expectClose(run(kernel, arrays), matmulSums(a, b, arrays));
    }
  });
});
