import { foldIn, type Tensor } from "@tributary/autograd";
import { type Shape, shapesEqual, showShape } from "@tributary/program";
import { NnError } from "./errors.ts";
import { whereItFailed } from "./failed-layer.ts";
import type { Module, Named } from "./module.ts";
import type { Buffer, Parameter } from "./parameter.ts";
import { type ExpectedIndices, type Randomness, type Scope, withScope } from "./scope.ts";
import { watchLayers } from "./watched-layers.ts";

/** Parameters and buffers of a model in order: what a ParameterLayout is made from. */
export interface ModelDescription {
  readonly parameters: readonly { readonly name: string; readonly shape: Shape; readonly trainable: boolean }[];
  readonly buffers: readonly { readonly name: string; readonly shape: Shape }[];
  /** Sums beside the gradient by which buffers change; `length` floats each. */
  readonly statistics: readonly { readonly name: string; readonly length: number }[];
}

/** What a model is bound to. */
export interface ModelBinding {
  /** A tensor for each parameter and buffer, by name; float32. */
  readonly tensors: Readonly<Record<string, Tensor>>;
  /** Whether layers behave as in training. */
  readonly training: boolean;
  /** Needed in training by models with random layers. */
  readonly randomness?: Randomness;
  /** float32 [M], of the microbatch: 0 marks padding, which layers that couple samples leave out. Default: none is. */
  readonly weights?: Tensor;
  /** Whether to keep what every module inside the model made. Default false. */
  readonly capture?: boolean;
}

/** What a bound model did. */
export interface BoundResult<Result> {
  readonly result: Result;
  /** What buffers become, by name; only those that were updated. */
  readonly bufferUpdates: Readonly<Record<string, Tensor>>;
  /** What layers recorded, by the name of their Statistics, for {@link settleStatistics}; float32 vectors. */
  readonly statistics: Readonly<Record<string, Tensor>>;
  /** Output of every module by its name, in the order in which they were made; empty without `capture`. */
  readonly activations: ReadonlyMap<string, Tensor>;
  /** What losses and layers said about indices that they took. */
  readonly expectedIndices: readonly ExpectedIndices[];
}

/** Names, shapes and trainability of a model's parameters and buffers, in PyTorch's order. */
export function describeModel(model: Module): ModelDescription {
  return {
    parameters: model
      .namedParameters()
      .map(([name, { shape, requiresGrad }]) => ({ name, shape, trainable: requiresGrad })),
    buffers: model.namedBuffers().map(([name, { shape }]) => ({ name, shape })),
    statistics: model.namedStatistics().map(([name, { length }]) => ({ name, length })),
  };
}

/**
 * First values of all parameters and buffers by name, as traced code. Number i of them (parameters, then buffers) draws
 * from foldIn(key, i), so freezing changes no value.
 * @param key uint32 [2]
 */
export function initialiseModel(model: Module, key: Tensor): Record<string, Tensor> {
  const named: Named<Parameter | Buffer>[] = [...model.namedParameters(), ...model.namedBuffers()];
  return Object.fromEntries(
    named.map(([name, { initialiser, shape }], index) => [name, initialiser(foldIn(key, index), shape)]),
  );
}

function matchTensors(
  named: readonly Named<Parameter | Buffer>[],
  tensors: Readonly<Record<string, Tensor>>,
): Map<object, Tensor> {
  const known = new Set(named.map(([name]) => name));
  const unknown = Object.keys(tensors).find((name) => !known.has(name));
  if (unknown !== undefined) {
    throw new NnError("TENSOR_UNKNOWN", `The model has no ${unknown}: it has ${[...known].join(", ")}`);
  }
  return new Map(
    named.map(([name, owner]) => {
      const tensor = tensors[name];
      if (tensor === undefined) {
        throw new NnError(
          "TENSOR_MISSING",
          `There is no tensor for ${name} ${showShape(owner.shape)}: give one for each name`,
        );
      }
      if (!shapesEqual(tensor.shape, owner.shape)) {
        throw new NnError(
          "SHAPE_MISMATCH",
          `${name} has shape ${showShape(owner.shape)}, but its tensor ${showShape(tensor.shape)}: give one of the same shape`,
        );
      }
      return [owner, tensor];
    }),
  );
}

/** Those of a map's tensors whose owner has a name, by that name. */
function byName(named: readonly Named<object>[], tensors: ReadonlyMap<object, Tensor>): Record<string, Tensor> {
  return Object.fromEntries(
    named.flatMap(([name, owner]) => {
      const tensor = tensors.get(owner);
      return tensor === undefined ? [] : [[name, tensor] as const];
    }),
  );
}

/**
 * Runs `body`, in which the model's parameters and buffers have the given tensors as their values: call `model.forward`
 * (and what else belongs to the program) there. Nothing is kept afterwards, so a model can be bound any number of times.
 * An error that a layer throws says in which layer that was.
 * @throws NnError TENSOR_MISSING, TENSOR_UNKNOWN, SHAPE_MISMATCH
 */
export function bindModel<Result>(model: Module, binding: ModelBinding, body: () => Result): BoundResult<Result> {
  const buffers = model.namedBuffers();
  const activations = new Map<string, Tensor>();
  const scope: Scope = {
    tensors: matchTensors([...model.namedParameters(), ...buffers], binding.tensors),
    training: binding.training,
    randomness: binding.randomness ?? null,
    weights: binding.weights ?? null,
    layerIds: new Map(model.namedModules().map(([, module], index) => [module, index])),
    updates: new Map(),
    statistics: new Map(),
    expectedIndices: [],
  };
  const run =
    binding.capture === true
      ? () => watchLayers(model, { made: (path, output) => activations.set(path, output) }, body)
      : body;
  const result = whereItFailed(model, () => withScope(scope, run));
  return {
    result,
    bufferUpdates: byName(buffers, scope.updates),
    statistics: byName(model.namedStatistics(), scope.statistics),
    activations,
    expectedIndices: scope.expectedIndices,
  };
}

/**
 * What buffers become when a step is done, by what its layers recorded, summed over the step's microbatches. Traced.
 * @param buffers each buffer's value before the step, by name
 * @param statistics the sums of each Statistics of the model, by name
 * @returns the new value of each buffer that changes, by name
 * @throws NnError TENSOR_MISSING, TENSOR_UNKNOWN, SHAPE_MISMATCH
 */
export function settleStatistics(
  model: Module,
  buffers: Readonly<Record<string, Tensor>>,
  statistics: Readonly<Record<string, Tensor>>,
): Record<string, Tensor> {
  const named = model.namedBuffers();
  const scope: Scope = {
    tensors: matchTensors(named, buffers),
    training: true,
    randomness: null,
    weights: null,
    layerIds: new Map(),
    updates: new Map(),
    statistics: new Map(),
    expectedIndices: [],
  };
  withScope(scope, () => {
    for (const [name, { settle }] of model.namedStatistics()) {
      const sums = statistics[name];
      if (sums === undefined) throw new NnError("TENSOR_MISSING", `There are no sums for ${name}: give them by name`);
      settle(sums);
    }
  });
  return byName(named, scope.updates);
}
