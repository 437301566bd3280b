import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Body, ContractKernel } from "../../ir.ts";
import { dense, farthest, noise, plain, plus, Sums, size, view } from "../../wasm/contraction/contraction-harness.ts";
import type { KernelContext } from "../kernel-code.ts";
import { emitContraction } from "./contraction-code.ts";
import { productsOf } from "./contraction-products.ts";
import { Lines } from "./lines.ts";
import { transposeProduct } from "./product.ts";
import { emitSkinny, skinnyMemory } from "./skinny-code.ts";
import { type SkinnyShape, skinnyCount } from "./skinny-shape.ts";
import { LEAST_WORKGROUP_BYTES, ProductHarness } from "./testing/product-harness.ts";
import { emitTile, tileMemory } from "./tile-code.ts";
import { TILE_SHAPES, type TileShape, tileCount } from "./tile-shapes.ts";

/** Errors are counted in parts of the terms' magnitudes: float32 rounds at 6e-8. */
const TOLERANCE = 1e-6;

type Sizes = readonly [rows: number, depth: number, columns: number];

function matmul([rows, depth, columns]: Sizes, transposeA: boolean, transposeB: boolean): ContractKernel {
  return {
    kind: "contract",
    contraction: { operation: "matmul" },
    a: view(0, [rows, depth], transposeA ? [1, rows] : [depth, 1]),
    b: view(1, [depth, columns], transposeB ? [1, depth] : [columns, 1]),
    epilogue: plain([rows, columns]),
  };
}

/** Every product of a matmul with a batch, one by one. */
function expected({ a, b, epilogue }: ContractKernel, [left, right]: readonly Float32Array[]): Sums {
  const sums = new Sums(size(epilogue.shape));
  const [rows, depth] = a.shape.slice(-2);
  const [columns] = b.shape.slice(-1);
  const batches = dense(a.shape.slice(0, -2));
  for (let index = 0; index < sums.values.length; index++) {
    const [batch, row, column] = [
      Math.floor(index / (rows * columns)),
      Math.floor(index / columns) % rows,
      index % columns,
    ];
    const start = (strides: readonly number[], offset: number): number =>
      batches.reduce((sum, step, axis) => sum + (Math.floor(batch / step) % a.shape[axis]) * strides[axis], offset);
    const fromA = start(a.strides, a.offset) + row * a.strides[a.shape.length - 2];
    const fromB = start(b.strides, b.offset) + column * b.strides[b.shape.length - 1];
    for (let k = 0; k < depth; k++) {
      const term = left[fromA + k * a.strides[a.shape.length - 1]] * right[fromB + k * b.strides[b.shape.length - 2]];
      sums.add(index, term);
    }
  }
  return sums;
}

const filled = (length: number): Float32Array => new Float32Array(length).fill(Number.NaN);

