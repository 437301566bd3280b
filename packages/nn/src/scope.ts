import type { Tensor } from "@tributary/autograd";
import { NnError } from "./errors.ts";

/** From what random layers draw: every number depends only on these, so that it does not matter who computes it. */
export interface Randomness {
  /** uint32 [2], of the run's seed. */
  readonly seed: Tensor;
  /** uint32 [1]: updates done so far. */
  readonly step: Tensor;
  /** uint32 [M]: the index of each sample of the microbatch in the data. */
  readonly indices: Tensor;
}

/** That a tensor holds indices below a count: a loss's classes, a table's rows. Programs cannot refuse a value; whoever has the data can. */
export interface ExpectedIndices {
  /** Integers of any shape. */
  readonly indices: Tensor;
  /** They go from 0 to count - 1. */
  readonly count: number;
  /** Allowed beside them, such as a loss's ignore index. Default: none. */
  readonly except?: number;
  /** What takes them, for people: "crossEntropy". */
  readonly owner: string;
  /** What there are `count` of, for people: "classes". */
  readonly of: string;
}

/** What a model runs with while it is bound. */
export interface Scope {
  /** Tensors of parameters and buffers. */
  readonly tensors: ReadonlyMap<object, Tensor>;
  readonly training: boolean;
  readonly randomness: Randomness | null;
  /** float32 [M]: 0 marks a sample that is padding; null when all are real. */
  readonly weights: Tensor | null;
  /** Number of each module in the model's order, from which random layers make a key of their own. */
  readonly layerIds: ReadonlyMap<object, number>;
  /** What buffers become; filled while the model runs. */
  readonly updates: Map<object, Tensor>;
  /** What was recorded into each Statistics; filled while the model runs. */
  readonly statistics: Map<object, Tensor>;
  /** What losses and layers say about indices; filled while the model runs. */
  readonly expectedIndices: ExpectedIndices[];
}

/** The innermost binding. Models run synchronously, so there is one at a time. */
let current: Scope | null = null;

/** Runs a function with a scope, and puts the one before back. */
export function withScope<Result>(scope: Scope, body: () => Result): Result {
  const before = current;
  current = scope;
  try {
    return body();
  } finally {
    current = before;
  }
}

/** The scope, or null outside of bindModel. */
export function currentScope(): Scope | null {
  return current;
}

/** @throws NnError UNBOUND outside of bindModel */
export function requireScope(what: string): Scope {
  if (current !== null) return current;
  throw new NnError(
    "UNBOUND",
    `${what} has no value outside of bindModel: models declare shapes, and values come from the run: use fit or bindModel`,
  );
}

/** Notes it in the binding that runs, so that data can be checked before it is trained on; outside of one nothing happens. */
export function expectIndices(expected: ExpectedIndices): void {
  current?.expectedIndices.push(expected);
}
