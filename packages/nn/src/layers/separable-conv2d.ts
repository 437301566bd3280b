import type { Pair, Tensor } from "@tributary/autograd";
import { requireOption } from "../errors.ts";
import { Module } from "../module.ts";
import { Conv2d, type Conv2dOptions } from "./conv2d.ts";

/** Options of {@link DepthwiseConv2d}: those of Conv2d without groups, and */
export interface DepthwiseConv2dOptions extends Omit<Conv2dOptions, "groups"> {
  /** Kernels, and so output channels, for each input channel. Default 1. */
  readonly depthMultiplier?: number;
}

/** A convolution that keeps channels apart: x [M, C, H, W] -> [M, C depthMultiplier, OH, OW]; `weight` is [C depthMultiplier, 1, KH, KW]. */
export class DepthwiseConv2d extends Conv2d {
  /** @throws NnError INVALID_OPTION */
  constructor(channels: number, kernelSize: Pair, options: DepthwiseConv2dOptions = {}) {
    const { depthMultiplier = 1, ...rest } = options;
    const whole = Number.isInteger(depthMultiplier) && depthMultiplier > 0;
    requireOption(whole, "DepthwiseConv2d", "depthMultiplier", depthMultiplier, "a whole number above 0");
    super(channels, channels * depthMultiplier, kernelSize, { ...rest, groups: channels });
  }
}

/**
 * A depthwise convolution, then a convolution of 1 x 1 that mixes its channels: far fewer weights than a full kernel. Only
 * the second one has a bias. Names: `depthwise.weight`, `pointwise.weight`, `pointwise.bias`. Source: Chollet (2016), arXiv:1610.02357.
 */
export class SeparableConv2d extends Module {
  readonly depthwise: DepthwiseConv2d;
  readonly pointwise: Conv2d;

  /** @throws NnError INVALID_OPTION */
  constructor(inChannels: number, outChannels: number, kernelSize: Pair, options: DepthwiseConv2dOptions = {}) {
    super();
    const { bias = true, weightInitialiser, biasInitialiser, ...geometry } = options;
    const kernel = weightInitialiser === undefined ? {} : { weightInitialiser };
    this.depthwise = new DepthwiseConv2d(inChannels, kernelSize, { ...geometry, ...kernel, bias: false });
    const mixed = inChannels * (geometry.depthMultiplier ?? 1);
    const offset = biasInitialiser === undefined ? {} : { biasInitialiser };
    this.pointwise = new Conv2d(mixed, outChannels, 1, { ...kernel, ...offset, bias });
  }

  /** @throws NnError SHAPE_MISMATCH */
  override forward(x: Tensor): Tensor {
    return this.pointwise.forward(this.depthwise.forward(x));
  }
}
