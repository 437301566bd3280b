import type { ContractKernel, View } from "../../ir.ts";
import type { Local } from "../assembler-function.ts";
import type { EmitBody } from "../body-pointers.ts";
import type { KernelContext } from "../context.ts";
import { blocks, walk } from "../pointer-loop.ts";
import { dotSpillBytes } from "./dot-micro-kernel.ts";
import { directStore, Epilogue } from "./epilogue.ts";
import { type Geometry, K_BLOCK } from "./geometry.ts";
import { packPanels, panelFloats } from "./pack.ts";
import { rowLength, ScratchLayout } from "./scratch.ts";
import { dotTiles, outerTiles } from "./tiles.ts";

/** Columns of C worked on at a time: a packed block of B is 512 KiB, which second caches hold. */
const N_BLOCK = 512;

/** An operand of at most this many bytes is used where it lies, however it is laid out. */
const IN_PLACE_BYTES = 16 * 1024;

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
  const dot = aStep === 1 && bStep === 1 && aRow >= 0 && bColumn >= 0 && (bColumn !== 1 || columns === 1);
  const block = Math.min(depth, K_BLOCK);
  const small = (elements: number): boolean => elements * 4 <= IN_PLACE_BYTES;
  const packA = !dot && !(aRow >= 0 && aStep >= 0 && (aStep === 1 || small(rows * block)));
  const reused = rows > 2 * geometry.outer.rows;
  const packB = !dot && !(bColumn === 1 && bStep >= 0 && (!reused || small(columns * block)));
  const store = directStore(epilogue);
  const outputStride = store?.window.strides ?? [];
  const rank = epilogue.shape.length;
  const direct = store !== undefined && directFits(outputStride[rank - 1], outputStride[rank - 2], columns, dot);
  const cRow = direct ? outputStride[rank - 2] : rowLength(Math.min(columns, N_BLOCK));
  const layout = new ScratchLayout();
  const scratch = {
    a: packA ? layout.floats(panelFloats(rows, geometry.outer.rows, block)) : 0,
    b: packB ? layout.floats(panelFloats(Math.min(columns, N_BLOCK), geometry.outer.columns, block)) : 0,
    c: direct ? 0 : layout.floats(rows * cRow),
    spill: dot ? layout.floats(dotSpillBytes(geometry.dot.rows, geometry.dot.columns) / 4) : 0,
  };
  const method = dot ? "dot" : "outer";
  const strides = { aRow, aStep, bStep, bColumn };
  return { rows, columns, depth, ...strides, method, packA, packB, cRow, direct, scratch, scratchBytes: layout.bytes };
}

/** The outer-product kernel writes whole vectors of columns; the other one writes single sums, one beside the other here. */
function directFits(columnStride: number, rowStride: number, columns: number, dot: boolean): boolean {
  return columnStride === 1 && rowStride >= 0 && (dot || columns % 4 === 0);
}

/** Writes the whole product, batch by batch. */
export function emitMatmul(context: KernelContext, kernel: ContractKernel, emitBody: EmitBody): void {
  const plan = planMatmul(kernel, context.geometry);
  const code = context.body;
  const [a, b, c, accumulate] = ["i32", "i32", "i32", "i32"].map(() => code.local("i32"));
  context.pushAddress(kernel.a.storage, kernel.a.offset * 4);
  code.set(a);
  context.pushAddress(kernel.b.storage, kernel.b.offset * 4);
  code.set(b);
  const output = startOutput(context, kernel, emitBody, plan, c);
  const rank = kernel.epilogue.shape.length;
  const batch = kernel.epilogue.shape.slice(0, -2).map((length, axis) => ({
    length,
    strides: [kernel.a.strides[axis] * 4, kernel.b.strides[axis] * 4, ...output.strides(axis)],
  }));
  walk(code, batch, [a, b, ...output.pointers], () => {
    const strides = [plan.bColumn * 4, ...output.strides(rank - 1)];
    blocks(code, { total: plan.columns, size: N_BLOCK }, [b, ...output.pointers], strides, (columns) => {
      code.i32(0).set(accumulate);
      const steps = [plan.aStep * 4, plan.bStep * 4];
      blocks(code, { total: plan.depth, size: K_BLOCK }, [a, b], steps, (depth) => {
        emitBlock(context, plan, { columns, depth }, { a, b, c, accumulate });
        code.i32(1).set(accumulate);
      });
      output.finish(columns);
    });
  });
}

interface Output {
  readonly pointers: readonly Local[];
  strides(axis: number): number[];
  finish(columns: number): void;
}

/** Sums go straight to the output (then c moves along with it), or to scratch and from there through the epilogue. */
function startOutput(
  context: KernelContext,
  kernel: ContractKernel,
  emitBody: EmitBody,
  plan: MatmulPlan,
  c: Local,
): Output {
  const store = directStore(kernel.epilogue);
  if (plan.direct && store !== undefined) {
    context.pushAddress(store.storage, store.window.offset * 4);
    context.body.set(c);
    return { pointers: [c], strides: (axis) => [store.window.strides[axis] * 4], finish: () => {} };
  }
  context.pushScratch(plan.scratch.c);
  context.body.set(c);
  const epilogue = new Epilogue(context, kernel.epilogue, emitBody);
  epilogue.start();
  const rank = kernel.epilogue.shape.length;
  return {
    pointers: epilogue.pointers,
    strides: (axis) => epilogue.strides(axis),
    finish: (columns) =>
      epilogue.emit(c, [
        { axis: rank - 2, length: plan.rows, sumStride: plan.cRow * 4 },
        { axis: rank - 1, length: columns, sumStride: 4 },
      ]),
  };
}

function emitBlock(
  context: KernelContext,
  plan: MatmulPlan,
  size: { readonly columns: number; readonly depth: number },
  operands: { readonly a: Local; readonly b: Local; readonly c: Local; readonly accumulate: Local },
): void {
  const code = context.body;
  const { columns, depth } = size;
  const { rows } = plan;
  const [aRow, aStep, bStep, bColumn, cRow] = [plan.aRow, plan.aStep, plan.bStep, plan.bColumn, plan.cRow].map(
    (floats) => floats * 4,
  );
  if (plan.method === "dot") {
    const spill = code.local("i32");
    context.pushScratch(plan.scratch.spill);
    code.set(spill);
    const block = { rows, columns, count: depth, aRow, bColumn, cRow, cColumn: 4 };
    dotTiles(context, block, { ...operands, spill });
    code.release(spill);
    return;
  }
  const { outer } = context.geometry;
  const packed = (
    from: Local,
    offset: number,
    panels: { total: number; size: number; along: number; step: number },
  ) => {
    const target = code.local("i32");
    context.pushScratch(offset);
    code.set(target);
    packPanels(code, from, target, { ...panels, count: depth });
    return target;
  };
  const a = plan.packA
    ? packed(operands.a, plan.scratch.a, { total: rows, size: outer.rows, along: aRow, step: aStep })
    : operands.a;
  const b = plan.packB
    ? packed(operands.b, plan.scratch.b, { total: columns, size: outer.columns, along: bColumn, step: bStep })
    : operands.b;
  const left = plan.packA ? { aRow: 4, aStep: outer.rows * 4, aTileRow: depth * 4 } : { aRow, aStep, aTileRow: aRow };
  const right = plan.packB ? { bStep: outer.columns * 4, bTileColumn: depth * 4 } : { bStep, bTileColumn: 4 };
  outerTiles(context, { rows, columns, count: depth, ...left, ...right, cRow }, { ...operands, a, b });
  code.release(...[plan.packA ? [a] : [], plan.packB ? [b] : []].flat());
}
