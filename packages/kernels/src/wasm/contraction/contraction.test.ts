import { describe, expect, it } from "vitest";
import type { Body, Contraction, ContractKernel, View } from "../../ir.ts";
import { ModuleBuilder } from "../assembler.ts";
import type { FunctionReference } from "../assembler-function.ts";
import type { KernelContext } from "../context.ts";
import { contractionScratchBytes, emitContraction } from "./contraction.ts";
import { type Geometry, NARROW_GEOMETRY, WIDE_GEOMETRY } from "./geometry.ts";

/** Storages of a test: 0 is a, 1 is b, 2 is the output, 3 what the epilogue adds. */
type Arrays = readonly Float32Array[];

const dense = (shape: readonly number[]): number[] => shape.map((_, axis) => size(shape.slice(axis + 1)));
const size = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);
const view = (storage: number, shape: readonly number[], strides = dense(shape), offset = 0): View => ({
  storage,
  shape,
  strides,
  offset,
});

/** Just the product. */
const plain = (shape: readonly number[]): Body => ({
  shape,
  steps: [{ kind: "result", dtype: "float32", number: 0 }],
  stores: [{ step: 0, storage: 2, window: { offset: 0, strides: dense(shape) } }],
});

/** The product plus elements of storage 3. */
const plus = (shape: readonly number[], strides: readonly number[]): Body => ({
  shape,
  steps: [
    { kind: "result", dtype: "float32", number: 0 },
    { kind: "load", dtype: "float32", storage: 3, window: { offset: 0, strides } },
    { kind: "apply", dtype: "float32", operation: "add", arguments: [0, 1] },
  ],
  stores: [{ step: 2, storage: 2, window: { offset: 0, strides: dense(shape) } }],
});

/** Assembles one contraction, runs it on copies of the arrays and gives the output. */
function run(kernel: ContractKernel, arrays: Arrays, geometry: Geometry = WIDE_GEOMETRY, fma = true): Float32Array {
  const module = new ModuleBuilder();
  const addresses: number[] = [];
  let end = 64;
  for (const array of arrays) {
    addresses.push(end);
    end = Math.ceil((end + array.byteLength) / 64) * 64;
  }
  const scratch = end;
  const pages = Math.ceil((scratch + contractionScratchBytes(kernel, geometry) + 64) / 65536);
  module.importMemory({ module: "host", name: "memory", initialPages: pages });
  const code = module.function([], [], "run");
  const routines = new Map<string, FunctionReference>();
  const context: KernelContext = {
    features: { fma },
    geometry,
    body: code,
    routine: (key, parameters, build, results = []) => {
      const known = routines.get(key);
      if (known !== undefined) return known;
      const routine = module.function(parameters, results);
      routines.set(key, routine);
      build(routine);
      return routine;
    },
    constantBytes: () => 0,
    pushAddress: (storage, offset = 0) => code.i32(addresses[storage] + offset),
    pushScratch: (offset = 0) => code.i32(scratch + offset),
  };
  emitContraction(context, kernel, (vectors, access) => {
    for (let vector = 0; vector < vectors; vector++) {
      access.result(0, vector);
      if (kernel.epilogue.steps.length > 1) {
        access.load(1, vector);
        code.op("f32x4.add");
      }
      const value = code.local("v128");
      code.set(value);
      access.store(0, vector, value);
    }
  });
  const memory = new WebAssembly.Memory({ initial: pages });
  // Nothing may depend on what memory held before: scratch is full of NaN.
  new Float32Array(memory.buffer).fill(Number.NaN);
  for (const [index, array] of arrays.entries())
    new Float32Array(memory.buffer, addresses[index], array.length).set(array);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.finish()), { host: { memory } });
  (instance.exports.run as () => void)();
  return new Float32Array(memory.buffer, addresses[2], arrays[2].length).slice();
}

/** Numbers between -1 and 1 that are not the same at each place: a linear congruential generator's high bits. */
function noise(length: number, seed: number): Float32Array {
  let state = (seed * 2654435761) >>> 0;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** A sum in double precision, with the sum of the terms' magnitudes for the tolerance. */
class Sums {
  readonly values: Float64Array;
  readonly magnitudes: Float64Array;

  constructor(length: number) {
    this.values = new Float64Array(length);
    this.magnitudes = new Float64Array(length);
  }

  add(index: number, term: number): void {
    this.values[index] += term;
    this.magnitudes[index] += Math.abs(term);
  }
}

function expectClose(found: Float32Array, sums: Sums): void {
  let worst = 0;
  for (let index = 0; index < found.length; index++) {
    const difference = Math.abs(found[index] - sums.values[index]);
    const ratio = difference === 0 ? 0 : difference / sums.magnitudes[index];
    // A NaN must fail too.
    if (!(ratio <= worst)) worst = ratio;
  }
  expect(worst).toBeLessThanOrEqual(1e-6);
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
