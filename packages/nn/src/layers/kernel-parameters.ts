import { elementCount, showShape } from "@tributary/program";
import { requireOption } from "../errors.ts";
import { fans, type Initialiser, init } from "../init.ts";
import { Parameter } from "../parameter.ts";

/** Options that every layer with a kernel has. */
export interface KernelOptions {
  /** Whether a bias is added to each output channel. Default true. */
  readonly bias?: boolean;
  /** Default: PyTorch's, U(+-1 / sqrt(fanIn)), fanIn = the weight's second dimension times the taps of the kernel. */
  readonly weightInitialiser?: Initialiser;
  /** Default: the weight's. */
  readonly biasInitialiser?: Initialiser;
}

/** What a layer with a kernel is made for. */
export interface KernelGeometry {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly groups: number;
  /** Of the weight, as PyTorch has it. */
  readonly shape: readonly number[];
}

/** Weight and bias as PyTorch starts them. @throws NnError INVALID_OPTION */
export function kernelParameters(
  owner: string,
  { inChannels, outChannels, groups, shape }: KernelGeometry,
  { bias = true, weightInitialiser, biasInitialiser }: KernelOptions,
): { readonly weight: Parameter; readonly bias: Parameter | null } {
  const divides = Number.isInteger(groups) && groups > 0 && inChannels % groups === 0 && outChannels % groups === 0;
  requireOption(divides, owner, "groups", groups, `a divisor of ${inChannels} and of ${outChannels} channels`);
  const positive = shape.every((size) => Number.isInteger(size) && size > 0) && elementCount(shape) > 0;
  requireOption(positive, owner, "the weight's shape", showShape(shape), "whole numbers above 0");
  const initialiser = init.withinFanIn(fans(shape).fanIn);
  return {
    weight: new Parameter(shape, weightInitialiser ?? initialiser),
    bias: bias ? new Parameter([outChannels], biasInitialiser ?? initialiser) : null,
  };
}
