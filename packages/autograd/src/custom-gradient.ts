import { shapesEqual, showShape } from "@tributary/program";
import { AutogradError } from "./errors.ts";
import { Tensor } from "./tensor.ts";
import { type CustomContext, recordCustom, type Value } from "./value.ts";

/** What a rule of {@link customGradient} knows. */
export interface GradientRuleContext {
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
  /** The derivative of the final scalar with respect to the output, of its shape. */
  readonly cotangent: Tensor;
}

/** The derivative with respect to each input, of its shape; null is zero. */
export type GradientRule = (context: GradientRuleContext) => readonly (Tensor | null)[];

function requireShapes(inputs: readonly Value[], gradients: readonly (Tensor | null)[]): void {
  if (gradients.length !== inputs.length) {
    throw new AutogradError(
      "INVALID_ARGUMENT",
      `customGradient: the rule gave ${gradients.length} gradients for ${inputs.length} inputs: give one each, null for zero`,
    );
  }
  for (const [position, input] of inputs.entries()) {
    const gradient = gradients[position] ?? null;
    if (gradient === null || shapesEqual(gradient.shape, input.shape)) continue;
    throw new AutogradError(
      "SHAPE_MISMATCH",
      `customGradient: input ${position} is ${showShape(input.shape)} and its gradient ${showShape(gradient.shape)}: give one of the input's shape`,
    );
  }
}

/**
 * A function with a gradient rule of its own, in the place of the rules of what it is made of. Gradients go to its arguments
 * alone: what `forward` uses beside them counts as constant. The rule is made of operations, and can be differentiated. It
 * must use no tensors but those it is given: in a loop it is applied to others than those that `forward` saw. Give
 * what both need as an argument, with null for its gradient.
 *
 * @example
 * // Rounds, but passes gradients on as if it did not.
 * const straightThrough = customGradient((x) => x.add(0.5).floor(), ({ cotangent }) => [cotangent]);
 * @throws AutogradError when the gradient is taken: INVALID_ARGUMENT, SHAPE_MISMATCH
 */
export function customGradient<Inputs extends readonly Tensor[]>(
  forward: (...inputs: Inputs) => Tensor,
  rule: GradientRule,
): (...inputs: Inputs) => Tensor {
  const onValues = ({ inputs, outputs: [output], cotangents: [cotangent] }: CustomContext): (Value | null)[] => {
    if (output === undefined || !cotangent) return [];
    const wrapped = inputs.map((value) => new Tensor(value));
    const gradients = rule({ inputs: wrapped, output: new Tensor(output), cotangent: new Tensor(cotangent) });
    requireShapes(inputs, gradients);
    return gradients.map((gradient) => gradient?.value ?? null);
  };
  return (...inputs) => {
    const result = forward(...inputs);
    const [output = result.value] = recordCustom(
      inputs.map(({ value }) => value),
      [result.value],
      onValues,
    );
    return new Tensor(output);
  };
}
