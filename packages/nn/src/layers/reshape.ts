import type { Tensor } from "@tributary/autograd";
import type { Shape } from "@tributary/program";
import { Module } from "../module.ts";

/** The elements of each sample under another shape: x [M, ...] -> [M, ...shape]. One dimension may be -1: what is left. */
export class Reshape extends Module {
  readonly shape: Shape;

  /** @param shape of a sample, without the leading dimension of samples */
  constructor(shape: Shape) {
    super();
    this.shape = [...shape];
  }

  /** @throws AutogradError SHAPE_MISMATCH, INVALID_ARGUMENT when the elements do not fill it */
  override forward(x: Tensor): Tensor {
    return x.reshape([x.size(0), ...this.shape]);
  }
}
