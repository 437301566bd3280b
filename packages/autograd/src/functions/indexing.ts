import { shapesEqual, showType } from "@tributary/program";
import { AutogradError } from "../errors.ts";
import * as op from "../primitives.ts";
import type { Value } from "../value.ts";
import { asFloat, axisOf } from "./promotion.ts";

/** The permutation that exchanges an axis with the last one. */
function toLast(rank: number, axis: number): number[] {
  const last = rank - 1;
  return Array.from({ length: rank }, (_, position) =>
    position === axis ? last : position === last ? axis : position,
  );
}

/** Indices as int32. @throws AutogradError DTYPE_MISMATCH */
function asIndex(name: string, index: Value): Value {
  if (index.dtype === "int32" || index.dtype === "uint32" || index.dtype === "uint8") return op.cast(index, "int32");
  throw new AutogradError(
    "DTYPE_MISMATCH",
    `${name}: the index is ${showType(index)}, but must be an integer: use .to("int32")`,
  );
}

/** Checks that two values are alike but for one axis. */
function requireAlike(name: string, a: Value, b: Value, axis: number): void {
  const rank = a.shape.length;
  if (b.shape.length === rank && shapesEqual(a.shape.toSpliced(axis, 1), b.shape.toSpliced(axis, 1))) return;
  throw new AutogradError(
    "SHAPE_MISMATCH",
    `${name}: x is ${showType(a)} and the index ${showType(b)}, but they must be alike except for dimension ${axis}: expand the index`,
  );
}

/** x's element at each index of one dimension; out of range gives 0. @throws AutogradError SHAPE_MISMATCH, DTYPE_MISMATCH */
export function gather(x: Value, dim: number, index: Value): Value {
  const axis = axisOf("gather", dim, x.shape.length);
  requireAlike("gather", x, index, axis);
  const order = toLast(x.shape.length, axis);
  return op.permute(op.gather(op.permute(x, order), op.permute(asIndex("gather", index), order)), order);
}

/** x, with each update added at its index of one dimension. @throws AutogradError SHAPE_MISMATCH, DTYPE_MISMATCH */
export function scatterAdd(x: Value, dim: number, index: Value, updates: Value): Value {
  const axis = axisOf("scatterAdd", dim, x.shape.length);
  requireAlike("scatterAdd", x, index, axis);
  const order = toLast(x.shape.length, axis);
  const moved = op.scatterAdd(
    op.permute(updates, order),
    op.permute(asIndex("scatterAdd", index), order),
    x.shape[axis] ?? 0,
  );
  return op.add(x, op.permute(moved, order));
}

/** Rows of a table [V, ...rest] by an index of any shape -> [...index, ...rest]. */
export function embedding(table: Value, index: Value): Value {
  return op.take(table, asIndex("embedding", index));
}

/** Loss of each row of logits [B, C] for its target [B]. @throws ProgramError SHAPE_MISMATCH */
export function softmaxCrossEntropy(logits: Value, targets: Value): Value {
  return op.softmaxCrossEntropy(asFloat("softmaxCrossEntropy", logits), asIndex("softmaxCrossEntropy", targets));
}
