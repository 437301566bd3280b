import { concat, grad, type Tensor, zeros } from "@tributary/autograd";
import type { Device, TensorData } from "@tributary/kernels";
import { type Optimizer, type ParameterSpan, sgd } from "@tributary/nn";
import { Execution, type Values } from "./execution.ts";
import { learningRateAt } from "./learning-rate.ts";
import { elements, named, scalar, withKind, zeroVector } from "./named-tensors.ts";
import type { Tensors } from "./row.ts";

/** Steps of every row. */
export const STEPS = 5;
/** What the scripts train layers and losses with. */
const TRAINER = sgd({ learningRate: 0.05, momentum: 0.9 });

/** One update of the named tensors as one vector; state and what it counts come in and go out by name. */
export function updated(
  optimizer: Optimizer,
  names: readonly string[],
  gradients: readonly Tensor[],
  given: Tensors,
): { readonly next: Record<string, Tensor>; readonly state: Record<string, Tensor> } {
  const before = names.map((name) => given[name]);
  const flat = (tensors: readonly Tensor[]) => concat(tensors.map((tensor) => tensor.reshape([-1])));
  const spans: ParameterSpan[] = [];
  for (const [i, { shape }] of before.entries()) {
    const last = spans.at(-1);
    const offset = last === undefined ? 0 : last.offset + last.length;
    spans.push({ name: names[i].replace("parameter/", ""), shape, offset, length: before[i].numel() });
  }
  const after = optimizer.update({
    parameters: flat(before),
    gradient: flat(gradients),
    vectors: named(given, "vector"),
    scalars: named(given, "scalar"),
    learningRate: learningRateAt(optimizer.learningRate, zeros([])),
    step: given.step,
    gradientNorm: given.gradientNorm,
    spans,
  });
  const next = spans.map(({ shape, offset, length }, i): [string, Tensor] => [
    names[i],
    after.parameters.narrow(0, offset, length).reshape(shape),
  ]);
  return {
    next: Object.fromEntries(next),
    state: { ...withKind("vector", after.vectors), ...withKind("scalar", after.scalars) },
  };
}

/** What an optimizer starts from. */
export function stateOf(optimizer: Optimizer, length: number): [string, Values][] {
  return [
    ...optimizer.stateVectors.map((name): [string, Values] => [`vector/${name}`, zeroVector(length)]),
    ...optimizer.stateScalars.map((name): [string, Values] => [`scalar/${name}`, scalar(0)]),
    ["step", scalar(0)],
    ["gradientNorm", scalar(0)],
  ];
}

/** Writes what a step made into what the next one takes. */
export async function carry(execution: Execution, found: ReadonlyMap<string, TensorData>, step: number): Promise<void> {
  for (const [name, data] of found) await execution.set(name, data);
  await execution.set("step", Float32Array.of(step + 1));
}

/** Five steps of the scripts' trainer on a loss. @returns what the fixture calls after/... */
export async function train(
  device: Device,
  trained: ReadonlyMap<string, Values>,
  fixed: ReadonlyMap<string, Values>,
  lossOf: (given: Tensors) => { readonly loss: Tensor; readonly buffers: Tensors },
): Promise<Map<string, TensorData>> {
  const names = [...trained.keys()];
  const inputs = new Map([...trained, ...fixed, ...stateOf(TRAINER, elements(trained))]);
  const execution = await Execution.start(device, inputs, (given) => {
    const { loss, buffers } = lossOf(given);
    const gradients = grad(
      loss,
      names.map((name) => given[name]),
    );
    const { next, state } = updated(TRAINER, names, gradients, given);
    return { ...next, ...withKind("buffer", buffers), ...state };
  });
  let found = new Map<string, TensorData>();
  for (let step = 0; step < STEPS; step += 1) {
    found = await execution.run();
    await carry(execution, found, step);
  }
  execution.dispose();
  return found;
}
