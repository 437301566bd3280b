import type { PoolingOptions, Tensor } from "@tributary/autograd";
import { Module } from "../module.ts";
import { requireForm } from "./sample-shape.ts";

/** Options of {@link MaxPool1d}; defaults as PyTorch's. */
export interface MaxPool1dOptions {
  /** Default: the window's length. */
  readonly stride?: number;
  /** Places on each side that never win; at most half of the window. Default 0. */
  readonly padding?: number;
  /** Default 1. */
  readonly dilation?: number;
  /** Whether a last window that begins inside but goes over the end counts. Default false. */
  readonly ceilMode?: boolean;
}

/** Largest of each window. x [M, C, L] -> [M, C, OL]; the first one wins ties. */
export class MaxPool1d extends Module {
  readonly kernelSize: number;
  /** As in an image of one row. */
  readonly options: PoolingOptions;

  constructor(kernelSize: number, options: MaxPool1dOptions = {}) {
    super();
    const { stride = kernelSize, padding = 0, dilation = 1, ceilMode = false } = options;
    this.kernelSize = kernelSize;
    this.options = { stride: [1, stride], padding: [0, padding], dilation: [1, dilation], ceilMode };
  }

  /** @throws NnError SHAPE_MISMATCH; AutogradError INVALID_ARGUMENT when the padding is more than half of the window */
  override forward(x: Tensor): Tensor {
    requireForm("MaxPool1d", x, ["samples", "channels", "length"]);
    return x.unsqueeze(2).maxPool2d([1, this.kernelSize], this.options).squeeze(2);
  }
}
