import { gradientsOf } from "./backpropagation.ts";
import { Tensor } from "./tensor.ts";

/** Options of {@link grad}. */
export interface GradOptions {
  /** Weights, of the output's shape, in the sum that is differentiated. Without it the output must be a scalar. */
  readonly cotangent?: Tensor;
}

/**
 * Derivatives of `output` with respect to each of `inputs`, in their shapes. They are recorded operations like any other,
 * so they can be differentiated again. An input on which the output does not depend gets zeros.
 *
 * @example
 * const x = tensor([1, 2, 3]);
 * const [dx] = grad(x.mul(x).sum(), [x]); // 2 x
 * @throws AutogradError NOT_DIFFERENTIABLE for integers and booleans, and for an output that is not a scalar; SHAPE_MISMATCH
 */
export function grad(output: Tensor, inputs: readonly Tensor[], options: GradOptions = {}): Tensor[] {
  const found = gradientsOf(
    output.value,
    inputs.map(({ value }) => value),
    options.cotangent?.value ?? null,
  );
  return found.map((value) => new Tensor(value));
}

/** The same values, through which no gradient flows. */
export function stopGradient(x: Tensor): Tensor {
  return x.detach();
}
