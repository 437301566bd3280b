import type { View } from "../../ir.ts";
import type { FunctionBuilder, Local } from "../assembler-function.ts";
import { advance, walk } from "../pointer-loop.ts";
import { type ImageStrides, imageStrides } from "./image.ts";
import { copyFloats } from "./pack.ts";

/** The window that slides over images: which taps it has and where it stops. */
export interface SlidingWindow {
  /** Height and width of the kernel. */
  readonly kernel: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly strides: readonly [number, number];
  /** Distances in the images it slides over (staged where they need to be). */
  readonly from: ImageStrides;
}

/** A block of places where the window stops: `images` times `rows` times `width`, in this order. */
export interface Stops {
  readonly images: number;
  readonly rows: number;
  readonly width: number;
}

/** How many stops a block has: the columns of its matrix. */
export function stopCount(stops: Stops): number {
  return stops.images * stops.rows * stops.width;
}

/**
 * Cuts `images` planes of height x width stops into blocks of about `target` stops: several whole planes, or some rows of one.
 * Blocks are of nearly equal size.
 */
export function cutStops(
  images: number,
  plane: readonly [number, number],
  target: number,
): { readonly images: number; readonly rows: number } {
  const [height, width] = plane;
  const evenly = (total: number, most: number): number => {
    const pieces = Math.max(1, Math.ceil(total / Math.max(1, most)));
    return Math.max(1, Math.ceil(total / pieces));
  };
  const planes = Math.floor(target / (height * width));
  if (planes >= 1) return { images: evenly(images, planes), rows: height };
  return { images: 1, rows: evenly(height, Math.floor(target / width)) };
}

/** Whether each channel of a view [images, channels, height, width] is one dense plane. */
export function placesAdjacent(view: View): boolean {
  const [, channel, row, column] = view.strides;
  return column === 1 && row === view.shape[3] && channel >= 0;
}

/** Copies a block's places of several channels to rows `rowBytes` apart, from the first one on. Both pointers stay. */
export function copyPlaces(
  code: FunctionBuilder,
  view: View,
  rows: { readonly from: Local; readonly to: Local; readonly channels: number; readonly rowBytes: number },
  stops: Stops,
): void {
  const { image, channel, row, column } = imageStrides(view);
  const [read, write] = [code.local("i32"), code.local("i32")];
  code.get(rows.from).set(read).get(rows.to).set(write);
  const dense = column === 4 && row === stops.width * 4;
  const loops = [
    { length: rows.channels, strides: [channel, rows.rowBytes] },
    { length: stops.images, strides: [image, stops.rows * stops.width * 4] },
    { length: dense ? 1 : stops.rows, strides: [row, stops.width * 4] },
  ];
  walk(code, loops, [read, write], () => {
    const count = dense ? stops.rows * stops.width : stops.width;
    copyFloats(code, read, write, { count, from: column, to: 4 });
  });
  code.release(read, write);
}

/**
 * Walks over the taps of a window (channel, then kernel row, then kernel column) and writes for each the row of elements that it
 * meets at all stops of a block: the matrix of which a convolution is a product. Goes on where it stopped, so that a row may be cut
 * into blocks of K.
 */
export class TapWalk {
  readonly #code: FunctionBuilder;
  readonly #window: SlidingWindow;
  readonly #tap: Local;
  readonly #column: Local;
  readonly #row: Local;

  constructor(code: FunctionBuilder, window: SlidingWindow) {
    this.#code = code;
    this.#window = window;
    this.#tap = code.local("i32");
    this.#column = code.local("i32");
    this.#row = code.local("i32");
  }

  /** Goes to the first tap of the channel at address `channel`, for the block's first stop. */
  start(channel: Local): void {
    this.#code.get(channel).set(this.#tap).i32(0).set(this.#column).i32(0).set(this.#row);
  }

  /** Writes the rows of the next `taps` taps to address `target`, which stays, `rowBytes` apart. */
  write(target: Local, taps: number, stops: Stops, rowBytes: number): void {
    const code = this.#code;
    const { strides, from } = this.#window;
    const step = { row: from.row * strides[0], column: from.column * strides[1] };
    const adjacent = step.column === 4 && step.row === stops.width * 4;
    const run = adjacent ? stops.rows * stops.width : stops.width;
    const [read, write] = [code.local("i32"), code.local("i32")];
    const loops = [
      { length: stops.images, strides: [from.image, stops.rows * stops.width * 4] },
      { length: adjacent ? 1 : stops.rows, strides: [step.row, stops.width * 4] },
    ];
    walk(code, [{ length: taps, strides: [rowBytes] }], [target], () => {
      code.get(this.#tap).set(read).get(target).set(write);
      walk(code, loops, [read, write], () => {
        copyFloats(code, read, write, { count: run, from: step.column, to: 4 });
      });
      this.#next();
    });
    code.release(read, write);
  }

  #next(): void {
    const code = this.#code;
    const { kernel, dilation, from } = this.#window;
    const [down, right] = [dilation[0] * from.row, dilation[1] * from.column];
    const carry = (counter: Local, length: number, amount: number, then: () => void): void => {
      code.get(counter).i32(1).op("i32.add").tee(counter).i32(length).op("i32.eq");
      code.if(() => {
        code.i32(0).set(counter);
        advance(code, this.#tap, amount);
        then();
      });
    };
    advance(code, this.#tap, right);
    carry(this.#column, kernel[1], down - kernel[1] * right, () => {
      carry(this.#row, kernel[0], from.channel - kernel[0] * down, () => {});
    });
  }
}
