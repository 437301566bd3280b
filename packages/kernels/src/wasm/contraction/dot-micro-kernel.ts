import type { FunctionBuilder, FunctionReference, Local } from "../assembler-function.ts";
import type { KernelContext } from "../context.ts";
import { loadLanes, storeLanes } from "../lanes.ts";
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
  const [a, b, , count] = code.parameters;
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
  const spill = code.parameters[5];
  sums.forEach((sum, index) => {
    for (const half of [0, 1] as const) {
      code
        .get(spill)
        .get(sum[half])
        .memory("v128.store", index * LANES * 4 + half * 16);
    }
  });
  for (let row = 0; row < tile.rows; row++) {
    for (let column = 0; column < tile.columns; column += 4) {
      writeElements(code, tile, row, column, Math.min(4, tile.columns - column));
    }
  }
}

/** Adds the partial sums of up to four neighbours at once: a transposition with an addition at each of its steps. */
function writeElements(code: FunctionBuilder, tile: DotTile, row: number, column: number, count: number): void {
  const [, , c, , accumulate, spill] = code.parameters;
  const [left, right, total] = [code.local("v128"), code.local("v128"), code.local("v128")];
  const pushSum = (element: number): void => {
    const index = row * tile.columns + column + Math.min(element, count - 1);
    for (const half of [0, 16]) code.get(spill).memory("v128.load", index * LANES * 4 + half);
    code.op("f32x4.add");
  };
  /** Of two vectors: [a0 + a2, b0 + b2, a1 + a3, b1 + b3]. */
  const fold = (element: number, into: Local): void => {
    const [a, b] = [code.local("v128"), code.local("v128")];
    pushSum(element);
    code.set(a);
    pushSum(element + 1);
    code.set(b).get(a).get(b).shuffle32(0, 4, 1, 5).get(a).get(b).shuffle32(2, 6, 3, 7).op("f32x4.add").set(into);
    code.release(a, b);
  };
  fold(0, left);
  if (count > 2) fold(2, right);
  else code.get(left).set(right);
  code.get(left).get(right).shuffle32(0, 1, 4, 5).get(left).get(right).shuffle32(2, 3, 6, 7).op("f32x4.add").set(total);
  const offset = row * tile.cRow + column * tile.cColumn;
  const lanes = { dtype: "float32", stride: tile.cColumn / 4, vector: 0, count, offset } as const;
  code.get(accumulate);
  code.if(() => {
    if (tile.cColumn === 4) loadPart(code, c, offset, count);
    else loadLanes(code, c, lanes);
    code.get(total).op("f32x4.add").set(total);
  });
  storeLanes(code, c, total, lanes);
  code.release(left, right, total);
}
