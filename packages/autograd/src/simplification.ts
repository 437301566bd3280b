import * as op from "./primitives.ts";
import { collect, resolve } from "./recording.ts";
import { isOperation, type OperationOrigin, record, type Value } from "./value.ts";

/*
 * Rewrites what was recorded into fewer operations with the same result, bit for bit. This happens when a graph is built
 * and not earlier: before, somebody may still ask for the derivative by a value that would have been skipped.
 */

/** What a rule sees: an operation, its inputs after their own simplification, and who else uses them. */
interface Site {
  readonly origin: OperationOrigin;
  readonly inputs: readonly Value[];
  /** Whether the input at a place has no other use. */
  readonly usedOnce: (place: number) => boolean;
  /** What made a value, unless it is an input of the graph. */
  readonly madeBy: (value: Value) => Value["origin"] | null;
}

type Rule = (site: Site) => Value | null;

/** Reshapes in a row are one; of a fill, a fill. */
const reshapes: Rule = ({ origin, inputs: [x], madeBy }) => {
  if (!isOperation(origin, "reshape") || x === undefined) return null;
  const { shape } = origin.attributes;
  const before = madeBy(x);
  const source = before !== null && isOperation(before, "reshape") ? (before.inputs[0] ?? x) : x;
  const fill = op.fillOf(source);
  if (fill !== null) return op.full(shape, fill, source.dtype);
  return source === x ? null : op.reshape(source, shape);
};

/** A fill stretched is a fill. */
const stretchedFills: Rule = ({ origin, inputs: [x] }) => {
  if (!isOperation(origin, "broadcast") || x === undefined) return null;
  const fill = op.fillOf(x);
  return fill === null ? null : op.full(origin.attributes.shape, fill, x.dtype);
};

/** A product with exactly 1 is the other factor, NaN included; cotangents start as ones, so this is common. */
const productsWithOne: Rule = ({ origin, inputs: [a, b] }) => {
  if (!isOperation(origin, "mul") || a === undefined || b === undefined) return null;
  if (op.fillOf(a) === 1) return b;
  return op.fillOf(b) === 1 ? a : null;
};

/** Whether a permutation exchanges the last two axes and no others. */
function isTranspose(permutation: readonly number[]): boolean {
  const last = permutation.length - 1;
  return last >= 1 && permutation.every((from, to) => from === (to === last ? last - 1 : to === last - 1 ? last : to));
}

/** A transposed operand of a product is multiplied as it lies. */
const transposedOperands: Rule = ({ origin, inputs: [a, b], madeBy }) => {
  if (!isOperation(origin, "matmul") || a === undefined || b === undefined) return null;
  const asItLies = (value: Value): Value => {
    const before = madeBy(value);
    const isTransposed =
      before !== null && isOperation(before, "permute") && isTranspose(before.attributes.permutation);
    return isTransposed ? (before.inputs[0] ?? value) : value;
  };
  const [left, right] = [asItLies(a), asItLies(b)];
  if (left === a && right === b) return null;
  const { transposeA, transposeB } = origin.attributes;
  return op.matmul(left, right, {
    transposeA: transposeA !== (left !== a),
    transposeB: transposeB !== (right !== b),
  });
};

/** (A B)^T is B^T A^T: a product of which only the transpose is used is computed transposed. */
const transposedProducts: Rule = ({ origin, inputs: [x], usedOnce, madeBy }) => {
  if (!isOperation(origin, "permute") || x === undefined || !isTranspose(origin.attributes.permutation)) return null;
  const before = madeBy(x);
  if (before === null || !isOperation(before, "matmul") || !usedOnce(0)) return null;
  const [a, b] = before.inputs;
  const { transposeA, transposeB } = before.attributes;
  if (a === undefined || b === undefined) return null;
  return op.matmul(b, a, { transposeA: !transposeB, transposeB: !transposeA });
};

/** Permutations in a row are one. */
const permutations: Rule = ({ origin, inputs: [x], madeBy }) => {
  if (!isOperation(origin, "permute") || x === undefined) return null;
  const before = madeBy(x);
  const source = before !== null && isOperation(before, "permute") ? before.inputs[0] : undefined;
  if (before === null || !isOperation(before, "permute") || source === undefined) return null;
  const inner = before.attributes.permutation;
  return op.permute(
    source,
    origin.attributes.permutation.map((axis) => inner[axis] ?? axis),
  );
};

const RULES: readonly Rule[] = [
  reshapes,
  stretchedFills,
  productsWithOne,
  transposedOperands,
  transposedProducts,
  permutations,
];

function countUses(origins: readonly OperationOrigin[], outputs: readonly Value[]): Map<Value, number> {
  const uses = new Map<Value, number>();
  for (const value of [...outputs, ...origins.flatMap(({ inputs }) => inputs)].map(resolve)) {
    uses.set(value, (uses.get(value) ?? 0) + 1);
  }
  return uses;
}

/** Values equal to `outputs`, made of fewer operations. Values for which `isBoundary` holds are taken as they are. */
export function simplify(outputs: readonly Value[], isBoundary: (value: Value) => boolean): Value[] {
  const { origins } = collect(outputs, isBoundary);
  const uses = countUses(origins, outputs);
  const replacements = new Map<Value, Value>();
  const after = (value: Value): Value => {
    const resolved = resolve(value);
    return replacements.get(resolved) ?? resolved;
  };
  const madeBy = (value: Value): Value["origin"] | null => (isBoundary(value) ? null : value.origin);
  for (const origin of origins) {
    const inputs = origin.inputs.map(after);
    const usedOnce = (place: number): boolean => {
      const input = origin.inputs[place];
      return input !== undefined && uses.get(resolve(input)) === 1;
    };
    const site: Site = { origin, inputs, usedOnce, madeBy };
    const rewritten = RULES.reduce<Value | null>((found, rule) => found ?? rule(site), null);
    if (rewritten !== null) {
      for (const output of origin.outputs) replacements.set(output, rewritten);
    } else if (inputs.some((input, place) => input !== origin.inputs[place])) {
      const again = record(origin.operation, origin.attributes, inputs);
      for (const [index, output] of origin.outputs.entries()) replacements.set(output, again[index] ?? output);
    }
  }
  return outputs.map(after);
}
