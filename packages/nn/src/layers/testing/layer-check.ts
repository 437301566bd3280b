import { grad, type Tensor } from "@tributary/autograd";
import { type Shape, shapesEqual, showShape } from "@tributary/program";
import { bindModel } from "../../binding.ts";
import type { Module } from "../../module.ts";
import { expectNear } from "../../testing/expect-near.ts";
import { pattern } from "../../testing/patterns.ts";

/** What a layer is run with. */
export interface LayerInputs {
  readonly x: Tensor;
  /** Parameters and buffers by name. */
  readonly tensors?: Readonly<Record<string, Tensor>>;
  readonly training?: boolean;
  /** float32 [M]; 0 marks padding. */
  readonly weights?: Tensor;
}

/** The layer's output. */
export function outputOf(layer: Module, { x, tensors = {}, training = false, weights }: LayerInputs): Tensor {
  const binding = { tensors, training, ...(weights === undefined ? {} : { weights }) };
  return bindModel(layer, binding, () => layer.forward(x)).result;
}

/**
 * Compares the output, and the derivatives of sum(output * pattern(shape, 5, 13, 6)), with PyTorch's.
 * @param expected `y`, and by name the derivatives for `x` and for parameters
 * @throws Error naming the first element that is off
 */
export async function expectLayer(
  layer: Module,
  inputs: LayerInputs,
  shape: Shape,
  expected: Readonly<Record<string, readonly number[]>>,
): Promise<void> {
  const y = outputOf(layer, inputs);
  if (!shapesEqual(y.shape, shape)) throw new Error(`The output is ${showShape(y.shape)}, not ${showShape(shape)}`);
  const { y: values = [], ...derivatives } = expected;
  await expectNear(y, values, { name: "The output" });
  const names = Object.keys(derivatives);
  const sources = names.map((name) => (name === "x" ? inputs.x : inputs.tensors?.[name]) ?? inputs.x);
  const gradients = grad(y.mul(pattern(shape, 5, 13, 6)).sum(), sources);
  for (const [index, name] of names.entries()) {
    await expectNear(gradients[index], derivatives[name] ?? [], { name: `The derivative for ${name}` });
  }
}
