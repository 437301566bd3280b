import type { ContractKernel } from "../../ir.ts";
import type { Local } from "../assembler-function.ts";
import type { EmitBody } from "../body-pointers.ts";
import type { KernelContext } from "../context.ts";
import { blocks, walk } from "../pointer-loop.ts";
import { directStore, Epilogue } from "./epilogue.ts";
import { K_BLOCK } from "./geometry.ts";
import { type MatmulPlan, N_BLOCK, planMatmul } from "./matmul-plan.ts";
import { packPanels } from "./pack.ts";
import { dotTiles, outerTiles } from "./tiles.ts";

/** Addresses of the operands of a block, and whether (1) or not (0) to add to what C holds. */
interface Operands {
  readonly a: Local;
  /** As it lies; or, packed ahead, the packed block. */
  readonly b: Local;
  readonly c: Local;
  readonly accumulate: Local;
}

/** Writes the whole product: batch by batch, blocks of columns, slabs of rows, blocks of K. */
export function emitMatmul(context: KernelContext, kernel: ContractKernel, emitBody: EmitBody): void {
  const plan = planMatmul(kernel, context.geometry);
  const code = context.body;
  const [a, b, c, ahead, accumulate] = ["i32", "i32", "i32", "i32", "i32"].map(() => code.local("i32"));
  context.pushAddress(kernel.a.storage, kernel.a.offset * 4);
  code.set(a);
  context.pushAddress(kernel.b.storage, kernel.b.offset * 4);
  code.set(b);
  context.pushScratch(plan.scratch.b);
  code.set(ahead);
  const output = startOutput(context, kernel, emitBody, plan, c);
  const rank = kernel.epilogue.shape.length;
  const batch = kernel.epilogue.shape.slice(0, -2).map((length, axis) => ({
    length,
    strides: [kernel.a.strides[axis] * 4, kernel.b.strides[axis] * 4, ...output.strides(axis)],
  }));
  walk(code, batch, [a, b, ...output.pointers], () => {
    const strides = [plan.bColumn * 4, ...output.strides(rank - 1)];
    blocks(code, { total: plan.columns, size: N_BLOCK }, [b, ...output.pointers], strides, (columns) => {
      if (plan.packedAhead) packAhead(context, plan, columns, { b, ahead });
      const right = plan.packedAhead ? ahead : b;
      const rightStep = plan.packedAhead ? paddedColumns(context, columns) * 4 : plan.bStep * 4;
      const down = [plan.aRow * 4, ...output.strides(rank - 2)];
      blocks(code, { total: plan.rows, size: plan.slab }, [a, ...output.pointers], down, (rows) => {
        code.i32(0).set(accumulate);
        blocks(code, { total: plan.depth, size: K_BLOCK }, [a, right], [plan.aStep * 4, rightStep], (depth) => {
          emitBlock(context, plan, { rows, columns, depth }, { a, b: right, c, accumulate });
          code.i32(1).set(accumulate);
        });
        output.finish(rows, columns);
      });
    });
  });
}

interface Output {
  readonly pointers: readonly Local[];
  strides(axis: number): number[];
  finish(rows: number, columns: number): void;
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
    finish: (rows, columns) =>
      epilogue.emit(c, [
        { axis: rank - 2, length: rows, sumStride: plan.cRow * 4 },
        { axis: rank - 1, length: columns, sumStride: 4 },
      ]),
  };
}

function paddedColumns(context: KernelContext, columns: number): number {
  const panel = context.geometry.outer.columns;
  return Math.ceil(columns / panel) * panel;
}

/** Packs a block of columns of B for all of K: the blocks of K one after the other. */
function packAhead(
  context: KernelContext,
  plan: MatmulPlan,
  columns: number,
  { b, ahead }: { readonly b: Local; readonly ahead: Local },
): void {
  const step = paddedColumns(context, columns) * 4;
  const cut = { total: plan.depth, size: K_BLOCK };
  blocks(context.body, cut, [b, ahead], [plan.bStep * 4, step], (depth) => {
    packRight(context, plan, { columns, depth }, { from: b, to: ahead });
  });
}

function packRight(
  context: KernelContext,
  plan: MatmulPlan,
  size: { readonly columns: number; readonly depth: number },
  move: { readonly from: Local; readonly to: Local },
): void {
  const panels = { total: size.columns, size: context.geometry.outer.columns, count: size.depth };
  packPanels(context.body, move.from, move.to, { ...panels, along: plan.bColumn * 4, step: plan.bStep * 4 });
}

function emitBlock(
  context: KernelContext,
  plan: MatmulPlan,
  size: { readonly rows: number; readonly columns: number; readonly depth: number },
  operands: Operands,
): void {
  const code = context.body;
  const { rows, columns, depth } = size;
  const cRow = plan.cRow * 4;
  if (plan.method === "dot") {
    const spill = code.local("i32");
    context.pushScratch(plan.scratch.spill);
    code.set(spill);
    const strides = { aRow: plan.aRow * 4, bColumn: plan.bColumn * 4, cRow, cColumn: 4 };
    dotTiles(context, { rows, columns, count: depth, ...strides }, { ...operands, spill });
    code.release(spill);
    return;
  }
  const left = leftOperand(context, plan, { rows, depth }, operands.a);
  const right = rightOperand(context, plan, { columns, depth }, operands.b);
  const block = { rows, columns, count: depth, ...left.strides, ...right.strides, cRow };
  outerTiles(context, block, { ...operands, a: left.address, b: right.address });
  for (const { address } of [left, right]) {
    if (address !== operands.a && address !== operands.b) code.release(address);
  }
}

/** A as the micro-kernel takes it, packed first where the plan says so. */
function leftOperand(
  context: KernelContext,
  plan: MatmulPlan,
  size: { readonly rows: number; readonly depth: number },
  a: Local,
) {
  const { rows, depth } = size;
  const [aRow, aStep] = [plan.aRow * 4, plan.aStep * 4];
  if (!plan.packA) return { address: a, strides: { aRow, aStep, aTileRow: aRow } };
  const code = context.body;
  const address = code.local("i32");
  context.pushScratch(plan.scratch.a);
  code.set(address);
  const tile = context.geometry.outer.rows;
  packPanels(code, a, address, { total: rows, size: tile, along: aRow, count: depth, step: aStep });
  return { address, strides: { aRow: 4, aStep: tile * 4, aTileRow: depth * 4 } };
}

/** B as the micro-kernel takes it, packed first unless it was packed ahead or is taken as it lies. */
function rightOperand(
  context: KernelContext,
  plan: MatmulPlan,
  size: { readonly columns: number; readonly depth: number },
  b: Local,
) {
  if (!plan.packB) return { address: b, strides: { bStep: plan.bStep * 4, bTileColumn: 4 } };
  const strides = { bStep: context.geometry.outer.columns * 4, bTileColumn: size.depth * 4 };
  if (plan.packedAhead) return { address: b, strides };
  const address = context.body.local("i32");
  context.pushScratch(plan.scratch.b);
  context.body.set(address);
  packRight(context, plan, size, { from: b, to: address });
  return { address, strides };
}
