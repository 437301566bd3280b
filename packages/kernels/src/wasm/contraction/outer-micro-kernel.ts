import type { FunctionBuilder, FunctionReference, Local } from "../assembler-function.ts";
import type { KernelContext } from "../context.ts";

/** What an outer-product micro-kernel is specialised for; strides are in bytes and at least 0. */
export interface OuterTile {
  readonly rows: number;
  /** Vectors of four columns. */
  readonly vectors: number;
  /** From a row of A to the next, and from one k to the next. */
  readonly aRow: number;
  readonly aStep: number;
  /** From one k of B to the next; its columns are adjacent. */
  readonly bStep: number;
  /** From a row of C to the next; its columns are adjacent. */
  readonly cRow: number;
}

/** Steps of k written out one after the other. */
const UNROLL = 4;

/**
 * The routine (a, b, c, count, accumulate): C[rows, 4 vectors] = or += A[rows, count] B[count, 4 vectors], where a, b and c are
 * addresses and accumulate is 0 or 1. Each element is one chain of multiply-adds from 0, added to C at the end. Columns
 * are read and written in whole vectors: what lies beyond the last column of interest is computed too.
 */
export function outerMicroKernel(
  context: Pick<KernelContext, "features" | "routine">,
  tile: OuterTile,
): FunctionReference {
  const { rows, vectors, aRow, aStep, bStep, cRow } = tile;
  const key = `outer ${rows}x${vectors * 4} a ${aRow} ${aStep} b ${bStep} c ${cRow}`;
  return context.routine(key, ["i32", "i32", "i32", "i32", "i32"], (code) => {
    writeOuterMicroKernel(code, tile, context.features.fma);
  });
}

function writeOuterMicroKernel(code: FunctionBuilder, tile: OuterTile, fma: boolean): void {
  const { rows, vectors, aStep, bStep } = tile;
  const [a, b, , count] = code.parameters;
  const sums = Array.from({ length: rows * vectors }, () => code.local("v128"));
  const [splat, ...columns] = Array.from({ length: vectors + 1 }, () => code.local("v128"));
  for (const sum of sums) code.f32x4(0).set(sum);

  const steps = (number: number): void => {
    for (let step = 0; step < number; step++) {
      columns.forEach((column, vector) => {
        code
          .get(b)
          .memory("v128.load", step * bStep + vector * 16)
          .set(column);
      });
      for (let row = 0; row < rows; row++) {
        code
          .get(a)
          .memory("v128.load32_splat", row * tile.aRow + step * aStep)
          .set(splat);
        for (let vector = 0; vector < vectors; vector++) {
          multiplyAdd(code, splat, columns[vector], sums[row * vectors + vector], fma);
        }
      }
    }
    code
      .get(a)
      .i32(number * aStep)
      .op("i32.add")
      .set(a);
    code
      .get(b)
      .i32(number * bStep)
      .op("i32.add")
      .set(b);
  };
  countDown(code, count, UNROLL, () => steps(UNROLL));
  countDown(code, count, 1, () => steps(1));
  writeTile(code, tile, sums);
}

/** sum += left * right: fused where the machine can, with the arithmetic class saying so. */
export function multiplyAdd(code: FunctionBuilder, left: Local, right: Local, sum: Local, fma: boolean): void {
  if (fma) code.get(left).get(right).get(sum).op("f32x4.relaxed_madd").set(sum);
  else code.get(sum).get(left).get(right).op("f32x4.mul").op("f32x4.add").set(sum);
}

/** while (count >= step) { body; count -= step } */
export function countDown(code: FunctionBuilder, count: Local, step: number, body: () => void): void {
  code.get(count).i32(step).op("i32.ge_s");
  code.if(() => {
    code.loop((again) => {
      body();
      code.get(count).i32(step).op("i32.sub").tee(count).i32(step).op("i32.ge_s").brIf(again);
    });
  });
}

function writeTile(code: FunctionBuilder, tile: OuterTile, sums: readonly Local[]): void {
  const c = code.parameters[2];
  const accumulate = code.parameters[4];
  const each = (body: (sum: Local, offset: number) => void): void => {
    sums.forEach((sum, index) => {
      const row = Math.floor(index / tile.vectors);
      body(sum, row * tile.cRow + (index % tile.vectors) * 16);
    });
  };
  code.get(accumulate);
  code.if(
    () =>
      each((sum, offset) =>
        code.get(c).get(c).memory("v128.load", offset).get(sum).op("f32x4.add").memory("v128.store", offset),
      ),
    () => each((sum, offset) => code.get(c).get(sum).memory("v128.store", offset)),
  );
}
