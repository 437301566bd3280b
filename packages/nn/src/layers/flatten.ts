import type { Tensor } from "@tributary/autograd";
import { Module } from "../module.ts";

/** Dimensions startDim ... endDim made one. By default all but the sample's. */
export class Flatten extends Module {
  readonly startDim: number;
  readonly endDim: number;

  constructor(startDim = 1, endDim = -1) {
    super();
    this.startDim = startDim;
    this.endDim = endDim;
  }

  override forward(x: Tensor): Tensor {
    return x.flatten(this.startDim, this.endDim);
  }
}
