import type { OperationOrigin, Value } from "./value.ts";

/** Operations in the order in which they are needed, and which of their outputs are. */
export interface Recording {
  /** Each after what it needs. The order depends only on how the outputs were made. */
  readonly origins: readonly OperationOrigin[];
  /** Values that no operation made, in the order in which they were met. */
  readonly leaves: readonly Value[];
  readonly used: ReadonlySet<Value>;
}

/** The value that computes it: stopGradient and gradients of its own are looked through. */
export function resolve(value: Value): Value {
  let resolved = value;
  for (;;) {
    const { origin } = resolved;
    if (origin.kind === "stop") resolved = origin.input;
    else if (origin.kind === "custom") resolved = origin.results[origin.outputs.indexOf(resolved)] ?? resolved;
    else return resolved;
  }
}

/** All that a value is made of, for computing it and for differentiating it. */
export function partsOf({ origin }: Value): readonly Value[] {
  switch (origin.kind) {
    case "operation":
      return origin.inputs;
    case "stop":
      return [origin.input];
    case "custom":
      return [...origin.inputs, ...origin.results];
    default:
      return [];
  }
}

/** What the gradient of a value goes to. */
export function differentiatedParts({ origin }: Value): readonly Value[] {
  return origin.kind === "operation" || origin.kind === "custom" ? origin.inputs : [];
}

/** All values that lead to `outputs`, these included, down to `boundary`, which is left out. Each comes after what it is made of. */
export function regionOf(
  outputs: readonly Value[],
  isBoundary: (value: Value) => boolean,
  parts: (value: Value) => readonly Value[],
): Value[] {
  const region = new Set<Value>();
  const waiting = [...outputs];
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    if (region.has(value) || isBoundary(value)) continue;
    region.add(value);
    waiting.push(...parts(value));
  }
  return [...region].toSorted((a, b) => a.serial - b.serial);
}

/** Collects what `outputs` are made of, down to `boundary`, whose values count as leaves. */
export function collect(outputs: readonly Value[], isBoundary: (value: Value) => boolean): Recording {
  const origins: OperationOrigin[] = [];
  const leaves: Value[] = [];
  const used = new Set<Value>();
  const entered = new Set<OperationOrigin>();
  // An explicit stack: a chain of operations may be longer than the engine's call stack is deep.
  const stack: { readonly origin: OperationOrigin; next: number }[] = [];
  const visit = (unresolved: Value): void => {
    const value = resolve(unresolved);
    const isNew = !used.has(value);
    used.add(value);
    const { origin } = value;
    if (origin.kind !== "operation" || isBoundary(value)) {
      if (isNew) leaves.push(value);
    } else if (!entered.has(origin)) {
      entered.add(origin);
      stack.push({ origin, next: 0 });
    }
  };
  for (const output of outputs) {
    visit(output);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const input = top.origin.inputs[top.next];
      top.next += 1;
      if (input !== undefined) visit(input);
      else {
        origins.push(top.origin);
        stack.pop();
      }
    }
  }
  return { origins, leaves, used };
}
