import type { OperationAttributes, OperationName } from "@tributary/program";
import type { Value } from "../value.ts";

/** An output of something, and the derivative of the final scalar with respect to it. */
export interface Seed {
  readonly value: Value;
  readonly cotangent: Value;
}

/** Derivatives with respect to `targets`, which are taken to be independent of each other; null where nothing leads. */
export type Backpropagate = (seeds: readonly Seed[], targets: readonly Value[]) => (Value | null)[];

/** What a gradient rule knows. */
export interface GradientContext<Name extends OperationName> {
  readonly attributes: OperationAttributes[Name];
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  /** One an output; null is zero. */
  readonly cotangents: readonly (Value | null)[];
  /** One an input: whether its cotangent is asked for. */
  readonly needed: readonly boolean[];
  /** For rules that differentiate an expansion or a body. */
  readonly backpropagate: Backpropagate;
}

/** The forward constructor of one operation and its gradient, side by side. */
export interface Row<Name extends OperationName> {
  readonly forward: (inputs: readonly Value[], attributes: OperationAttributes[Name]) => readonly Value[];
  /** The cotangents of the inputs; null is zero. */
  readonly gradient: (context: GradientContext<Name>) => readonly (Value | null)[];
}

/** Rows of some operations. */
export type Rows<Names extends OperationName> = { readonly [Name in Names]: Row<Name> };

interface One<Attributes> {
  readonly dy: Value;
  readonly x: Value;
  readonly y: Value;
  readonly attributes: Attributes;
}

interface Two<Attributes> {
  readonly dy: Value;
  readonly a: Value;
  readonly b: Value;
  readonly y: Value;
  readonly attributes: Attributes;
}

interface Three<Attributes> extends Two<Attributes> {
  readonly c: Value;
}

/** The value at a position that is there by construction. */
export function at(values: readonly (Value | null)[], position: number): Value {
  const value = values[position];
  if (value === undefined || value === null) throw new RangeError(`No value at ${position} of ${values.length}`);
  return value;
}

/** Row of an operation of one input and one output. */
export function oneInput<Name extends OperationName>(
  forward: (x: Value, attributes: OperationAttributes[Name]) => Value,
  gradient: (context: One<OperationAttributes[Name]>) => Value | null,
): Row<Name> {
  return {
    forward: (inputs, attributes) => [forward(at(inputs, 0), attributes)],
    gradient: ({ attributes, inputs, outputs, cotangents }) => [
      gradient({ dy: at(cotangents, 0), x: at(inputs, 0), y: at(outputs, 0), attributes }),
    ],
  };
}

/** Row of an operation of two inputs and one output. */
export function twoInputs<Name extends OperationName>(
  forward: (a: Value, b: Value, attributes: OperationAttributes[Name]) => Value,
  gradient: (context: Two<OperationAttributes[Name]>) => readonly [Value | null, Value | null],
): Row<Name> {
  return {
    forward: (inputs, attributes) => [forward(at(inputs, 0), at(inputs, 1), attributes)],
    gradient: ({ attributes, inputs, outputs, cotangents }) =>
      gradient({ dy: at(cotangents, 0), a: at(inputs, 0), b: at(inputs, 1), y: at(outputs, 0), attributes }),
  };
}

/** Row of an operation of three inputs and one output. */
export function threeInputs<Name extends OperationName>(
  forward: (a: Value, b: Value, c: Value, attributes: OperationAttributes[Name]) => Value,
  gradient: (context: Three<OperationAttributes[Name]>) => readonly [Value | null, Value | null, Value | null],
): Row<Name> {
  return {
    forward: (inputs, attributes) => [forward(at(inputs, 0), at(inputs, 1), at(inputs, 2), attributes)],
    gradient: ({ attributes, inputs, outputs, cotangents }) => {
      const [a, b, c] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
      return gradient({ dy: at(cotangents, 0), a, b, c, y: at(outputs, 0), attributes });
    },
  };
}
