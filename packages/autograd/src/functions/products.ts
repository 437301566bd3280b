import { type Shape, showShape } from "@tributary/program";
import { AutogradError } from "../errors.ts";
import * as op from "../primitives.ts";
import type { Value } from "../value.ts";
import { asFloat, broadcastShapes } from "./promotion.ts";

/** Operands that were transposed before are multiplied as they lie: simplification.ts sees to it. */
function product(a: Value, b: Value): Value {
  return op.matmul(a, b, { transposeA: false, transposeB: false });
}

function mismatch(a: Shape, b: Shape): AutogradError {
  return new AutogradError(
    "SHAPE_MISMATCH",
    `matmul: a is ${showShape(a)} and b is ${showShape(b)}, but a's last dimension must equal b's ${b.length < 2 ? "only" : "next to last"} one: transpose or reshape one of them`,
  );
}

/** [..., M, K] x [..., K, N] with broadcasting of the leading dimensions; a matrix on the right takes all rows at once. */
function batched(a: Value, b: Value): Value {
  const [batchA, batchB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const [rows, depth, columns] = [a.shape.at(-2) ?? 0, a.shape.at(-1) ?? 0, b.shape.at(-1) ?? 0];
  if (batchB.length === 0 && batchA.length > 0) {
    const count = batchA.reduce((total, size) => total * size, rows);
    return op.reshape(product(op.reshape(a, [count, depth]), b), [...batchA, rows, columns]);
  }
  const batch = broadcastShapes("matmul", batchA, batchB);
  return product(op.broadcast(a, [...batch, rows, depth]), op.broadcast(b, [...batch, depth, columns]));
}

/** PyTorch's matmul: vectors are rows on the left and columns on the right. @throws AutogradError SHAPE_MISMATCH */
export function matmul(first: Value, second: Value): Value {
  const [a, b] = [asFloat("matmul", first), asFloat("matmul", second)];
  if (a.shape.length === 0 || b.shape.length === 0 || a.shape.at(-1) !== b.shape.at(b.shape.length < 2 ? -1 : -2)) {
    throw mismatch(a.shape, b.shape);
  }
  if (a.shape.length === 1) {
    const y = matmul(op.reshape(a, [1, ...a.shape]), b);
    return op.reshape(y, y.shape.toSpliced(b.shape.length === 1 ? -1 : -2, 1));
  }
  if (b.shape.length === 1) {
    const y = batched(a, op.reshape(b, [...b.shape, 1]));
    return op.reshape(y, y.shape.slice(0, -1));
  }
  return batched(a, b);
}
