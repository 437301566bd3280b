import { WORKGROUP_SIZE } from "../kernel-code.ts";
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

/** Workgroups below which more invocations share a column. */
const WORKGROUPS_WANTED = 128;
/** Lanes from which on loads of neighbouring k are wide enough. */
const LANES_WIDE = 32;
/** Most lanes where neighbouring invocations have neighbouring columns: loads of fewer than 16 columns would be narrow. */
const LANES_APART = 16;
/** Least K of a lane: fewer are not worth the sum over lanes. */
const LANE_DEPTH = 4;
/** Numbers of the left factor in workgroup memory, at most: 8 KiB. */
const CHUNK_NUMBERS = 2048;
/** The longest chunk, for which there may be a table of where each k is. */
const CHUNK_MAX = 256;

/** Chooses the geometry of a product with no more rows than columns. */
export function skinnyShape(product: Product, lanesFirst: boolean, chained: boolean): SkinnyShape {
  const rows = SKINNY_ROWS.find((size) => size >= product.rows) ?? SKINNY_ROWS.at(-1)!;
  const depth = Math.max(partLength(product), 1);
  const lanesMost = Math.min(powerBelow(depth / LANE_DEPTH), WORKGROUP_SIZE, CHUNK_NUMBERS / rows);
  const columns = powerAbove(product.columns);
  let lanes = lanesFirst ? Math.min(LANES_WIDE, lanesMost) : 1;
  const spread = Math.min(lanesMost, Math.max(lanesFirst ? WORKGROUP_SIZE : LANES_APART, WORKGROUP_SIZE / columns));
  const workgroups = (): number =>
    Math.ceil(product.columns / (WORKGROUP_SIZE / lanes)) *
    Math.ceil(product.rows / rows) *
    product.batch *
    product.splits;
  // One workgroup alone has enough to do as soon as each invocation has a column.
  const idle = (): boolean => (chained ? columns * lanes < WORKGROUP_SIZE : workgroups() < WORKGROUPS_WANTED);
  while (lanes < spread && idle()) lanes *= 2;
  const across = WORKGROUP_SIZE / lanes;
  const registers = rows === 16 ? 1 : rows === 8 ? 2 : 4;
  const threadColumns = chained ? Math.max(1, Math.min(registers, Math.floor(columns / across))) : 1;
  const chunk = Math.max(Math.min(powerAbove(depth), CHUNK_NUMBERS / rows, CHUNK_MAX), lanes);
  return { rows, width: across * threadColumns, threadColumns, lanes, chunk, lanesFirst };
}

/** Workgroups of a product in this geometry. */
export function skinnyCount({ rows, width }: SkinnyShape, product: Product): number {
  return Math.ceil(product.rows / rows) * Math.ceil(product.columns / width) * product.batch * product.splits;
}

function powerAbove(value: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(value, 1)));
}

function powerBelow(value: number): number {
  return 2 ** Math.floor(Math.log2(Math.max(value, 1)));
}
