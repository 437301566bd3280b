import type { FunctionBuilder, FunctionReference, Local } from "../assembler-function.ts";
import type { KernelContext } from "../context.ts";
import { countDown, multiplyAdd } from "./outer-micro-kernel.ts";

/** What a dot-product micro-kernel is specialised for; strides are in bytes. Along k both operands are adjacent. */
export interface DotTile {
  readonly rows: number;
  readonly columns: number;
  readonly aRow: number;
  /** From a column of B to the next. */
  readonly bColumn: number;
  readonly cRow: number;
  readonly cColumn: number;
  /** What is left of K after whole groups of eight: 0 ... 7. */
  readonly tail: number;
}

/** Products that one turn of the loop adds to an element: two vectors, which V8 makes one of 256 bits. */
const LANES = 8;

/** Bytes of partial sums that a tile writes out before it adds them across lanes. */
export function dotSpillBytes(rows: number, columns: number): number {
  return rows * columns * LANES * 4;
}

/**
 * The routine (a, b, c, count, accumulate, spill): C[rows, columns] = or += A[rows, count + tail] B[count + tail, columns], where a, b
 * and c are addresses, count is a multiple of 8, and spill is the address of {@link dotSpillBytes}. Term k of an element goes to
 * partial sum k mod 8; these are added as ((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7)). Nothing beyond an operand's end is read.
 */
export function dotMicroKernel(context: KernelContext, tile: DotTile): FunctionReference {
  const key = `dot ${tile.rows}x${tile.columns} a ${tile.aRow} b ${tile.bColumn} c ${tile.cRow} ${tile.cColumn} tail ${tile.tail}`;
  return context.routine(key, ["i32", "i32", "i32", "i32", "i32", "i32"], (code) => {
    writeDotMicroKernel(code, tile, context.features.fma);
  });
}

function writeDotMicroKernel(code: FunctionBuilder, tile: DotTile, fma: boolean): void {
  const { rows, columns } = tile;
  const [a, b, , count] = code.parameters as readonly [Local, Local, Local, Local];
  const pair = (): readonly [Local, Local] => [code.local("v128"), code.local("v128")];
  const sums = Array.from({ length: rows * columns }, pair);
  const left = Array.from({ length: rows }, pair);
  const right = pair();
  for (const sum of sums.flat()) code.f32x4(0).set(sum);

  const step = (halves: number, load: (address: Local, offset: number, half: number) => void): void => {
    left.forEach((vectors, row) => {
      for (let half = 0; half < halves; half++) {
        load(a, row * tile.aRow, half);
        code.set(vectors[half]);
      }
    });
    for (let column = 0; column < columns; column++) {
      for (let half = 0; half < halves; half++) {
        load(b, column * tile.bColumn, half);
        code.set(right[half]);
      }
      for (let row = 0; row < rows; row++) {
        const sum = sums[row * columns + column];
        for (let half = 0; half < halves; half++) multiplyAdd(code, left[row][half], right[half], sum[half], fma);
      }
    }
  };
  countDown(code, count, LANES, () => {
    step(2, (address, offset, half) => code.get(address).memory("v128.load", offset + half * 16));
    code
      .get(a)
      .i32(LANES * 4)
      .op("i32.add")
      .set(a);
    code
      .get(b)
      .i32(LANES * 4)
      .op("i32.add")
      .set(b);
  });
  if (tile.tail > 0) {
    step(tile.tail > 4 ? 2 : 1, (address, offset, half) => {
      loadPart(code, address, offset + half * 16, Math.min(4, tile.tail - half * 4));
    });
  }
  writeSums(code, tile, sums);
}

/** Pushes a vector whose first `lanes` (1 ... 4) floats come from memory, the rest being 0. */
function loadPart(code: FunctionBuilder, address: Local, offset: number, lanes: number): void {
  code.get(address);
  if (lanes === 4) code.memory("v128.load", offset);
  else if (lanes === 1) code.memory("v128.load32_zero", offset);
  else if (lanes === 2) code.memory("v128.load64_zero", offset);
  else
    code
      .get(address)
      .memory("v128.load64_zero", offset)
      .memoryLane("v128.load32_lane", 2, offset + 8);
}

/** The partial sums go through memory because V8 looks for operations to fuse from pairs of stores on. */
function writeSums(code: FunctionBuilder, tile: DotTile, sums: readonly (readonly [Local, Local])[]): void {
  const [, , c, , accumulate, spill] = code.parameters as readonly [Local, Local, Local, Local, Local, Local];
  sums.forEach((sum, index) => {
    for (const half of [0, 1] as const) {
      code
        .get(spill)
        .get(sum[half])
        .memory("v128.store", index * LANES * 4 + half * 16);
    }
  });
  const vector = code.local("v128");
  const total = code.local("f32");
  sums.forEach((_, index) => {
    const offset = Math.floor(index / tile.columns) * tile.cRow + (index % tile.columns) * tile.cColumn;
    for (const half of [0, 16]) code.get(spill).memory("v128.load", index * LANES * 4 + half);
    code.op("f32x4.add").tee(vector).get(vector).get(vector).shuffle32(2, 3, 0, 1).op("f32x4.add").tee(vector);
    code.lane("f32x4.extract_lane", 0).get(vector).lane("f32x4.extract_lane", 1).op("f32.add").set(total);
    code.get(accumulate);
    code.if(() => code.get(total).get(c).memory("f32.load", offset).op("f32.add").set(total));
    code.get(c).get(total).memory("f32.store", offset);
  });
}
