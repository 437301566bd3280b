/**
 * How much of the product a micro-kernel keeps in registers while it runs over K. A geometry is named rows x columns, as in 6x16.
 * It never changes a result: each element has its own accumulator whatever the tile around it, and K is cut where
 * {@link K_BLOCK} says.
 */
export interface Geometry {
  /** Tiles of the outer-product kernel: `columns` is a multiple of 4. */
  readonly outer: Tile;
  /** Tiles of the dot-product kernel: each element has eight partial sums, in two vectors. */
  readonly dot: Tile;
}

/** Rows and columns of C that one call of a micro-kernel computes. */
export interface Tile {
  readonly rows: number;
  readonly columns: number;
}

/** For engines that fuse neighbouring 128-bit operations: 12 of 16 registers of 256 bits are accumulators. */
export const WIDE_GEOMETRY: Geometry = { outer: { rows: 6, columns: 16 }, dot: { rows: 2, columns: 6 } };

/** For engines that do not: 12 of 16 registers of 128 bits are accumulators. */
export const NARROW_GEOMETRY: Geometry = { outer: { rows: 6, columns: 8 }, dot: { rows: 2, columns: 3 } };

/**
 * Products are summed in blocks of this many, and the blocks' sums are added in order: part of what a result means.
 * 256 keeps a panel of 16 columns (16 KiB) in the first cache, and the rounding error of a sum of 100,000 below 1e-6 of the
 * terms' magnitudes.
 */
export const K_BLOCK = 256;

/** `total` cut into pieces of `size`, the last one smaller. */
export function* pieces(total: number, size: number): Generator<{ readonly start: number; readonly length: number }> {
  for (let start = 0; start < total; start += size) yield { start, length: Math.min(size, total - start) };
}
