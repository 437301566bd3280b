import type { ConvolutionOptions, Tensor } from "@tributary/autograd";
import { Module } from "../module.ts";
import type { Parameter } from "../parameter.ts";
import { type KernelOptions, kernelParameters } from "./kernel-parameters.ts";
import { overChannels, requireForm } from "./sample-shape.ts";

/** Options of {@link Conv1d}; defaults as PyTorch's. */
export interface Conv1dOptions extends KernelOptions {
  /** Default 1. */
  readonly stride?: number;
  /** Zeros on each side; "valid" is none; "same" keeps the length (stride 1 only; what is odd goes to the end). Default 0. */
  readonly padding?: number | "same" | "valid";
  /** Distance between the kernel's taps. Default 1. */
  readonly dilation?: number;
  /** Channels are cut into this many groups that do not see each other. Default 1. */
  readonly groups?: number;
}

/** Cross-correlation of sequences. x [M, in, L] -> [M, out, OL]; `weight` is [out, in / groups, K], `bias` [out]. */
export class Conv1d extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | null;
  readonly inChannels: number;
  /** As the sequence's convolution in an image of one row. */
  readonly options: ConvolutionOptions;

  /** @throws NnError INVALID_OPTION */
  constructor(inChannels: number, outChannels: number, kernelSize: number, options: Conv1dOptions = {}) {
    super();
    const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
    const shape = [outChannels, inChannels / groups, kernelSize];
    const kernel = kernelParameters("Conv1d", { inChannels, outChannels, groups, shape }, options);
    this.weight = kernel.weight;
    this.bias = kernel.bias;
    this.inChannels = inChannels;
    const sides = typeof padding === "number" ? ([0, padding] as const) : padding;
    this.options = { stride: [1, stride], padding: sides, dilation: [1, dilation], groups };
  }

  /** @throws NnError SHAPE_MISMATCH */
  override forward(x: Tensor): Tensor {
    requireForm("Conv1d", x, ["samples", this.inChannels, "length"]);
    const y = x.unsqueeze(2).conv2d(this.weight.value.unsqueeze(2), this.options).squeeze(2);
    return this.bias === null ? y : y.add(overChannels(this.bias.value, 3));
  }
}
