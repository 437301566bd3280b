import { add, permute, reshape } from "../primitives.ts";
import type { Trace } from "../replay.ts";
import { isOperation, type Value } from "../value.ts";
import { at, type GradientContext } from "./rule.ts";

/** What is left of [T, ...] that is zero but for one turn, without the axis of time; null if it is not made like that. */
function onlyTurn(cotangent: Value, turn: number): Value | null {
  const [turns = 0, ...shape] = cotangent.shape;
  const permuted = isOperation(cotangent.origin, "permute") ? cotangent.origin : null;
  const { origin } = permuted === null ? cotangent : at(permuted.inputs, 0);
  if (!isOperation(origin, "pad")) return null;
  const { low, high, interior, value } = origin.attributes;
  const time = permuted?.attributes.permutation[0] ?? 0;
  const others = low.some((_, axis) => axis !== time && (low[axis] !== 0 || high[axis] !== 0 || interior[axis] !== 0));
  if (value !== 0 || others || low[time] !== turn || high[time] !== turns - 1 - turn) return null;
  const inside = at(origin.inputs, 0);
  return reshape(permuted === null ? inside : permute(inside, permuted.attributes.permutation), shape);
}

/**
 * Cotangents in which those of a stack's last turn have become those of a carry, where the stack is of that carry and all
 * other turns' are zero: who needs only the last output of a sequence pays for no stack of cotangents.
 */
export function lastTurnsToCarries(context: GradientContext<"scan">, turn: Trace): readonly (Value | null)[] {
  const { carries, length, reverse } = context.attributes;
  const cotangents = [...context.cotangents];
  for (const [position, cotangent] of cotangents.entries()) {
    if (position < carries || cotangent === null || length < 2) continue;
    const carry = turn.outputs.slice(0, carries).indexOf(at(turn.outputs, position));
    const last = carry < 0 ? null : onlyTurn(cotangent, reverse ? 0 : length - 1);
    if (last === null) continue;
    const before = cotangents[carry] ?? null;
    cotangents[carry] = before === null ? last : add(before, last);
    cotangents[position] = null;
  }
  return cotangents;
}
