import type { DType, Shape } from "@tributary/program";
import type { Body, ScalarOperation, Step, StorageId, Store, Window } from "./ir.ts";

/**
 * A value that is not computed yet: what each of its elements is, in terms of storages. Views (reshape, permute, ...) of an
 * expression only change the windows of its leaves.
 */
export type Expression =
  | { readonly kind: "load"; readonly dtype: DType; readonly storage: StorageId; readonly window: Window }
  | { readonly kind: "index"; readonly dtype: "int32"; readonly window: Window }
  | { readonly kind: "constant"; readonly dtype: DType; readonly value: number }
  | {
      readonly kind: "apply";
      readonly dtype: DType;
      readonly operation: ScalarOperation;
      readonly arguments: readonly Expression[];
    };

/** The same expression with every window transformed; null as soon as one of them cannot be. */
export function mapWindows(
  expression: Expression,
  transform: (window: Window) => Window | null,
  known = new Map<Expression, Expression | null>(),
): Expression | null {
  const found = known.get(expression);
  if (found !== undefined) return found;
  const mapped = mapOnce(expression, transform, known);
  known.set(expression, mapped);
  return mapped;
}

function mapOnce(
  expression: Expression,
  transform: (window: Window) => Window | null,
  known: Map<Expression, Expression | null>,
): Expression | null {
  switch (expression.kind) {
    case "constant":
      return expression;
    case "load":
    case "index": {
      const window = transform(expression.window);
      return window === null ? null : { ...expression, window };
    }
    case "apply": {
      const mapped: Expression[] = [];
      for (const argument of expression.arguments) {
        const next = mapWindows(argument, transform, known);
        if (next === null) return null;
        mapped.push(next);
      }
      return { ...expression, arguments: mapped };
    }
    default:
      return expression satisfies never;
  }
}

/** Operations whose recomputation costs more than reading the value back. */
const EXPENSIVE: ReadonlySet<ScalarOperation> = new Set([
  "exp",
  "log",
  "sqrt",
  "tanh",
  "erf",
  "sin",
  "cos",
  "pow",
  "div",
  "threefry",
]);

/** Most steps (loads included) of an expression that is computed anew by each of its users. */
const CHEAP_STEPS_MAX = 3;

/** Whether users of this value should each compute it for themselves rather than share a stored copy. */
export function isCheap(expression: Expression): boolean {
  const seen = new Set<Expression>();
  let expensive = false;
  const visit = (node: Expression): void => {
    if (node.kind === "constant" || seen.has(node)) return;
    seen.add(node);
    if (node.kind !== "apply") return;
    if (EXPENSIVE.has(node.operation)) expensive = true;
    for (const argument of node.arguments) visit(argument);
  };
  visit(expression);
  return !expensive && seen.size <= CHEAP_STEPS_MAX;
}

/** Collects the steps of a body; equal steps are added once. */
export class BodyBuilder {
  readonly shape: Shape;
  readonly steps: Step[] = [];
  readonly stores: Store[] = [];
  readonly #numbers = new Map<string, number>();

  constructor(shape: Shape) {
    this.shape = shape;
  }

  /** Adds a step unless there is one like it. @returns its number */
  step(step: Step): number {
    const key = stepKey(step, this.shape);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.steps.push(step) - 1;
    this.#numbers.set(key, number);
    return number;
  }

  /** Adds all steps of an expression over this body's shape. @returns the number of its last */
  expression(expression: Expression, known = new Map<Expression, number>()): number {
    const found = known.get(expression);
    if (found !== undefined) return found;
    const number =
      expression.kind === "apply"
        ? this.step({
            ...expression,
            arguments: expression.arguments.map((argument) => this.expression(argument, known)),
          })
        : this.step(expression);
    known.set(expression, number);
    return number;
  }

  /** Writes a step's value. */
  store(step: number, storage: StorageId, window: Window): void {
    this.stores.push({ step, storage, window });
  }

  /** What has been collected. */
  build(): Body {
    return { shape: this.shape, steps: this.steps, stores: this.stores };
  }
}

function stepKey(step: Step, shape: Shape): string {
  switch (step.kind) {
    case "load":
      return `load ${step.storage} ${windowKey(step.window, shape)}`;
    case "index":
      return `index ${windowKey(step.window, shape)}`;
    case "result":
      return `result ${step.number}`;
    case "constant":
      return `constant ${step.dtype} ${Object.is(step.value, -0) ? "-0" : step.value}`;
    case "apply":
      return `${step.operation} ${step.dtype} ${step.arguments.join()}`;
    default:
      return step satisfies never;
  }
}

function windowKey(window: Window, shape: Shape): string {
  return `${window.offset}:${window.strides.map((stride, axis) => (shape[axis] === 1 ? 0 : stride)).join()}`;
}
