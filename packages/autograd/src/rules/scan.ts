import type { Graph, OperationAttributes, TensorType } from "@tributary/program";
import { buildGraph, inlineGraph, recordScan } from "../graph-conversion.ts";
import { add, full } from "../primitives.ts";
import { isDifferentiable, placeholder, type Value } from "../value.ts";
import { at, type GradientContext, type Row, type Seed } from "./rule.ts";

type Context = GradientContext<"scan">;

/** Positions of a list that satisfy a condition. */
function positions<Item>(list: readonly Item[], holds: (item: Item, position: number) => boolean): number[] {
  return list.flatMap((item, position) => (holds(item, position) ? [position] : []));
}

function pick(values: readonly Value[], chosen: readonly number[]): Value[] {
  return chosen.map((position) => at(values, position));
}

/** What flows where in the backward loop. All positions are among the inputs or the outputs of the scan. */
interface Plan {
  /** Carries whose cotangent is a carry of the backward loop. */
  readonly carries: readonly number[];
  /** Values that every turn sees and whose cotangents add up in a carry. */
  readonly shared: readonly number[];
  /** Arrays that get a cotangent slice by slice. */
  readonly sliced: readonly number[];
  /** Stacks that have a cotangent. */
  readonly stacks: readonly number[];
}

function planOf({ attributes, inputs, cotangents, needed }: Context): Plan {
  const firstShared = attributes.carries + attributes.sliced;
  const asked = (position: number): boolean => {
    const input = inputs[position];
    return input !== undefined && isDifferentiable(input) && needed[position] === true;
  };
  return {
    // All that can carry a derivative, asked for or not: what is asked for may reach the output only through them.
    carries: positions(inputs, (input, position) => position < attributes.carries && isDifferentiable(input)),
    sliced: positions(
      inputs,
      (_, position) => position >= attributes.carries && position < firstShared && asked(position),
    ),
    shared: positions(inputs, (_, position) => position >= firstShared && asked(position)),
    stacks: positions(cotangents, (cotangent, position) => position >= attributes.carries && cotangent !== null),
  };
}

function float(type: TensorType): TensorType {
  return { dtype: "float32", shape: type.shape };
}

/** Stacks that hold the carries as they came into each turn; recordScan put them there. */
function incomingCarries(body: Graph, carries: number): number[] {
  return Array.from({ length: carries }, (_, carry) => body.outputs.indexOf(carry, carries));
}

/**
 * One turn of the backward loop. Its inputs: cotangents of the carries, sums of the cotangents of shared values; slices
 * of the incoming carries, of the arrays and of the stacks' cotangents; the shared values.
 */
function backwardBody({ attributes, backpropagate }: Context, plan: Plan): Graph {
  const { body, carries, sliced } = attributes;
  const make = (list: readonly TensorType[]): Value[] => list.map((type) => placeholder(type, "backward"));
  const cotangentsOf = (operands: readonly number[]): Value[] =>
    make(operands.flatMap((position) => body.inputs[position] ?? []).map(float));
  const carryCotangents = cotangentsOf(plan.carries);
  const sums = cotangentsOf(plan.shared);
  const incoming = make(body.inputs.slice(0, carries));
  const slices = make(body.inputs.slice(carries, carries + sliced));
  const shared = make(body.inputs.slice(carries + sliced));
  const operands = [...incoming, ...slices, ...shared];
  const outputs = inlineGraph(body, operands);
  const stackCotangents = make(plan.stacks.map((position) => float(at(outputs, position))));
  const seeds: Seed[] = [
    ...plan.carries.map((position, index) => ({
      value: at(outputs, position),
      cotangent: at(carryCotangents, index),
    })),
    ...plan.stacks.map((position, index) => ({
      value: at(outputs, position),
      cotangent: at(stackCotangents, index),
    })),
  ];
  const asked = [...plan.carries, ...plan.shared, ...plan.sliced];
  const found = backpropagate(seeds, pick(operands, asked));
  const gradients = asked.map((position, index) => found[index] ?? full(at(operands, position).shape, 0));
  const added = gradients
    .slice(plan.carries.length, plan.carries.length + plan.shared.length)
    .map((gradient, index) => add(at(sums, index), gradient));
  return buildGraph(
    [...carryCotangents, ...sums, ...incoming, ...slices, ...stackCotangents, ...shared],
    [
      ...gradients.slice(0, plan.carries.length),
      ...added,
      ...gradients.slice(plan.carries.length + plan.shared.length),
    ],
  );
}

/**
 * The gradient of a loop is a loop in reverse: it carries the cotangents of the carries and the sums of those of the
 * shared values, computes each turn again from the carries saved when it came, and stacks the cotangents of the slices.
 */
function gradient(context: Context): readonly (Value | null)[] {
  const { attributes, inputs, outputs, cotangents } = context;
  const { body, carries, sliced, length, reverse } = attributes;
  const plan = planOf(context);
  const backward: OperationAttributes["scan"] = {
    length,
    reverse: !reverse,
    carries: plan.carries.length + plan.shared.length,
    sliced: carries + sliced + plan.stacks.length,
    body: backwardBody(context, plan),
  };
  const results = recordScan(backward, [
    ...plan.carries.map((position) => cotangents[position] ?? full(at(inputs, position).shape, 0)),
    ...plan.shared.map((position) => full(at(inputs, position).shape, 0)),
    ...pick(outputs, incomingCarries(body, carries)),
    ...inputs.slice(carries, carries + sliced),
    ...plan.stacks.map((position) => at(cotangents, position)),
    ...inputs.slice(carries + sliced),
  ]);
  const found: (Value | null)[] = inputs.map(() => null);
  [...plan.carries, ...plan.shared, ...plan.sliced].forEach((position, index) => {
    found[position] = at(results, index);
  });
  return found;
}

/** The row of the loop. */
export const SCAN: { readonly scan: Row<"scan"> } = {
  scan: { forward: (inputs, attributes) => recordScan(attributes, inputs), gradient },
};
