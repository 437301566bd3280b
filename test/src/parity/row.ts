import type { Tensor } from "@tributary/autograd";
import type { Loss, Module, Optimizer, Schedule } from "@tributary/nn";

/** Tensors by name. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** A layer and how it is called. */
export interface BuiltModule {
  readonly module: Module;
  /** The fixture's outputs from its inputs, both by name. */
  readonly run: (inputs: Tensors) => Tensors;
}

/** What stands for a fixture's row here. */
export type Row =
  | { readonly kind: "module"; readonly build: () => BuiltModule }
  | { readonly kind: "loss"; readonly loss: Loss }
  | { readonly kind: "optimizer"; readonly optimizer: Optimizer }
  | { readonly kind: "schedule"; readonly schedule: Schedule };

/** A module whose one input is x and whose one output is called output. */
export function layer(make: () => Module): Row {
  const build = (): BuiltModule => {
    const module = make();
    return { module, run: ({ x }) => ({ output: module.forward(x) }) };
  };
  return { kind: "module", build };
}

/** A module with inputs and outputs of its own. */
export function called<Kind extends Module>(make: () => Kind, run: (module: Kind, inputs: Tensors) => Tensors): Row {
  const build = (): BuiltModule => {
    const module = make();
    return { module, run: (inputs) => run(module, inputs) };
  };
  return { kind: "module", build };
}

/** A loss. */
export function loss(of: Loss): Row {
  return { kind: "loss", loss: of };
}

/** An optimizer. */
export function optimizer(of: Optimizer): Row {
  return { kind: "optimizer", optimizer: of };
}

/** A schedule. */
export function schedule(of: Schedule): Row {
  return { kind: "schedule", schedule: of };
}
