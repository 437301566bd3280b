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
  /** Zeros on each side; "valid" is none; "same" keeps the input's size (stride 1 only; what is odd goes to the bottom and right). Default 0. */
  readonly padding?: Pair | "same" | "valid";
  /** Distance between the kernel's taps. Default 1. */
  readonly dilation?: Pair;
  /** Channels are cut into this many groups that do not see each other. Default 1. */
  readonly groups?: number;
}

/** How a transposed convolution goes; defaults as PyTorch's. */
export interface TransposedConvolutionOptions {
  /** Distance of the places to which neighbouring elements are spread. Default 1. */
  readonly stride?: Pair;
  /** Rows and columns that are cut from each side of the output. Default 0. */
  readonly padding?: Pair;
  /** Rows and columns more at the bottom and right, fewer than the stride: several sizes shrink to one. Default 0. */
  readonly outputPadding?: Pair;
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
  /** Whether a last window that begins inside but goes over the end counts. Default false. */
  readonly ceilMode?: boolean;
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
  const sides = padding === "same" ? sameSides(kernel, dilation) : evenSides(padding === "valid" ? 0 : padding);
  return op.convolution(asFloat("conv2d", x), kernel, { strides, padding: sides, dilation, groups });
}

/**
 * Each element of x [N, C, H, W] spread over a kernel [C, O / groups, KH, KW] -> [N, O, OH, OW]: the gradient of the
 * convolution with these options. OH = (H - 1) stride - 2 padding + dilation (KH - 1) + outputPadding + 1.
 * @throws AutogradError INVALID_ARGUMENT; ProgramError when channels do not fit
 */
export function convTranspose2d(x: Value, kernel: Value, options: TransposedConvolutionOptions): Value {
  const strides = pairOf(options.stride ?? 1);
  const [padding, extra] = [pairOf(options.padding ?? 0), pairOf(options.outputPadding ?? 0)];
  const dilation = pairOf(options.dilation ?? 1);
  if (extra[0] >= strides[0] || extra[1] >= strides[1]) {
    throw new AutogradError(
      "INVALID_ARGUMENT",
      `convTranspose2d: outputPadding ${showShape(extra)} must be less than the stride ${showShape(strides)}: use less`,
    );
  }
  const sizeOf = (axis: 0 | 1): number => {
    const taps = dilation[axis] * ((kernel.shape[2 + axis] ?? 1) - 1);
    return ((x.shape[2 + axis] ?? 1) - 1) * strides[axis] - 2 * padding[axis] + taps + extra[axis] + 1;
  };
  const inputSize = [sizeOf(0), sizeOf(1)] as const;
  const geometry = { strides, padding: evenSides(padding), dilation, groups: options.groups ?? 1, inputSize };
  return op.convolutionInputGradient(asFloat("convTranspose2d", x), kernel, geometry);
}

/** Zeros more after one side, so that a window which begins inside but goes over the end counts. Source: PyTorch's pooling_output_shape. */
function ceilExtra(size: number, window: number, stride: number, padding: number, dilation: number): number {
  const reach = dilation * (window - 1) + 1;
  const places = Math.ceil((size + 2 * padding - reach) / stride) + 1;
  const begun = (places - 1) * stride < size + padding ? places : places - 1;
  return Math.max(0, (begun - 1) * stride + reach - size - 2 * padding);
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
  const [strides, dilation] = [pairOf(options.stride ?? window), pairOf(options.dilation ?? 1)];
  const side = (axis: 0 | 1): readonly [number, number] => {
    const [low, height] = [padding[axis], x.shape[2 + axis] ?? 0];
    const more = options.ceilMode === true ? ceilExtra(height, size[axis], strides[axis], low, dilation[axis]) : 0;
    return [low, low + more];
  };
  const sides: Sides = [side(0), side(1)];
  const [largest = x] = op.maxPool(asFloat("maxPool2d", x), { window: size, strides, padding: sides, dilation });
  return largest;
}
