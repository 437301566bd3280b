import type { FunctionBuilder, Local } from "../assembler-function.ts";
import type { KernelContext } from "../context.ts";
import { advance, walk } from "../pointer-loop.ts";
import { WindowTaps } from "../window-taps.ts";
import type { SlidingWindow, Stops } from "./columns.ts";
import type { SlidingConvolution } from "./convolution-geometry.ts";
import { multiplyAdd } from "./outer-micro-kernel.ts";

/** Taps whose weights wait in registers, or near them. */
const TAPS_MAX = 25;

const LANES = 4;

/** Adjacent vectors of places computed together: one fused pair. */
const PAIR = 2;

/** Whether each channel has a window of its own that slides alone, by one or two columns at a time. */
export function isDepthwise({ rows, channels, kernel, strides }: SlidingConvolution): boolean {
  return rows === 1 && channels === 1 && kernel[0] * kernel[1] <= TAPS_MAX && strides[1] <= 2;
}

/** Addresses: the channel's first element at the first stop, its taps one after the other, and where sums go, adjacent. */
export interface DepthwisePointers {
  readonly image: Local;
  readonly weights: Local;
  readonly sums: Local;
}

/**
 * The sums of one channel at a block of stops, without a matrix of columns: each tap's weight times four places at a time. Taps
 * are added in their order, as in the product that other convolutions are. All pointers stay; up to 12 bytes beyond the last sum
 * are written, and up to 28 beyond the last element are read where the window goes two columns at a time (12 otherwise).
 */
export function depthwiseSums(
  context: KernelContext,
  window: SlidingWindow,
  pointers: DepthwisePointers,
  stops: Stops,
): void {
  const code = context.body;
  const { from, strides, kernel } = window;
  const weights = Array.from({ length: kernel[0] * kernel[1] }, (_, tap) => {
    const weight = code.local("v128");
    code
      .get(pointers.weights)
      .memory("v128.load32_splat", tap * 4)
      .set(weight);
    return weight;
  });
  const [read, write] = [code.local("i32"), code.local("i32")];
  code.get(pointers.image).set(read).get(pointers.sums).set(write);
  const rowBytes = stops.width * 4;
  const loops = [
    { length: stops.images, strides: [from.image, stops.rows * rowBytes] },
    { length: stops.rows, strides: [from.row * strides[0], rowBytes] },
  ];
  const fma = context.features.fma;
  walk(code, loops, [read, write], () => {
    // What the last vector writes beyond the row is written again with the next row.
    const pairs = Math.floor(stops.width / (PAIR * LANES));
    const step = PAIR * LANES * 4;
    walk(code, [{ length: pairs, strides: [step * strides[1], step] }], [read, write], () => {
      placeSums(code, window, weights, { read, write, vectors: PAIR, fma });
    });
    const rest = Math.ceil((stops.width - pairs * PAIR * LANES) / LANES);
    if (rest === 0) return;
    advance(code, read, pairs * step * strides[1]);
    advance(code, write, pairs * step);
    placeSums(code, window, weights, { read, write, vectors: rest, fma });
    advance(code, read, -pairs * step * strides[1]);
    advance(code, write, -pairs * step);
  });
  code.release(read, write, ...weights);
}

function placeSums(
  code: FunctionBuilder,
  window: SlidingWindow,
  weights: readonly Local[],
  part: { readonly read: Local; readonly write: Local; readonly vectors: number; readonly fma: boolean },
): void {
  const { kernel, dilation, strides, from } = window;
  const sums = Array.from({ length: part.vectors }, () => code.local("v128"));
  const taps = sums.map(() => new WindowTaps(code, part.read, strides[1], LANES));
  for (const sum of sums) code.f32x4(0).set(sum);
  for (let row = 0; row < kernel[0]; row++) {
    for (let column = 0; column < kernel[1]; column++) {
      const offset = row * dilation[0] * from.row + column * dilation[1] * 4;
      const loaded = taps.map((tap, vector) => tap.load(offset + vector * LANES * 4 * strides[1]));
      for (const [vector, tap] of loaded.entries()) {
        multiplyAdd(code, weights[row * kernel[1] + column], tap, sums[vector], part.fma);
      }
    }
  }
  for (const [vector, sum] of sums.entries()) {
    code
      .get(part.write)
      .get(sum)
      .memory("v128.store", vector * LANES * 4);
  }
  for (const tap of taps) tap.release();
  code.release(...sums);
}
