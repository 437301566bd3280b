import { WORKGROUP_SIZE } from "../kernel-code.ts";
import type { Product } from "./product.ts";

/** How a workgroup computes a piece of a product with both factors in workgroup memory. All numbers are powers of two. */
export interface TileShape {
  readonly rows: number;
  readonly columns: number;
  /** The K of the pieces in workgroup memory. */
  readonly depth: number;
  /** Sums of one invocation: 4 or 8 rows and columns. */
  readonly threadRows: number;
  readonly threadColumns: number;
  /** Part of the arithmetic's best speed that the shape reaches when it fills a GPU: how much it computes for each load. */
  readonly efficiency: number;
}

/**
 * From large to small. Two tiles of a piece, with a vector between their lines against bank conflicts, fit into 13 KiB. Shapes of fewer
 * than 256 invocations share each piece's K among slices of the workgroup, and add the slices' sums at the end.
 */
export const TILE_SHAPES: readonly TileShape[] = [
  shape(128, 128, 8, 8, 8, 1),
  shape(128, 64, 16, 8, 4, 0.85),
  shape(64, 128, 16, 4, 8, 0.85),
  shape(64, 64, 16, 4, 4, 0.7),
  shape(32, 128, 16, 4, 4, 0.6),
  shape(128, 32, 16, 4, 4, 0.6),
  shape(32, 64, 16, 4, 4, 0.55),
  shape(64, 32, 16, 4, 4, 0.55),
  shape(16, 128, 16, 4, 4, 0.4),
  shape(128, 16, 16, 4, 4, 0.4),
  shape(32, 32, 32, 4, 4, 0.45),
  shape(16, 64, 32, 4, 4, 0.4),
  shape(64, 16, 32, 4, 4, 0.4),
  shape(16, 16, 64, 4, 4, 0.3),
];

function shape(
  rows: number,
  columns: number,
  depth: number,
  threadRows: number,
  threadColumns: number,
  efficiency: number,
): TileShape {
  return { rows, columns, depth, threadRows, threadColumns, efficiency };
}

/** Parts of a workgroup that each sum a part of the K of each piece. */
export function sliceCount({ rows, columns, threadRows, threadColumns }: TileShape): number {
  return (WORKGROUP_SIZE * threadRows * threadColumns) / (rows * columns);
}

/** Tiles of a product, in all its batches and parts. */
export function tileCount({ rows, columns }: TileShape, product: Product): number {
  return Math.ceil(product.rows / rows) * Math.ceil(product.columns / columns) * product.batch * product.splits;
}
