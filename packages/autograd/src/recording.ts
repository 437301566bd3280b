import type { OperationOrigin, Value } from "./value.ts";

/** Operations in the order in which they are needed, and which of their outputs are. */
export interface Recording {
  /** Each after what it needs. The order depends only on how the outputs were made. */
  readonly origins: readonly OperationOrigin[];
  /** Values that no operation made, in the order in which they were met. */
  readonly leaves: readonly Value[];
  readonly used: ReadonlySet<Value>;
}

/** What a value stands for once stopGradient is looked through. */
export function resolve(value: Value): Value {
  let resolved = value;
  while (resolved.origin.kind === "stop") resolved = resolved.origin.input;
  return resolved;
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
