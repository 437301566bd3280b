import { backpropagateApart } from "./backpropagation.ts";
import { recordLoop } from "./graph-conversion.ts";
import { full, reshape } from "./primitives.ts";
import { partsOf, regionOf } from "./recording.ts";
import { replay } from "./replay.ts";
import { Tensor } from "./tensor.ts";
import { type CustomContext, isDifferentiable, latestSerial, placeholder, recordCustom, type Value } from "./value.ts";

/** Values at which the way back from `outputs` ends, in the order in which they were made. */
function endsOf(outputs: readonly Value[], isEnd: (value: Value) => boolean): Value[] {
  const ends = new Set<Value>();
  const noted = (value: Value): boolean => {
    if (!isEnd(value)) return false;
    ends.add(value);
    return true;
  };
  regionOf(outputs, noted, partsOf);
  return [...ends].toSorted((a, b) => a.serial - b.serial);
}

/**
 * Computes a function again and differentiates it, as a loop of a single turn: nothing in a loop is merged with what is
 * outside of it, and it can only begin when the cotangents are there. That is what keeps the first results from living on.
 * @param operands what the results were made of
 */
function recompute(
  operands: readonly Value[],
  results: readonly Value[],
  { inputs, cotangents }: CustomContext,
): (Value | null)[] {
  const again = replay(results, new Map(operands.map((operand, position) => [operand, inputs[position] ?? operand])));
  const arrived = cotangents.flatMap((cotangent) => cotangent ?? []);
  const seeds = again.flatMap((value, position) => {
    const cotangent = cotangents[position] ?? null;
    return cotangent === null ? [] : [{ value, cotangent: placeholder(cotangent, "cotangent") }];
  });
  const targets = inputs.filter(isDifferentiable);
  const gradients = backpropagateApart(seeds, targets);
  const outputs = targets.map((target, position) => gradients[position] ?? full(target.shape, 0));
  const own = new Set(seeds.map(({ cotangent }) => cotangent));
  const given = new Set(inputs);
  const isGiven = ({ origin }: Value): boolean => origin.kind === "data" || origin.kind === "placeholder";
  const seen = endsOf(outputs, (value) => own.has(value) || given.has(value) || isGiven(value));
  const shared = seen.filter((value) => !own.has(value));
  const stacks = recordLoop({ length: 1, carries: 0, sliced: 0, reverse: false }, [...arrived, ...shared], {
    inputs: [...own, ...shared],
    outputs,
  });
  const found = new Map(
    targets.map((target, position) => {
      const stack = stacks[position];
      return [target, gradients[position] && stack ? reshape(stack, target.shape) : null];
    }),
  );
  return inputs.map((input) => found.get(input) ?? null);
}

/**
 * A function whose inner results are not kept for its gradient but computed again there: less memory for more time. It may
 * use values from outside, such as a layer's parameters; they get their gradients too. Source: Chen et al. (2016),
 * "Training Deep Nets with Sublinear Memory Cost", arXiv:1604.06174.
 *
 * @example
 * const y = checkpoint((x) => block.forward(x))(input);
 */
export function checkpoint<Inputs extends readonly Tensor[]>(
  forward: (...inputs: Inputs) => Tensor,
): (...inputs: Inputs) => Tensor {
  return (...inputs) => {
    const moment = latestSerial();
    const { value } = forward(...inputs);
    const operands = endsOf([value], ({ serial }) => serial <= moment);
    const [output = value] = recordCustom(operands, [value], (context) => recompute(operands, [value], context));
    return new Tensor(output);
  };
}
