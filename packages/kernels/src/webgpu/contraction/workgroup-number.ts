import { literal } from "../kernel-code.ts";
import type { Lines } from "./lines.ts";
import { type Product, partLength } from "./product.ts";

/** What the number of a workgroup says: WGSL expressions of u32. */
export interface Assignment {
  readonly batch: string;
  /** The part of the depth. */
  readonly part: string;
  readonly firstRow: string;
  readonly firstColumn: string;
  /** The k's that are summed: from `start` to before `end`. */
  readonly start: string;
  readonly end: string;
}

/** Decodes a workgroup's number: neighbours have neighbouring columns. Everything declared is uniform. */
export function assignment(
  lines: Lines,
  product: Product,
  { rows, columns }: { readonly rows: number; readonly columns: number },
  number: string,
): Assignment {
  let rest = number;
  const digit = (count: number, last = false): string => {
    if (count === 1) return "0u";
    if (last) return rest;
    const value = lines.let("digit", `${rest} % ${count}u`);
    rest = lines.let("rest", `${rest} / ${count}u`);
    return value;
  };
  const column = digit(Math.ceil(product.columns / columns));
  const row = digit(Math.ceil(product.rows / rows));
  const batch = digit(product.batch);
  const part = digit(product.splits, true);
  const length = partLength(product);
  const start = product.splits === 1 ? "0u" : lines.let("start", `${part} * ${length}u`);
  const whole = product.splits === 1 ? literal(product.depth) : `min(${start} + ${length}u, ${product.depth}u)`;
  return {
    batch,
    part,
    firstRow: row === "0u" ? row : lines.let("rows", `${row} * ${rows}u`),
    firstColumn: column === "0u" ? column : lines.let("columns", `${column} * ${columns}u`),
    start,
    end: lines.let("end", whole),
  };
}
