import { type Tensor, tensor } from "@tributary/autograd";
import { elementCount, type Shape } from "@tributary/program";
import type { Module } from "../module.ts";

/** ((i step) mod modulus - shift) / divisor, for tests: numbers that float32 holds exactly, so that PyTorch computed with the same. */
export function pattern(shape: Shape, step: number, modulus: number, shift: number, divisor = 4): Tensor {
  const elements = Array.from(
    { length: elementCount(shape) },
    (_, index) => (((index * step) % modulus) - shift) / divisor,
  );
  return tensor(elements, { shape });
}

/** A value for each parameter of a model: number k is the pattern of step 5 + 2 k, between -1/2 and 1/2. */
export function patternValues(model: Module): Record<string, Tensor> {
  const named = model.namedParameters();
  return Object.fromEntries(named.map(([name, { shape }], k) => [name, pattern(shape, 5 + 2 * k, 17, 8, 16)]));
}
