import type { Tensor } from "@tributary/autograd";
import { Module } from "../module.ts";
import { requireForm } from "./sample-shape.ts";

/** Mean of each channel: x [M, C, H, W] -> [M, C], as Keras's GlobalAveragePooling2D; AdaptiveAvgPool2d(1) keeps [M, C, 1, 1]. */
export class GlobalAvgPool2d extends Module {
  /** @throws NnError SHAPE_MISMATCH */
  override forward(x: Tensor): Tensor {
    requireForm("GlobalAvgPool2d", x, ["samples", "channels", "height", "width"]);
    return x.mean([2, 3]);
  }
}

/** Largest of each channel: x [M, C, H, W] -> [M, C], as Keras's GlobalMaxPooling2D; ties share the derivative evenly. */
export class GlobalMaxPool2d extends Module {
  /** @throws NnError SHAPE_MISMATCH */
  override forward(x: Tensor): Tensor {
    requireForm("GlobalMaxPool2d", x, ["samples", "channels", "height", "width"]);
    return x.amax([2, 3]);
  }
}
