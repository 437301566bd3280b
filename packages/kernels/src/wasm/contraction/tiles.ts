import type { Local } from "../assembler-function.ts";
import type { KernelContext } from "../context.ts";
import { blocks } from "../pointer-loop.ts";
import { dotMicroKernel } from "./dot-micro-kernel.ts";
import { outerMicroKernel } from "./outer-micro-kernel.ts";

/** Addresses of a block's operands, kept where they are, and whether (1) or not (0) to add to what C holds. */
export interface TileOperands {
  readonly a: Local;
  readonly b: Local;
  readonly c: Local;
  readonly accumulate: Local;
}

/** A block C[rows, columns] (+)= A[rows, count] B[count, columns] for the outer-product kernel. Strides are in bytes. */
export interface OuterBlock {
  readonly rows: number;
  readonly columns: number;
  readonly count: number;
  readonly aRow: number;
  readonly aStep: number;
  /** Bytes a row by which A moves from tile to tile: aRow in place, more where tiles are packed one after the other. */
  readonly aTileRow: number;
  readonly bStep: number;
  /** Bytes a column by which B moves from tile to tile. */
  readonly bTileColumn: number;
  readonly cRow: number;
}

/** A block of B of at most this many bytes stays in the first cache while all of A passes once. */
const SMALL_B_BYTES = 24 * 1024;

/**
 * Runs the micro-kernel over all tiles of a block: a panel of B stays in the first cache while the rows of A pass, or all of a
 * small B while each tile's rows of A are used up.
 */
export function outerTiles(context: KernelContext, block: OuterBlock, operands: TileOperands): void {
  const code = context.body;
  const { a, b, c, accumulate } = operands;
  const { outer } = context.geometry;
  const { aRow, aStep, bStep, cRow } = block;
  const byColumns = (body: (vectors: number) => void): void =>
    blocks(code, { total: block.columns, size: outer.columns }, [b, c], [block.bTileColumn, 4], (columns) =>
      body(Math.ceil(columns / 4)),
    );
  const byRows = (body: (rows: number) => void): void =>
    blocks(code, { total: block.rows, size: outer.rows }, [a, c], [block.aTileRow, cRow], body);
  const tile = (rows: number, vectors: number): void => {
    const kernel = outerMicroKernel(context, { rows, vectors, aRow, aStep, bStep, cRow });
    code.get(a).get(b).get(c).i32(block.count).get(accumulate).call(kernel);
  };
  if (block.columns * block.count * 4 <= SMALL_B_BYTES) byRows((rows) => byColumns((vectors) => tile(rows, vectors)));
  else byColumns((vectors) => byRows((rows) => tile(rows, vectors)));
}

/** A block C[rows, columns] (+)= A[rows, count] B[count, columns] for the dot-product kernel. Strides are in bytes. */
export interface DotBlock {
  readonly rows: number;
  readonly columns: number;
  readonly count: number;
  readonly aRow: number;
  readonly bColumn: number;
  readonly cRow: number;
  readonly cColumn: number;
}

/** Rows of A that stay in the first cache while the columns of B pass: 24 rows of 256 floats are 24 KiB. */
const DOT_ROWS = 24;

/** Runs the micro-kernel over all tiles of a block. `spill` is the address of dotSpillBytes of the geometry's tile. */
export function dotTiles(
  context: KernelContext,
  block: DotBlock,
  operands: TileOperands & { readonly spill: Local },
): void {
  const code = context.body;
  const { a, b, c, accumulate, spill } = operands;
  const { dot } = context.geometry;
  const { aRow, bColumn, cRow, cColumn } = block;
  const tail = block.count % 8;
  blocks(code, { total: block.rows, size: DOT_ROWS }, [a, c], [aRow, cRow], (slab) => {
    blocks(code, { total: block.columns, size: dot.columns }, [b, c], [bColumn, cColumn], (columns) => {
      blocks(code, { total: slab, size: dot.rows }, [a, c], [aRow, cRow], (rows) => {
        const kernel = dotMicroKernel(context, { rows, columns, aRow, bColumn, cRow, cColumn, tail });
        code
          .get(a)
          .get(b)
          .get(c)
          .i32(block.count - tail)
          .get(accumulate)
          .get(spill)
          .call(kernel);
      });
    });
  });
}
