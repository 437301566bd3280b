import type { ContractKernel } from "../../ir.ts";
import { type Digit, mapSize } from "./linear-map.ts";
import type { Product } from "./product.ts";

/** A batch axis along which one factor does not change is more rows, or more columns, of one product. */
export function matrixProduct({ a, b }: ContractKernel): Product {
  const rank = a.shape.length;
  const batch: { left: Digit; right: Digit; output: Digit }[] = [];
  const rows: { operand: Digit; output: Digit }[] = [];
  const columns: { operand: Digit; output: Digit }[] = [];
  const coordinate = (axis: number): number[] => Array.from({ length: rank }, (_, other) => (other === axis ? 1 : 0));
  for (const [axis, size] of a.shape.slice(0, -2).entries()) {
    const output = { size, steps: coordinate(axis) };
    const left = { size, steps: [a.strides[axis]] };
    const right = { size, steps: [b.strides[axis]] };
    if (right.steps[0] === 0) rows.push({ operand: left, output });
    else if (left.steps[0] === 0) columns.push({ operand: right, output });
    else batch.push({ left, right, output });
  }
  const [m, k] = a.shape.slice(-2);
  const n = b.shape[rank - 1];
  rows.push({ operand: { size: m, steps: [a.strides[rank - 2]] }, output: { size: m, steps: coordinate(rank - 2) } });
  columns.push({
    operand: { size: n, steps: [b.strides[rank - 1]] },
    output: { size: n, steps: coordinate(rank - 1) },
  });
  const start = [0];
  const operands = (list: readonly { operand: Digit }[]): Digit[] => list.map(({ operand }) => operand);
  const outputs = (list: readonly { output: Digit }[]): Digit[] => list.map(({ output }) => output);
  return {
    batch: mapSize(outputs(batch)),
    rows: mapSize(outputs(rows)),
    columns: mapSize(outputs(columns)),
    depth: k,
    splits: 1,
    left: {
      ...{ storage: a.storage, offset: a.offset, start, bounds: [] },
      batch: batch.map(({ left }) => left),
      outer: operands(rows),
      inner: [{ size: k, steps: [a.strides[rank - 1]] }],
    },
    right: {
      ...{ storage: b.storage, offset: b.offset, start, bounds: [] },
      batch: batch.map(({ right }) => right),
      outer: operands(columns),
      inner: [{ size: k, steps: [b.strides[rank - 2]] }],
    },
    output: { start: coordinate(-1), batch: outputs(batch), row: outputs(rows), column: outputs(columns) },
  };
}
