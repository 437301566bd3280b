import { grad, type Tensor, tensor } from "@tributary/autograd";
import { elementCount, type Shape, shapesEqual, showShape } from "@tributary/program";
import { bindModel } from "../../binding.ts";
import type { Module } from "../../module.ts";

/** (i step mod modulus - shift) / 4 for element i: numbers that float32 holds exactly, so that PyTorch computed with the same. */
export function pattern(shape: Shape, step: number, modulus: number, shift: number): Tensor {
  const elements = Array.from({ length: elementCount(shape) }, (_, index) => (((index * step) % modulus) - shift) / 4);
  return tensor(elements, { shape });
}

/** What a layer is run with. */
export interface LayerInputs {
  readonly x: Tensor;
  /** Parameters and buffers by name. */
  readonly tensors?: Readonly<Record<string, Tensor>>;
  readonly training?: boolean;
  /** float32 [M]; 0 marks padding. */
  readonly weights?: Tensor;
}

/** @throws Error unless each element is within 1e-6 + 1e-5 |expected| of what it should be */
export async function expectNear(actual: Tensor | undefined, expected: readonly number[]): Promise<void> {
  const elements = actual === undefined ? [] : [...(await actual.data())];
  if (elements.length !== expected.length) throw new Error(`${elements.length} elements, not ${expected.length}`);
  elements.forEach((element, index) => {
    const want = expected[index] ?? Number.NaN;
    const near = Math.abs(element - want) <= 1e-6 + 1e-5 * Math.abs(want);
    if (!near) throw new Error(`Element ${index} is ${element}, not ${want}`);
  });
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
  await expectNear(y, values);
  const names = Object.keys(derivatives);
  const sources = names.map((name) => (name === "x" ? inputs.x : inputs.tensors?.[name]) ?? inputs.x);
  const gradients = grad(y.mul(pattern(shape, 5, 13, 6)).sum(), sources);
  for (const [index, name] of names.entries()) await expectNear(gradients[index], derivatives[name] ?? []);
}
