import { WORKGROUP_SIZE } from "../kernel-code.ts";
import { powerAbove } from "../reduction-geometry.ts";
import { type Product, partLength } from "./product.ts";

/**
 * How a workgroup computes a product of few rows: each invocation has all rows of a column, or of several, in registers, and reads the right
 * factor from memory once. The left factor goes through workgroup memory.
 */
export interface SkinnyShape {
  /** Rows of a workgroup: one of {@link SKINNY_ROWS}. */
  readonly rows: number;
  /** Columns of a workgroup. */
  readonly width: number;
  /** Columns of one invocation. */
  readonly threadColumns: number;
  /** Invocations that share a column's K, one k after another in turn. */
  readonly lanes: number;
  /** The K of the left factor's pieces in workgroup memory. */
  readonly chunk: number;
  /** Whether neighbouring invocations are lanes of a column, rather than neighbouring columns. */
  readonly lanesFirst: boolean;
}

/** Rows for which there is code. */
export const SKINNY_ROWS: readonly number[] = [1, 4, 8, 16];

/** Lanes from which on loads of neighbouring k are wide enough. */
const LANES_WIDE = 16;
/** Most lanes where neighbouring invocations have neighbouring columns: loads of fewer than 16 columns would be narrow. */
const LANES_APART = 16;
/** Least K of a lane: fewer are not worth the sum over lanes. */
const LANE_DEPTH = 4;
/** Numbers of the left factor in workgroup memory, at most: 8 KiB. */
const CHUNK_NUMBERS = 2048;
/** The longest chunk: there may be a table of where each k is. */
const CHUNK_MAX = 256;
/** Sums of an invocation, at most. */
const SUMS_MAX = 16;

/** Geometries for a product with no more rows than columns: from few lanes to many, from few columns to several. */
export function skinnyShapes(product: Product, lanesFirst: boolean, chained: boolean): readonly SkinnyShape[] {
  const rows = SKINNY_ROWS.find((size) => size >= product.rows) ?? SKINNY_ROWS[SKINNY_ROWS.length - 1];
  const depth = Math.max(partLength(product), 1);
  const columns = powerAbove(product.columns);
  const most = Math.min(powerBelow(depth / LANE_DEPTH), WORKGROUP_SIZE, CHUNK_NUMBERS / rows);
  const apart = Math.max(LANES_APART, WORKGROUP_SIZE / columns);
  const [first, last] = lanesFirst ? [Math.min(LANES_WIDE, most), most] : [1, Math.min(most, apart)];
  const shapes: SkinnyShape[] = [];
  for (let lanes = first; lanes <= last; lanes *= 2) {
    const across = WORKGROUP_SIZE / lanes;
    const chunk = Math.max(Math.min(powerAbove(depth), CHUNK_NUMBERS / rows, CHUNK_MAX), lanes);
    // Many workgroups at once are better than long invocations; one alone has all columns to do.
    const threadColumns = chained ? Math.max(1, Math.min(SUMS_MAX / rows, 4, Math.floor(columns / across))) : 1;
    shapes.push({ rows, width: across * threadColumns, threadColumns, lanes, chunk, lanesFirst });
  }
  return shapes;
}

/** Workgroups of a product in this geometry. */
export function skinnyCount({ rows, width }: SkinnyShape, product: Product): number {
  return Math.ceil(product.rows / rows) * Math.ceil(product.columns / width) * product.batch * product.splits;
}

function powerBelow(value: number): number {
  return 2 ** Math.floor(Math.log2(Math.max(value, 1)));
}