// vitest.config.ts says so when there is no SwiftShader.
describe.skipIf(process.env["SWIFTSHADER_FOLDER"] === undefined)("contractions on a GPU", () => {
  let harness: ProductHarness;
  // With room for two pairs of pieces at once.
  let roomy: ProductHarness;
  beforeAll(async () => {
    harness = await ProductHarness.open();
    roomy = await ProductHarness.open(2 * LEAST_WORKGROUP_BYTES);
  });
  afterAll(() => {
    harness.close();
    roomy.close();
  });

  const tile = (kernel: ContractKernel, shape: TileShape) => (context: KernelContext) => {
    const [product] = productsOf(kernel);
    const lines = new Lines();
    const memory = context.workgroupArray(
      "vec4<f32>",
      tileMemory(product, shape, context.features.workgroupBytes).vectors,
    );
    emitTile(context, lines, kernel, { product, shape, memory, number: "wg" });
    return { workgroups: tileCount(shape, product), statements: lines.text };
  };

  const skinny = (kernel: ContractKernel, shape: SkinnyShape, transposed: boolean) => (context: KernelContext) => {
    const [upright] = productsOf(kernel);
    const product = transposed ? transposeProduct(upright) : upright;
    const lines = new Lines();
    const { scalars, vectors } = skinnyMemory(product, shape);
    const memory = {
      scalars: scalars === 0 ? "" : context.workgroupArray("f32", scalars),
      vectors: vectors === 0 ? "" : context.workgroupArray("vec4<f32>", vectors),
      words: "",
    };
    emitSkinny(context, lines, kernel, { product, shape, memory, number: "wg" });
    return { workgroups: skinnyCount(shape, product), statements: lines.text };
  };

  describe.each(TILE_SHAPES.map((shape, index) => [`${shape.rows}x${shape.columns}`, shape, index] as const))(
    "tiles of %s",
    (_, shape, index) => {
      // Beyond one tile in both directions, and whole tiles; the K of several pieces, and of less than one.
      it.each<readonly [string, Sizes, boolean, boolean]>([
        ["rows and columns left over", [shape.rows + 3, 65, shape.columns + 7], index % 2 === 0, index % 3 === 0],
        ["the other orientations", [shape.rows - 1, 7, shape.columns + 1], index % 2 === 1, index % 3 !== 0],
        ["whole tiles", [shape.rows, shape.depth * 3, shape.columns * 2], false, false],
      ])("%s", async (__, sizes, transposeA, transposeB) => {
        const kernel = matmul(sizes, transposeA, transposeB);
        const arrays = [noise(sizes[0] * sizes[1], 1), noise(sizes[1] * sizes[2], 2), filled(sizes[0] * sizes[2])];
        const found = await harness.run(tile(kernel, shape), arrays);
        expect(farthest(found, expected(kernel, arrays))).toBeLessThan(TOLERANCE);
        // Sums are added in the same order, whatever room there is.
        expect(await roomy.run(tile(kernel, shape), arrays)).toEqual(found);
      });
    },
  );

  it.each<readonly [number, number, number, boolean]>([
    [1, 1, 1, false],
    [1, 32, 1, true],
    [3, 4, 2, false],
    [4, 16, 4, true],
    [7, 2, 2, true],
    [8, 8, 1, false],
    [1, 256, 1, true],
    [13, 4, 1, false],
    [16, 16, 1, true],
  ])("%i rows, %i lanes, %i columns an invocation", async (rows, lanes, threadColumns, lanesFirst) => {
    const height = rows === 1 ? 1 : Math.ceil(rows / 4) * 4 === 12 ? 16 : Math.ceil(rows / 4) * 4;
    const width = (256 / lanes) * threadColumns;
    const shape = { rows: height, width, threadColumns, lanes, chunk: 64, lanesFirst };
    // One chunk of K and a part of another; columns of two workgroups, the second of which has few.
    const sizes: Sizes = [rows, 97, width + 5];
    for (const transposed of [false, true]) {
      const [left, right] = transposed ? [sizes[2], sizes[0]] : [sizes[0], sizes[2]];
      const kernel = matmul([left, sizes[1], right], transposed, lanesFirst);
      const arrays = [noise(left * sizes[1], 3), noise(sizes[1] * right, 4), filled(left * right)];
      const found = await harness.run(skinny(kernel, shape, transposed), arrays);
      expect(farthest(found, expected(kernel, arrays))).toBeLessThan(TOLERANCE);
    }
  });

  it.each<readonly [string, Sizes]>([
    ["a recurrent step", [4, 128, 512]],
    ["its gradient", [4, 512, 128]],
    ["one row", [1, 65, 300]],
    ["attention of one head", [33, 32, 65]],
    ["the columns of two tiles", [20, 31, 150]],
  ])("one workgroup computes all of a product: %s", async (_, sizes) => {
    const kernel = matmul(sizes, false, false);
    const arrays = [noise(sizes[0] * sizes[1], 5), noise(sizes[1] * sizes[2], 6), filled(sizes[0] * sizes[2])];
    const found = await harness.run((context) => emitContraction(context, kernel), arrays, true);
    expect(farthest(found, expected(kernel, arrays))).toBeLessThan(TOLERANCE);
  });

  it("a batch along which one side stays the same, and sides that run backwards", async () => {
    const kernel: ContractKernel = {
      kind: "contract",
      contraction: { operation: "matmul" },
      a: view(0, [2, 3, 5, 7], [0, 35, -7, 1], 28),
      b: view(1, [2, 3, 7, 9], [63, 0, 9, -1], 8),
      epilogue: plain([2, 3, 5, 9]),
    };
    const arrays = [noise(105, 7), noise(126, 8), filled(270)];
    const found = await harness.run((context) => emitContraction(context, kernel), arrays);
    expect(farthest(found, expected(kernel, arrays))).toBeLessThan(TOLERANCE);
  });

  it.each([
    ["few rows", 3, 40, null],
    ["small tiles, whose slices share the epilogue", 33, 40, null],
    ["tiles of 64x64", 70, 130, 3],
    ["tiles of 128x128", 70, 130, 0],
  ])("an epilogue of few steps and one of many: %s", async (_, rows, columns, number) => {
    const kernel = matmul([rows, 9, columns], false, false);
    const arrays = [noise(rows * 9, 9), noise(9 * columns, 10), filled(rows * columns), noise(columns, 11)];
    const sums = expected(kernel, arrays);
    for (let index = 0; index < rows * columns; index++) sums.add(index, arrays[3][index % columns]);
    const bias = plus([rows, columns], [0, 1]);
    // The same value, multiplied by 1 many times.
    const long: Body = {
      ...bias,
      steps: [
        ...bias.steps,
        { kind: "constant", dtype: "float32", value: 1 },
        ...Array.from({ length: 30 }, (_, turn) => ({
          ...({ kind: "apply", dtype: "float32", operation: "mul" } as const),
          arguments: [turn === 0 ? 2 : turn + 3, 3],
        })),
      ],
      stores: bias.stores.map((store) => ({ ...store, step: 33 })),
    };
    for (const epilogue of [bias, long]) {
      const whole = { ...kernel, epilogue };
      const emit =
        number === null
          ? (context: KernelContext) => emitContraction(context, whole)
          : tile(whole, TILE_SHAPES[number]);
      expect(farthest(await harness.run(emit, arrays), sums)).toBeLessThan(TOLERANCE);
    }
  });

  it("a product over nothing is zeros, and runs the epilogue", async () => {
    const kernel = { ...matmul([2, 0, 3], false, false), epilogue: plus([2, 3], [0, 1]) };
    const arrays = [noise(1, 1), noise(1, 2), filled(6), Float32Array.of(1, 2, 3)];
    const found = await harness.run((context) => emitContraction(context, kernel), arrays);
    expect([...found]).toEqual([1, 2, 3, 1, 2, 3]);
  });

  it("parts of the depth stand one after another, the last one shorter", async () => {
    const kernel = { ...matmul([3, 200, 5], false, false), splits: 2, epilogue: plain([2, 3, 5]) };
    const arrays = [noise(600, 1), noise(1000, 2), filled(30)];
    const found = await harness.run((context) => emitContraction(context, kernel), arrays);
    // 200 / 2 is 100; parts are multiples of 64, so they have 128 and 72.
    const sums = new Sums(30);
    for (let index = 0; index < 30; index++) {
      const [row, column] = [Math.floor(index / 5) % 3, index % 5];
      for (let k = index < 15 ? 0 : 128; k < (index < 15 ? 128 : 200); k++) {
        sums.add(index, arrays[0][row * 200 + k] * arrays[1][k * 5 + column]);
      }
    }
    expect(farthest(found, sums)).toBeLessThan(TOLERANCE);
  });

  it("zeros times infinities appear only where they stand in the factors", async () => {
    // The last piece of K is not full: what lies beyond must not meet the infinity.
    const kernel = matmul([33, 17, 33], false, false);
    const arrays = [noise(33 * 17, 1), noise(17 * 33, 2), filled(33 * 33)];
    arrays[0].fill(1, 16, 17);
    arrays[1][16 * 33] = Number.POSITIVE_INFINITY;
    const found = await harness.run((context) => emitContraction(context, kernel), arrays);
    expect(found[0]).toBe(Number.POSITIVE_INFINITY);
    expect(found.filter((value) => Number.isNaN(value)).length).toBe(0);
    expect(found.filter((value) => Number.isFinite(value)).length).toBe(32 * 33);
  });
});
