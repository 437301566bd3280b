import type { ConvolutionOptions, Pair, Tensor } from "@tributary/autograd";
import { Module } from "../module.ts";
import type { Parameter } from "../parameter.ts";
import { type KernelOptions, kernelParameters } from "./kernel-parameters.ts";
import { overChannels, requireForm } from "./sample-shape.ts";

/** Options of {@link Conv2d}: stride, padding (numbers, "same" or "valid"), dilation, groups, and those of its kernel. */
export interface Conv2dOptions extends ConvolutionOptions, KernelOptions {}

/**
 * Cross-correlation of images. x [M, in, H, W] -> [M, out, OH, OW]; `weight` is [out, in / groups, KH, KW], `bias` [out].
 */
export class Conv2d extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | null;
  readonly options: ConvolutionOptions;
  readonly inChannels: number;

  /** @throws NnError INVALID_OPTION */
  constructor(inChannels: number, outChannels: number, kernelSize: Pair, options: Conv2dOptions = {}) {
    super();
    const { bias = true, weightInitialiser, biasInitialiser, ...geometry } = options;
    const groups = geometry.groups ?? 1;
    const [height, width] = typeof kernelSize === "number" ? [kernelSize, kernelSize] : kernelSize;
    const shape = [outChannels, inChannels / groups, height, width];
    const kernel = kernelParameters("Conv2d", { inChannels, outChannels, groups, shape }, options);
    this.weight = kernel.weight;
    this.bias = kernel.bias;
    this.options = geometry;
    this.inChannels = inChannels;
  }

  /** @throws NnError SHAPE_MISMATCH */
  override forward(x: Tensor): Tensor {
    requireForm("Conv2d", x, ["samples", this.inChannels, "height", "width"]);
    const y = x.conv2d(this.weight.value, this.options);
    return this.bias === null ? y : y.add(overChannels(this.bias.value, 4));
  }
}
