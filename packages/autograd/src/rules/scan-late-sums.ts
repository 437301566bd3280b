import { add, matmul, neg, permute, reshape, sum } from "../primitives.ts";
import { partsOf, regionOf } from "../recording.ts";
import { isOperation, type OperationOrigin, stop, type Value } from "../value.ts";
import { at } from "./rule.ts";
import type { TurnValues } from "./scan-residuals.ts";

/*
 * The cotangent of a value that all turns of a loop see is a sum over the turns. What a turn adds to it is often a product
 * of two matrices, A_t^T B_t. The sum of these is a single product of all A_t under one another and all B_t under one
 * another: it is done once, behind the loop, instead of a small product and an addition to a large matrix in each turn.
 */

/** A linear operation between what is summed and the cotangent. */
type Linear = (value: Value) => Value;

/** What each turn adds: a product of two matrices, or something summed over axes, perhaps none. */
type Term =
  | { readonly kind: "product"; readonly origin: OperationOrigin<"matmul">; readonly linear: Linear }
  | { readonly kind: "sum"; readonly summed: Value; readonly axes: readonly number[]; readonly linear: Linear };

/** How the cotangent of one shared value is summed up. */
export interface LateSum {
  /** What each turn adds in a carry, or null. */
  readonly inTurn: Value | null;
  readonly terms: readonly Term[];
  /** Values of the backward turn that must be stacked for it. */
  readonly stacked: readonly Value[];
}

/** A value without the stop in front of it: what is stacked, and whether gradients end at the stack. */
function behindStop(value: Value): Value {
  return value.origin.kind === "stop" ? behindStop(value.origin.input) : value;
}

function isStored(value: Value, { slices, stacks }: TurnValues): boolean {
  return slices.has(value) || stacks.has(value);
}

/** Whether a value is another one in another turn. */
function changes(value: Value, { shared }: TurnValues): boolean {
  const region = regionOf([value], (each) => shared.has(each), partsOf);
  return region.some(({ origin }) => origin.kind === "placeholder");
}

/** Takes a cotangent apart into the terms of which it is a sum. */
function takeApart(cotangent: Value, linear: Linear, values: TurnValues): Term[] {
  const { origin } = cotangent;
  const through = (operation: Linear): Term[] =>
    isOperation(origin, "neg") || isOperation(origin, "reshape") || isOperation(origin, "permute")
      ? takeApart(at(origin.inputs, 0), (value) => linear(operation(value)), values)
      : [];
  if (isOperation(origin, "add")) return origin.inputs.flatMap((input) => takeApart(input, linear, values));
  if (isOperation(origin, "neg")) return through(neg);
  if (isOperation(origin, "reshape")) return through((value) => reshape(value, cotangent.shape));
  if (isOperation(origin, "permute")) return through((value) => permute(value, origin.attributes.permutation));
  if (isOperation(origin, "matmul") && cotangent.shape.length === 2) {
    if (origin.inputs.every((input) => changes(input, values))) return [{ kind: "product", origin, linear }];
  }
  if (isOperation(origin, "sum")) {
    return [{ kind: "sum", summed: at(origin.inputs, 0), axes: origin.attributes.axes, linear }];
  }
  return [{ kind: "sum", summed: cotangent, axes: [], linear }];
}

/**
 * Decides for each cotangent of a shared value what is summed behind the loop: products of two matrices, and what is
 * stacked anyway.
 * @param stacked values that the backward turn stacks in any case
 */
export function splitSums(
  cotangents: readonly (Value | null)[],
  values: TurnValues,
  stacked: readonly Value[],
): LateSum[] {
  const apart = cotangents.map((each) => (each === null ? [] : takeApart(each, (value) => value, values)));
  const operandsOf = (term: Term): Value[] => (term.kind === "product" ? term.origin.inputs.map(behindStop) : []);
  const available = new Set([...stacked, ...apart.flatMap((terms) => terms.flatMap(operandsOf))]);
  const isLate = (term: Term): boolean => term.kind === "product" || available.has(behindStop(term.summed));
  return apart.map((all) => {
    const terms = all.filter(isLate);
    const early = all.flatMap((term) =>
      term.kind === "sum" && !isLate(term) ? [term.linear(sum(term.summed, term.axes))] : [],
    );
    const operands = terms.flatMap((term) => (term.kind === "sum" ? [behindStop(term.summed)] : operandsOf(term)));
    return {
      inTurn: early.length === 0 ? null : early.reduce(add),
      terms,
      stacked: operands.filter((value) => !isStored(value, values)),
    };
  });
}

/** [T, rows, columns] with one of the two put under one another over all turns. */
function underOneAnother(stack: Value, joined: "rows" | "columns"): Value {
  const [turns = 0, rows = 0, columns = 0] = stack.shape;
  if (joined === "rows") return reshape(stack, [turns * rows, columns]);
  return reshape(permute(stack, [1, 0, 2]), [rows, turns * columns]);
}

function sumOfTerm(term: Term, stackOf: (value: Value) => Value): Value {
  if (term.kind === "sum") {
    return term.linear(sum(stackOf(term.summed), [0, ...term.axes.map((axis) => axis + 1)]));
  }
  const { origin, linear } = term;
  const [a, b] = [stackOf(at(origin.inputs, 0)), stackOf(at(origin.inputs, 1))];
  const { transposeA, transposeB } = origin.attributes;
  const left = underOneAnother(a, transposeA ? "rows" : "columns");
  const right = underOneAnother(b, transposeB ? "columns" : "rows");
  return linear(matmul(left, right, { transposeA, transposeB }));
}

/**
 * The cotangent of a shared value.
 * @param carried what the backward loop has summed in a carry, or null  @param stacks what it has stacked
 */
export function summedUp(
  { terms }: LateSum,
  carried: Value | null,
  stacks: ReadonlyMap<Value, Value>,
  values: TurnValues,
): Value | null {
  const stackOf = (value: Value): Value => {
    const stacked = behindStop(value);
    const stack = values.slices.get(stacked) ?? values.stacks.get(stacked) ?? stacks.get(stacked);
    if (stack === undefined) throw new RangeError("A value of a turn that is summed behind the loop was not stacked");
    return stacked === value ? stack : stop(stack);
  };
  const sums = terms.map((term) => sumOfTerm(term, stackOf));
  const all = carried === null ? sums : [carried, ...sums];
  return all.length === 0 ? null : all.reduce(add);
}
