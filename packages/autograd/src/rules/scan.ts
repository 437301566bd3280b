import type { TensorType } from "@tributary/program";
import { type LoopForm, recordLoop, recordScan, turnOf } from "../graph-conversion.ts";
import { add, full } from "../primitives.ts";
import { capturedBy, replay, type Trace } from "../replay.ts";
import { isDifferentiable, placeholder, type Value } from "../value.ts";
import { at, type GradientContext, type Row, type Seed } from "./rule.ts";
import { lastTurnsToCarries } from "./scan-last-turn.ts";
import { type LateSum, splitSums, summedUp } from "./scan-late-sums.ts";
import { neededByTurns, type TurnValues } from "./scan-residuals.ts";

type Context = GradientContext<"scan">;

/** Positions of a list that satisfy a condition. */
function positions<Item>(list: readonly Item[], holds: (item: Item, position: number) => boolean): number[] {
  return list.flatMap((item, position) => (holds(item, position) ? [position] : []));
}

function pick<Item>(list: readonly Item[], chosen: readonly number[]): Item[] {
  return chosen.flatMap((position) => list[position] ?? []);
}

/** What flows where in the backward loop. All positions are among the inputs or the outputs of the scan. */
interface Plan {
  /** Carries whose cotangent is a carry of the backward loop. */
  readonly carries: readonly number[];
  /** Values that every turn sees and whose cotangents add up. */
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

function cotangentOf(type: TensorType): Value {
  return placeholder({ dtype: "float32", shape: type.shape }, "cotangent");
}

/** One turn differentiated, in terms of the values of that turn. */
interface BackwardTurn {
  readonly carryCotangents: readonly Value[];
  readonly stackCotangents: readonly Value[];
  /** Cotangents of the plan's carries, shared values (null is zero) and slices. */
  readonly carries: readonly Value[];
  readonly shared: readonly (Value | null)[];
  readonly sliced: readonly Value[];
}

function differentiate({ backpropagate }: Context, turn: Trace, plan: Plan): BackwardTurn {
  const carried = pick(turn.outputs, plan.carries);
  const stacked = pick(turn.outputs, plan.stacks);
  const carryCotangents = carried.map(cotangentOf);
  const stackCotangents = stacked.map(cotangentOf);
  const seeds: Seed[] = [
    ...carried.map((value, index) => ({ value, cotangent: at(carryCotangents, index) })),
    ...stacked.map((value, index) => ({ value, cotangent: at(stackCotangents, index) })),
  ];
  const targets = pick(turn.inputs, [...plan.carries, ...plan.shared, ...plan.sliced]);
  const found = backpropagate(seeds, targets);
  const orZeros = (index: number, target: Value): Value => found[index] ?? full(target.shape, 0);
  const [first, second] = [plan.carries.length, plan.carries.length + plan.shared.length];
  return {
    carryCotangents,
    stackCotangents,
    carries: targets.slice(0, first).map((target, index) => orZeros(index, target)),
    shared: found.slice(first, second),
    sliced: targets.slice(second).map((target, index) => orZeros(second + index, target)),
  };
}

/** Where the values of a turn are found outside of the loop. */
function turnValues({ attributes, inputs, outputs }: Context, turn: Trace): TurnValues {
  const { carries, sliced } = attributes;
  const arrays = turn.inputs.slice(carries, carries + sliced);
  const stacks = turn.outputs.slice(carries);
  return {
    slices: new Map(arrays.map((value, index) => [value, at(inputs, carries + index)])),
    stacks: new Map(stacks.map((value, index) => [value, at(outputs, carries + index)])),
    shared: new Map(
      turn.inputs.slice(carries + sliced).map((value, index) => [value, at(inputs, carries + sliced + index)]),
    ),
  };
}

/** Runs the backward loop. @returns its carries, sums over all turns and stacks */
function runBackwards(
  context: Context,
  values: TurnValues,
  backward: BackwardTurn,
  plan: Plan,
  late: readonly LateSum[],
) {
  const { attributes, cotangents, inputs } = context;
  const sums = late.map(({ inTurn }) => (inTurn === null ? null : placeholder(inTurn, "sum")));
  const added = late.flatMap(({ inTurn }, index) => {
    const sum = sums[index] ?? null;
    return inTurn === null || sum === null ? [] : [add(sum, inTurn)];
  });
  const stacked = [...new Set([...backward.sliced, ...late.flatMap(({ stacked: operands }) => operands)])];
  const outputs = [...backward.carries, ...added, ...stacked];
  const carried = [...backward.carryCotangents, ...sums.flatMap((sum) => sum ?? [])];
  const arrived = new Map(
    backward.stackCotangents.map((value, index) => [value, at(cotangents, plan.stacks[index] ?? 0)]),
  );
  const slices = neededByTurns(outputs, values, arrived);
  const own = [...carried, ...slices.keys()];
  const captured = capturedBy({ inputs: own, outputs });
  const form: LoopForm = {
    length: attributes.length,
    reverse: !attributes.reverse,
    carries: carried.length,
    sliced: slices.size,
  };
  const operands = [
    ...plan.carries.map((position) => cotangents[position] ?? full(at(inputs, position).shape, 0)),
    ...sums.flatMap((sum) => (sum === null ? [] : [full(sum.shape, 0)])),
    ...slices.values(),
    ...replay(captured, values.shared),
  ];
  const results = recordLoop(form, operands, { inputs: [...own, ...captured], outputs });
  const firstSum = backward.carries.length;
  const stacks = results.slice(carried.length);
  let next = firstSum;
  return {
    carries: results.slice(0, firstSum),
    sums: sums.map((sum) => (sum === null ? null : at(results, next++))),
    stacks: new Map(stacked.map((value, index) => [value, at(stacks, index)])),
  };
}

/**
 * The gradient of a loop is a loop in reverse: it carries the cotangents of the carries and stacks those of the slices.
 * It reads what it needs of each turn from the stacks of the loop, and computes again what is cheap (scan-residuals.ts).
 * Cotangents of shared values add up in a carry, or, where they are products, in one product afterwards (scan-late-sums.ts).
 */
function gradient(given: Context): readonly (Value | null)[] {
  const turn = turnOf(given.attributes);
  const context = { ...given, cotangents: lastTurnsToCarries(given, turn) };
  const plan = planOf(context);
  const values = turnValues(context, turn);
  const backward = differentiate(context, turn, plan);
  const late = splitSums(backward.shared, values, backward.sliced);
  const { carries, sums, stacks } = runBackwards(context, values, backward, plan, late);
  const found: (Value | null)[] = context.inputs.map(() => null);
  for (const [index, position] of plan.carries.entries()) found[position] = at(carries, index);
  for (const [index, position] of plan.sliced.entries())
    found[position] = stacks.get(at(backward.sliced, index)) ?? null;
  for (const [index, position] of plan.shared.entries()) {
    const sum = late[index];
    if (sum !== undefined) found[position] = summedUp(sum, sums[index] ?? null, stacks, values);
  }
  return found;
}

/** The row of the loop. */
export const SCAN: { readonly scan: Row<"scan"> } = {
  scan: { forward: (inputs, attributes) => recordScan(attributes, inputs), gradient },
};
