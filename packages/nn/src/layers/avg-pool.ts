import type { Pair, Tensor } from "@tributary/autograd";
import { Module } from "../module.ts";
import { type AverageWindow, averageWindows, pairOf } from "./average-windows.ts";
import { requireForm, requireWhole } from "./sample-shape.ts";

/** What {@link AvgPool1d} and {@link AvgPool2d} have in common. */
interface AverageOptions {
  /** Whether a last window that begins inside but goes over the end counts. Default false. */
  readonly ceilMode?: boolean;
  /** Whether zeros of the padding count in the divisor. Default true. */
  readonly countIncludePad?: boolean;
}

/** Options of {@link AvgPool1d}; defaults as PyTorch's. */
export interface AvgPool1dOptions extends AverageOptions {
  /** Default: the window's length. */
  readonly stride?: number;
  /** Zeros on each side; at most half of the window. Default 0. */
  readonly padding?: number;
}

/** Options of {@link AvgPool2d}; defaults as PyTorch's. */
export interface AvgPool2dOptions extends AverageOptions {
  /** Default: the window's size. */
  readonly stride?: Pair;
  /** Zeros on each side; at most half of the window. Default 0. */
  readonly padding?: Pair;
}

/** A window of one element: what an axis that is not pooled has. */
const SINGLE: AverageWindow = { taps: 1, stride: 1, padding: 0, ceilMode: false, countIncludePad: true };

function windowOf(
  owner: string,
  taps: number,
  stride: number,
  padding: number,
  options: AverageOptions,
): AverageWindow {
  requireWhole(owner, 1, { kernelSize: taps, stride });
  requireWhole(owner, 0, { padding });
  const { ceilMode = false, countIncludePad = true } = options;
  return { taps, stride, padding, ceilMode, countIncludePad };
}

/** Mean of each window. x [M, C, L] -> [M, C, OL]. */
export class AvgPool1d extends Module {
  readonly window: AverageWindow;

  /** @throws NnError INVALID_OPTION */
  constructor(kernelSize: number, options: AvgPool1dOptions = {}) {
    super();
    const { stride = kernelSize, padding = 0 } = options;
    this.window = windowOf("AvgPool1d", kernelSize, stride, padding, options);
  }

  /** @throws NnError SHAPE_MISMATCH */
  override forward(x: Tensor): Tensor {
    requireForm("AvgPool1d", x, ["samples", "channels", "length"]);
    return averageWindows(x.unsqueeze(2), SINGLE, this.window).squeeze(2);
  }
}

/** Mean of each window. x [M, C, H, W] -> [M, C, OH, OW]. */
export class AvgPool2d extends Module {
  readonly rows: AverageWindow;
  readonly columns: AverageWindow;

  /** @throws NnError INVALID_OPTION */
  constructor(kernelSize: Pair, options: AvgPool2dOptions = {}) {
    super();
    const [height, width] = pairOf(kernelSize);
    const [rowStride, columnStride] = pairOf(options.stride ?? kernelSize);
    const [rowPadding, columnPadding] = pairOf(options.padding ?? 0);
    this.rows = windowOf("AvgPool2d", height, rowStride, rowPadding, options);
    this.columns = windowOf("AvgPool2d", width, columnStride, columnPadding, options);
  }

  /** @throws NnError SHAPE_MISMATCH */
  override forward(x: Tensor): Tensor {
    requireForm("AvgPool2d", x, ["samples", "channels", "height", "width"]);
    return averageWindows(x, this.rows, this.columns);
  }
}
