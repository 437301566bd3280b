import { showShape } from "@tributary/program";
import { AutogradError } from "../errors.ts";
import * as op from "../primitives.ts";
import type { Value } from "../value.ts";
import { asFloat } from "./promotion.ts";

/** One number for height and width, or [height, width]. */
export type Pair = number | readonly [number, number];

/** How a kernel goes over an image; defaults as PyTorch's. */
export interface ConvolutionOptions {
  /** Default 1. */
  readonly stride?: Pair;
  /** Zeros on each side, or "same": the output has the input's size (stride 1 only; what is odd goes to the bottom and right). Default 0. */
  readonly padding?: Pair | "same";
  /** Distance between the kernel's taps. Default 1. */
  readonly dilation?: Pair;
  /** Channels are cut into this many groups that do not see each other. Default 1. */
  readonly groups?: number;
}

/** How a window goes over an image; defaults as PyTorch's. */
export interface PoolingOptions {
  /** Default: the window's size. */
  readonly stride?: Pair;
  /** Places on each side that never win; at most half of the window. Default 0. */
  readonly padding?: Pair;
  /** Default 1. */
  readonly dilation?: Pair;
}

type Sides = readonly [readonly [number, number], readonly [number, number]];

function pairOf(pair: Pair): readonly [number, number] {
  return typeof pair === "number" ? [pair, pair] : pair;
}

function evenSides(pair: Pair): Sides {
  const [height, width] = pairOf(pair);
  return [
    [height, height],
    [width, width],
  ];
}

/** Zeros that keep the size: dilation (taps - 1) in all, the larger half after. */
function sameSides(kernel: Value, dilation: readonly [number, number]): Sides {
  const side = (axis: 0 | 1): readonly [number, number] => {
    const total = dilation[axis] * ((kernel.shape[2 + axis] ?? 1) - 1);
    return [Math.floor(total / 2), Math.ceil(total / 2)];
  };
  return [side(0), side(1)];
}

/** Cross-correlation of x [N, C, H, W] with a kernel [O, C / groups, KH, KW] -> [N, O, OH, OW]. @throws AutogradError INVALID_ARGUMENT; ProgramError when sizes do not fit */
export function conv2d(x: Value, kernel: Value, options: ConvolutionOptions): Value {
  const { stride = 1, padding = 0, groups = 1 } = options;
  const [strides, dilation] = [pairOf(stride), pairOf(options.dilation ?? 1)];
  if (padding === "same" && (strides[0] !== 1 || strides[1] !== 1)) {
    throw new AutogradError(
      "INVALID_ARGUMENT",
      `conv2d: padding "same" keeps the size, which stride [${strides.join(", ")}] does not: give the padding in numbers`,
    );
  }
  const sides = padding === "same" ? sameSides(kernel, dilation) : evenSides(padding);
  return op.convolution(asFloat("conv2d", x), kernel, { strides, padding: sides, dilation, groups });
}

/** The largest of each window of x [N, C, H, W]. @throws AutogradError INVALID_ARGUMENT */
export function maxPool2d(x: Value, window: Pair, options: PoolingOptions): Value {
  const size = pairOf(window);
  const padding = pairOf(options.padding ?? 0);
  if (padding[0] * 2 > size[0] || padding[1] * 2 > size[1]) {
    throw new AutogradError(
      "INVALID_ARGUMENT",
      `maxPool2d: padding ${showShape(padding)} is more than half of the window ${showShape(size)}: use less, or a larger window`,
    );
  }
  const [largest = x] = op.maxPool(asFloat("maxPool2d", x), {
    window: size,
    strides: pairOf(options.stride ?? window),
    padding: evenSides(padding),
    dilation: pairOf(options.dilation ?? 1),
  });
  return largest;
}
