import type { ContractKernel, View } from "../../ir.ts";
import { dotSpillBytes } from "./dot-micro-kernel.ts";
import { directStore } from "./epilogue.ts";
import { type Geometry, K_BLOCK } from "./geometry.ts";
import { panelFloats } from "./pack.ts";
import { rowLength, ScratchLayout } from "./scratch.ts";

/** Columns of C worked on at a time: a packed block of B is 512 KiB, which second caches hold. */
export const N_BLOCK = 512;

/** An operand of at most this many bytes, with hardly a gap in it, is used where it lies, however it is laid out. */
const IN_PLACE_BYTES = 16 * 1024;

/** A first cache has 64 sets of lines of 64 bytes; rows this many bytes apart all begin in one set. */
const CACHE_SETS = 64;
const LINE_FLOATS = 16;

/** Lines that one operand may have in each set of the first cache, which has 8 or 12 of them there. */
const LINES_A_SET = 4;

/** With so many rows, turning B around pays: then each element of it is used often enough. */
const TURNED_ROWS = 48;

/** Most floats of finished sums that wait for the epilogue: 128 KiB, so that they are still near. */
const SLAB_FLOATS = 32 * 1024;
const SLAB_ROWS_MIN = 48;

/** A deeper product is not cut into slabs of rows: its epilogue counts for little, and all of B would be packed at once. */
const SLAB_DEPTH_MAX = 4 * K_BLOCK;

/** How one matrix product is done. Strides are in floats; scratch offsets in bytes. */
export interface MatmulPlan {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly aRow: number;
  readonly aStep: number;
  readonly bStep: number;
  readonly bColumn: number;
  /** dot: both operands are adjacent along K. outer: B is, or is packed to be, adjacent along columns. */
  readonly method: "outer" | "dot";
  readonly packA: boolean;
  readonly packB: boolean;
  /** Rows of C that are finished before others begin. */
  readonly slab: number;
  /** Whether B is packed for all of K at once, before the first slab. */
  readonly packedAhead: boolean;
  /** Floats of packed B for each k: columns rounded up to whole panels. */
  readonly packedStep: number;
  /** Floats from a row of C to the next; the sums go straight to the output where `direct`. */
  readonly cRow: number;
  readonly direct: boolean;
  readonly scratch: { readonly a: number; readonly b: number; readonly c: number; readonly spill: number };
  readonly scratchBytes: number;
}

/** Chooses by shapes and strides alone. */
export function planMatmul(kernel: ContractKernel, geometry: Geometry): MatmulPlan {
  const { a, b, epilogue } = kernel;
  const [rows, depth] = a.shape.slice(-2);
  const columns = b.shape[b.shape.length - 1];
  // Along an axis of one element any stride is right: the handiest is taken.
  const stride = (view: View, fromEnd: number): number =>
    view.shape[view.shape.length - fromEnd] === 1 ? 1 : view.strides[view.shape.length - fromEnd];
  const [aRow, aStep, bStep, bColumn] = [stride(a, 2), stride(a, 1), stride(b, 2), stride(b, 1)];
  const block = Math.min(depth, K_BLOCK);
  const dot = prefersDot({ rows, columns, aRow, aStep, bStep, bColumn });
  const packA = !dot && !leftInPlace({ rows, block, aRow, aStep });
  const packB = !dot && !rightInPlace({ rows, columns, block, bStep, bColumn }, geometry);
  const width = Math.min(columns, N_BLOCK);
  const packedStep = panelFloats(width, geometry.outer.columns, 1);
  const slab = slabRows(rows, width, depth);
  const packedAhead = packB && slab < rows;
  const store = directStore(epilogue);
  const outputStride = store?.window.strides ?? [];
  const rank = epilogue.shape.length;
  const direct = store !== undefined && directFits(outputStride[rank - 1], outputStride[rank - 2], columns, dot);
  const cRow = direct ? outputStride[rank - 2] : rowLength(width);
  const layout = new ScratchLayout();
  const scratch = {
    a: packA ? layout.floats(panelFloats(slab, geometry.outer.rows, block)) : 0,
    b: packB ? layout.floats(packedStep * (packedAhead ? depth : block)) : 0,
    c: direct ? 0 : layout.floats(slab * cRow),
    spill: dot ? layout.floats(dotSpillBytes(geometry.dot.rows, geometry.dot.columns) / 4) : 0,
  };
  return {
    ...{ rows, columns, depth, aRow, aStep, bStep, bColumn },
    method: dot ? "dot" : "outer",
    ...{ packA, packB, slab, packedAhead, packedStep, cRow, direct, scratch },
    scratchBytes: layout.bytes,
  };
}

interface Operands {
  readonly rows: number;
  readonly columns: number;
  readonly aRow: number;
  readonly aStep: number;
  readonly bStep: number;
  readonly bColumn: number;
}

/** Both operands adjacent along K, and too few rows or columns for turning B around to pay. */
function prefersDot({ rows, columns, aRow, aStep, bStep, bColumn }: Operands): boolean {
  const possible = aStep === 1 && bStep === 1 && aRow >= 0 && bColumn >= 0 && (bColumn !== 1 || columns === 1);
  return possible && (rows < TURNED_ROWS || columns < LINE_FLOATS);
}

/** Whether each tile's rows of A are adjacent along K, or A is small enough not to matter. */
function leftInPlace(size: Pick<Operands, "rows" | "aRow" | "aStep"> & { readonly block: number }): boolean {
  const { rows, block, aRow, aStep } = size;
  return aRow >= 0 && aStep >= 0 && (aStep === 1 || rows * block * 4 <= IN_PLACE_BYTES);
}

/** Whether a panel of B, or all of it, stays in the first cache as it lies. */
function rightInPlace(
  size: Pick<Operands, "rows" | "columns" | "bStep" | "bColumn"> & { readonly block: number },
  geometry: Geometry,
): boolean {
  const { rows, columns, block, bStep, bColumn } = size;
  if (bColumn !== 1 || bStep < 0) return false;
  if (rows <= 2 * geometry.outer.rows) return true;
  if (bStep <= columns && block * columns * 4 <= IN_PLACE_BYTES) return true;
  const lines = bStep / LINE_FLOATS;
  if (!Number.isInteger(lines) || lines === 0) return false;
  const sets = CACHE_SETS / commonDivisor(lines, CACHE_SETS);
  return block / sets <= LINES_A_SET;
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}

function slabRows(rows: number, width: number, depth: number): number {
  if (depth > SLAB_DEPTH_MAX) return rows;
  const most = Math.max(SLAB_ROWS_MIN, Math.floor(SLAB_FLOATS / width / SLAB_ROWS_MIN) * SLAB_ROWS_MIN);
  return rows <= 1.5 * most ? rows : most;
}

/** The outer-product kernel writes whole vectors of columns; the other one writes single sums, one beside the other here. */
function directFits(columnStride: number, rowStride: number, columns: number, dot: boolean): boolean {
  return columnStride === 1 && rowStride >= 0 && (dot || columns % 4 === 0);
}
