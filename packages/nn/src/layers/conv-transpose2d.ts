import { convTranspose2d, type Pair, type Tensor, type TransposedConvolutionOptions } from "@tributary/autograd";
import { Module } from "../module.ts";
import type { Parameter } from "../parameter.ts";
import { type KernelOptions, kernelParameters } from "./kernel-parameters.ts";
import { overChannels, requireForm } from "./sample-shape.ts";

/** Options of {@link ConvTranspose2d}: stride, padding, outputPadding, dilation, groups, and those of its kernel. */
export interface ConvTranspose2dOptions extends TransposedConvolutionOptions, KernelOptions {}

/**
 * The gradient of a convolution as a layer of its own, which makes images larger. x [M, in, H, W] -> [M, out, OH, OW] with
 * OH = (H - 1) stride - 2 padding + dilation (KH - 1) + outputPadding + 1; `weight` is [in, out / groups, KH, KW], `bias` [out].
 */
export class ConvTranspose2d extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | null;
  readonly options: TransposedConvolutionOptions;
  readonly inChannels: number;

  /** @throws NnError INVALID_OPTION */
  constructor(inChannels: number, outChannels: number, kernelSize: Pair, options: ConvTranspose2dOptions = {}) {
    super();
    const { bias = true, weightInitialiser, biasInitialiser, ...geometry } = options;
    const groups = geometry.groups ?? 1;
    const [height, width] = typeof kernelSize === "number" ? [kernelSize, kernelSize] : kernelSize;
    const shape = [inChannels, outChannels / groups, height, width];
    const kernel = kernelParameters("ConvTranspose2d", { inChannels, outChannels, groups, shape }, options);
    this.weight = kernel.weight;
    this.bias = kernel.bias;
    this.options = geometry;
    this.inChannels = inChannels;
  }

  /** @throws NnError SHAPE_MISMATCH; AutogradError INVALID_ARGUMENT unless outputPadding is less than the stride */
  override forward(x: Tensor): Tensor {
    requireForm("ConvTranspose2d", x, ["samples", this.inChannels, "height", "width"]);
    const y = convTranspose2d(x, this.weight.value, this.options);
    return this.bias === null ? y : y.add(overChannels(this.bias.value, 4));
  }
}
