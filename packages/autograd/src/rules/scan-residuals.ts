import type { OperationName } from "@tributary/program";
import { collect, partsOf, regionOf, resolve } from "../recording.ts";
import type { Value } from "../value.ts";

/** Where the values of one turn of a loop are found outside of it. */
export interface TurnValues {
  /** Slices, and the arrays of which they are. */
  readonly slices: ReadonlyMap<Value, Value>;
  /** What a turn computed or got as a carry, and the stacks in which all turns' are. */
  readonly stacks: ReadonlyMap<Value, Value>;
  /** What all turns see, inside and outside. */
  readonly shared: ReadonlyMap<Value, Value>;
}

/** Operations that are computed again rather than read from memory when all they take is at hand. */
const CHEAP: ReadonlySet<OperationName> = new Set<OperationName>([
  "neg",
  "abs",
  "sign",
  "floor",
  "add",
  "sub",
  "mul",
  "maximum",
  "minimum",
  "compare",
  "where",
  "cast",
  "reshape",
  "permute",
  "broadcast",
  "slice",
  "pad",
  "concat",
  "flip",
  "constant",
  "iota",
]);

/**
 * Which values of the forward turn are kept for the backward one: those that it needs, unless they follow cheaply from
 * others that it reads anyway.
 * @param candidates values that could be kept  @param isGiven what the backward turn has without that
 */
function chooseKept(
  outputs: readonly Value[],
  candidates: ReadonlySet<Value>,
  isGiven: (value: Value) => boolean,
): ReadonlySet<Value> {
  const { leaves } = collect(outputs, (value) => isGiven(value) || candidates.has(value));
  const frontier = leaves.filter((value) => candidates.has(value) && !isGiven(value));
  const isCheap = ({ origin }: Value): boolean => origin.kind === "operation" && CHEAP.has(origin.operation);
  const kept = new Set(frontier.filter((value) => !isCheap(value)));
  const follows = new Map<Value, boolean>();
  const isAtHand = (value: Value): boolean => {
    if (isGiven(value) || kept.has(value)) return true;
    const known = follows.get(value) ?? (isCheap(value) && partsOf(value).map(resolve).every(isAtHand));
    follows.set(value, known);
    return known;
  };
  const missing = frontier.filter((value) => !isAtHand(value));
  return new Set([...kept, ...missing]);
}

/**
 * What the backward turn reads slice by slice, and from which arrays: slices, values kept from the forward turn and
 * cotangents of stacks.
 * @param outputs what the backward turn computes  @param arrived cotangents of stacks, inside and outside
 */
export function neededByTurns(
  outputs: readonly Value[],
  { slices, stacks, shared }: TurnValues,
  arrived: ReadonlyMap<Value, Value>,
): Map<Value, Value> {
  const given = new Map([...slices, ...arrived]);
  const candidates = [...stacks.keys()].filter((value) => !given.has(value) && !shared.has(value));
  const kept = chooseKept(outputs, new Set(candidates.map(resolve)), (value) => given.has(value) || shared.has(value));
  // A value with a gradient of its own is known by two names; carries are boundaries whether they are read or not.
  const ends = new Map(given);
  for (const value of candidates) {
    const stack = stacks.get(value);
    if (stack !== undefined && (value.origin.kind === "placeholder" || kept.has(resolve(value))))
      ends.set(value, stack);
  }
  const read = new Set<Value>();
  const isEnd = (value: Value): boolean => {
    if (ends.has(value)) read.add(value);
    return ends.has(value);
  };
  regionOf(outputs, isEnd, partsOf);
  return new Map([...ends].filter(([value]) => read.has(value)));
}
