import * as op from "../primitives.ts";
import { type Rows, twoInputs } from "./rule.ts";

/** Operations that read or write where an index says. Reading and adding are each other's adjoint. */
export const INDEXING: Rows<"gather" | "scatterAdd" | "take" | "scatterAddRows"> = {
  gather: twoInputs(op.gather, ({ dy, a: x, b: index }) => [op.scatterAdd(dy, index, x.shape.at(-1) ?? 0), null]),
  scatterAdd: twoInputs(
    (updates, index, { length }) => op.scatterAdd(updates, index, length),
    ({ dy, b: index }) => [op.gather(dy, index), null],
  ),
  take: twoInputs(op.take, ({ dy, a: table, b: index }) => [op.scatterAddRows(dy, index, table.shape[0] ?? 0), null]),
  scatterAddRows: twoInputs(
    (updates, index, { rows }) => op.scatterAddRows(updates, index, rows),
    ({ dy, b: index }) => [op.take(dy, index), null],
  ),
};
