import type { ConvolutionOptions, Pair, Tensor } from "@tributary/autograd";
import { showShape } from "@tributary/program";
import { NnError, requireOption } from "../errors.ts";
import { fans, type Initialiser, init } from "../init.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";

/** Options of {@link Conv2d}: stride, padding (numbers or "same"), dilation, groups, and */
export interface Conv2dOptions extends ConvolutionOptions {
  /** Whether a bias is added to each output channel. Default true. */
  readonly bias?: boolean;
  /** Default: PyTorch's, U(+-1 / sqrt(fanIn)), fanIn = inChannels / groups times the taps of the kernel. */
  readonly weightInitialiser?: Initialiser;
  /** Default: the weight's. */
  readonly biasInitialiser?: Initialiser;
}

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
    const divides = Number.isInteger(groups) && groups > 0 && inChannels % groups === 0 && outChannels % groups === 0;
    requireOption(divides, "Conv2d", "groups", groups, `a divisor of ${inChannels} and of ${outChannels} channels`);
    const [height, width] = typeof kernelSize === "number" ? [kernelSize, kernelSize] : kernelSize;
    const shape = [outChannels, inChannels / groups, height, width];
    const positive = shape.every((size) => Number.isInteger(size) && size > 0);
    requireOption(positive, "Conv2d", "the weight's shape", showShape(shape), "whole numbers above 0");
    const initialiser = init.withinFanIn(fans(shape).fanIn);
    this.weight = new Parameter(shape, weightInitialiser ?? initialiser);
    this.bias = bias ? new Parameter([outChannels], biasInitialiser ?? initialiser) : null;
    this.options = geometry;
    this.inChannels = inChannels;
  }

  /** @throws NnError SHAPE_MISMATCH */
  override forward(x: Tensor): Tensor {
    if (x.ndim !== 4 || x.shape[1] !== this.inChannels) {
      throw new NnError(
        "SHAPE_MISMATCH",
        `Conv2d takes [samples, ${this.inChannels}, height, width], but got ${showShape(x.shape)}: reshape the input, or mend inChannels`,
      );
    }
    const y = x.conv2d(this.weight.value, this.options);
    return this.bias === null ? y : y.add(this.bias.value.reshape([-1, 1, 1]));
  }
}
