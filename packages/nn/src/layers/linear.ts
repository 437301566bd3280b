import type { Tensor } from "@tributary/autograd";
import { showShape } from "@tributary/program";
import { NnError, requireOption } from "../errors.ts";
import { type Initialiser, init } from "../init.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";

/** Options of {@link Linear}. */
export interface LinearOptions {
  /** Whether a bias is added. Default true. */
  readonly bias?: boolean;
  /** Default: PyTorch's, U(+-1 / sqrt(inFeatures)). */
  readonly weightInitialiser?: Initialiser;
  /** Default: PyTorch's, U(+-1 / sqrt(inFeatures)). */
  readonly biasInitialiser?: Initialiser;
}

/** y = x W^T + b. x [..., in] -> [..., out]; `weight` is [out, in], `bias` [out]. */
export class Linear extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | null;

  /** @throws NnError INVALID_OPTION */
  constructor(inFeatures: number, outFeatures: number, options: LinearOptions = {}) {
    super();
    requireOption(
      Number.isInteger(inFeatures) && inFeatures > 0,
      "Linear",
      "inFeatures",
      inFeatures,
      "a whole number above 0",
    );
    requireOption(
      Number.isInteger(outFeatures) && outFeatures > 0,
      "Linear",
      "outFeatures",
      outFeatures,
      "a whole number above 0",
    );
    const initialiser = init.withinFanIn(inFeatures);
    this.weight = new Parameter([outFeatures, inFeatures], options.weightInitialiser ?? initialiser);
    this.bias = options.bias === false ? null : new Parameter([outFeatures], options.biasInitialiser ?? initialiser);
  }

  /** @throws NnError SHAPE_MISMATCH */
  override forward(x: Tensor): Tensor {
    const [, inFeatures = 0] = this.weight.shape;
    if (x.shape.at(-1) !== inFeatures) {
      throw new NnError(
        "SHAPE_MISMATCH",
        `Linear takes [..., ${inFeatures}], but got ${showShape(x.shape)}: flatten the input, or make the layer for ${x.shape.at(-1) ?? "no"} features`,
      );
    }
    const y = x.matmul(this.weight.value.t());
    return this.bias === null ? y : y.add(this.bias.value);
  }
}
