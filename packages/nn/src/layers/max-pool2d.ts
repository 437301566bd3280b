import type { Pair, PoolingOptions, Tensor } from "@tributary/autograd";
import { Module } from "../module.ts";

/** Largest of each window. x [M, C, H, W] -> [M, C, OH, OW]; the first one wins ties. The stride is the window unless given. */
export class MaxPool2d extends Module {
  readonly kernelSize: Pair;
  readonly options: PoolingOptions;

  constructor(kernelSize: Pair, options: PoolingOptions = {}) {
    super();
    this.kernelSize = kernelSize;
    this.options = options;
  }

  /** @throws AutogradError INVALID_ARGUMENT when the padding is more than half of the window */
  override forward(x: Tensor): Tensor {
    return x.maxPool2d(this.kernelSize, this.options);
  }
}
