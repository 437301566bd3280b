import type { Pair, Tensor } from "@tributary/autograd";
import { Module } from "../module.ts";
import { averageWindows, pairOf } from "./average-windows.ts";
import { resampled, type Source } from "./resampling.ts";
import { requireForm, requireWhole } from "./sample-shape.ts";

/** Windows of PyTorch's adaptive pooling: output i averages floor(i L / out) to before ceil((i + 1) L / out). */
function adaptiveSources(size: number, out: number): Source[] {
  return Array.from({ length: out }, (_, index) => {
    const start = Math.floor((index * size) / out);
    const count = Math.ceil(((index + 1) * size) / out) - start;
    return { start, weights: Array.from({ length: count }, () => 1 / count) };
  });
}

/** Means of as many windows as the output has places, whatever the input's size. x [M, C, H, W] -> [M, C, OH, OW]. */
export class AdaptiveAvgPool2d extends Module {
  readonly outputSize: readonly [number, number];

  /** @throws NnError INVALID_OPTION */
  constructor(outputSize: Pair) {
    super();
    this.outputSize = pairOf(outputSize);
    const [height, width] = this.outputSize;
    requireWhole("AdaptiveAvgPool2d", 1, { height, width });
  }

  /** @throws NnError SHAPE_MISMATCH */
  override forward(x: Tensor): Tensor {
    requireForm("AdaptiveAvgPool2d", x, ["samples", "channels", "height", "width"]);
    const [height, width] = this.outputSize;
    const [rows, columns] = [x.size(2), x.size(3)];
    if (rows % height !== 0 || columns % width !== 0) {
      return resampled(x, adaptiveSources(rows, height), adaptiveSources(columns, width));
    }
    const windowOf = (taps: number) => ({ taps, stride: taps, padding: 0, ceilMode: false, countIncludePad: true });
    return averageWindows(x, windowOf(rows / height), windowOf(columns / width));
  }
}
