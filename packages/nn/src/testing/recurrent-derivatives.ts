import { grad, type Tensor } from "@tributary/autograd";
import { bindModel } from "../binding.ts";
import type { Recurrent } from "../layers/recurrent.ts";
import { pattern } from "./patterns.ts";

/** For tests: what a layer gives, and the derivatives of a weighted sum of it by everything that the layer takes. */
export function recurrentDerivatives(
  layer: Recurrent,
  tensors: Record<string, Tensor>,
  x: Tensor,
  initial: readonly Tensor[],
): Record<string, Tensor> {
  const run = () => layer.run(x, ...initial);
  const { output, states } = bindModel(layer, { tensors, training: false }, run).result;
  const weighted = (value: Tensor, step: number, modulus: number, shift: number): Tensor =>
    value.mul(pattern(value.shape, step, modulus, shift, 4)).sum();
  const loss = states.reduce((sum, state) => sum.add(weighted(state, 4, 9, 3)), weighted(output, 3, 11, 4));
  const takes = [
    ["dx", x] as const,
    ...initial.map((state, index) => [`dstate${index}`, state] as const),
    ...Object.entries(tensors).map(([name, value]) => [`d${name}`, value] as const),
  ];
  const gradients = grad(
    loss,
    takes.map(([, value]) => value),
  );
  return Object.fromEntries([
    ["output", output],
    ...states.map((state, index) => [`state${index}`, state]),
    ...takes.flatMap(([name], index) => (gradients[index] === undefined ? [] : [[name, gradients[index]]])),
  ]);
}
