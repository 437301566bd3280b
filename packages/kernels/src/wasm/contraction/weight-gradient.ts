import type { PrimitiveAttributes } from "@tributary/program";
import type { ContractKernel } from "../../ir.ts";
import type { Local } from "../assembler-function.ts";
import type { EmitBody } from "../body-pointers.ts";
import type { KernelContext } from "../context.ts";
import { blocks, walk } from "../pointer-loop.ts";
import { copyPlaces, type Stops, stopCount, TapWalk } from "./columns.ts";
import { directStore, Epilogue } from "./epilogue.ts";
import { imageStrides, stageImages } from "./image.ts";
import { packPanels, turnMatrix } from "./pack.ts";
import { dotTiles, outerTiles } from "./tiles.ts";
import { planWeightGradient, TAP_BLOCK, type WeightGradientPlan } from "./weight-gradient-plan.ts";

type Pointers = Readonly<
  Record<"x" | "dy" | "image" | "a" | "panels" | "columns" | "sums" | "spill" | "accumulate", Local>
>;

/** Writes the whole gradient: sums over blocks of places, then the epilogue. */
export function emitWeightGradient(
  context: KernelContext,
  kernel: ContractKernel,
  attributes: PrimitiveAttributes["convolutionWeightGradient"],
  emitBody: EmitBody,
): void {
  const plan = planWeightGradient(kernel, attributes, context.geometry);
  const code = context.body;
  const pointers = startPointers(context, kernel, plan);
  const { x, dy, image, sums, accumulate } = pointers;
  const tapWalk = new TapWalk(code, { ...attributes, kernel: plan.kernel, from: plan.from });
  const [dyImage, dyChannel, dyRow] = kernel.b.strides.map((stride) => stride * 4);
  const sumBytes = plan.groups * plan.taps * (plan.method === "outer" ? plan.turnedRow : plan.rows) * 4;
  if (plan.images * plan.output[0] * plan.output[1] === 0) code.get(sums).i32(0).i32(sumBytes).memoryFill();
  const perImage = [kernel.a.strides[0] * 4, dyImage];
  blocks(code, { total: plan.images, size: plan.block.images }, [x, dy], perImage, (images) => {
    if (images === 0) return;
    if (plan.staged) emitStaging(context, kernel, plan, pointers, images);
    else code.get(x).set(image);
    const perRow = [plan.from.row * attributes.strides[0], dyRow];
    blocks(code, { total: plan.output[0], size: plan.block.rows }, [image, dy], perRow, (rows) => {
      const stops = { images, rows, width: plan.output[1] };
      const perGroup = [plan.channels * plan.from.channel, plan.rows * dyChannel, sumBytes / plan.groups];
      walk(code, [{ length: plan.groups, strides: perGroup }], [image, dy, sums], () => {
        emitBlock(context, kernel, plan, { tapWalk, pointers, stops });
      });
      code.i32(1).set(accumulate);
    });
  });
  if (plan.method === "outer") turnSums(context, kernel, plan, sums);
  if (!plan.direct) emitEpilogue(context, kernel, plan, sums, emitBody);
}

/** Bytes from a tap's sum to the next one's, and from a channel's. */
function sumStrides(plan: WeightGradientPlan): { readonly tap: number; readonly row: number } {
  return plan.method === "outer" ? { tap: plan.turnedRow * 4, row: 4 } : { tap: 4, row: plan.taps * 4 };
}

/** Points at where the finished sums belong: [group, channel, tap]. */
function pushFinished(context: KernelContext, kernel: ContractKernel, plan: WeightGradientPlan): void {
  const store = directStore(kernel.epilogue);
  if (plan.direct && store !== undefined) context.pushAddress(store.storage, store.window.offset * 4);
  else context.pushScratch(plan.scratch.sums);
}

/** Turns [group, tap, channel] into [group, channel, tap], and lets `sums` point there. */
function turnSums(context: KernelContext, kernel: ContractKernel, plan: WeightGradientPlan, sums: Local): void {
  const code = context.body;
  const { groups, rows, taps, turnedRow } = plan;
  const target = code.local("i32");
  pushFinished(context, kernel, plan);
  code.set(target);
  walk(code, [{ length: groups, strides: [taps * turnedRow * 4, rows * taps * 4] }], [sums, target], () => {
    turnMatrix(code, sums, target, { rows: taps, columns: rows, from: turnedRow * 4, to: taps * 4 });
  });
  code.get(target).set(sums);
  code.release(target);
}

function startPointers(context: KernelContext, kernel: ContractKernel, plan: WeightGradientPlan): Pointers {
  const code = context.body;
  const local = (): Local => code.local("i32");
  const pointers = {
    x: local(),
    dy: local(),
    image: local(),
    a: local(),
    panels: local(),
    columns: local(),
    sums: local(),
    spill: local(),
    accumulate: local(),
  };
  context.pushAddress(kernel.a.storage, kernel.a.offset * 4);
  code.set(pointers.x);
  context.pushAddress(kernel.b.storage, kernel.b.offset * 4);
  code.set(pointers.dy);
  context.pushScratch(plan.scratch.columns);
  code.set(pointers.columns);
  context.pushScratch(plan.scratch.spill);
  code.set(pointers.spill);
  context.pushScratch(plan.scratch.panels);
  code.set(pointers.panels);
  if (plan.method === "outer") context.pushScratch(plan.scratch.turned);
  else pushFinished(context, kernel, plan);
  code.set(pointers.sums).i32(0).set(pointers.accumulate);
  if (plan.staged) {
    context.pushScratch(plan.scratch.stage);
    code.i32(0).i32(plan.stageBytes).memoryFill();
  }
  return pointers;
}

function emitStaging(
  context: KernelContext,
  kernel: ContractKernel,
  plan: WeightGradientPlan,
  pointers: Pointers,
  images: number,
): void {
  context.pushScratch(plan.scratch.stage);
  context.body.set(pointers.image);
  const shape = { images, channels: plan.groups * plan.channels };
  const { vertical, horizontal } = plan;
  stageImages(context.body, pointers.x, pointers.image, shape, { from: imageStrides(kernel.a), vertical, horizontal });
}

/** Adds one block of places, for one group: dy, rows of the matrix of columns, and their products. */
function emitBlock(
  context: KernelContext,
  kernel: ContractKernel,
  plan: WeightGradientPlan,
  part: { readonly tapWalk: TapWalk; readonly pointers: Pointers; readonly stops: Stops },
): void {
  const code = context.body;
  const { pointers, stops, tapWalk } = part;
  const { dy, image, a, panels, columns, sums } = pointers;
  const aRow = (plan.inPlace ? kernel.b.strides[1] : plan.row) * 4;
  const count = stopCount(stops);
  if (plan.inPlace) code.get(dy).set(a);
  else {
    context.pushScratch(plan.scratch.dy);
    code.set(a);
    copyPlaces(code, kernel.b, { from: dy, to: a, channels: plan.rows, rowBytes: plan.row * 4 }, stops);
  }
  if (plan.method === "outer") {
    const size = context.geometry.outer.columns;
    packPanels(code, a, panels, { total: plan.rows, size, along: aRow, count, step: 4 });
  }
  tapWalk.start(image);
  blocks(code, { total: plan.taps, size: TAP_BLOCK }, [sums], [sumStrides(plan).tap], (taps) => {
    tapWalk.write(columns, taps, stops, plan.row * 4);
    emitProduct(context, plan, pointers, { taps, count, aRow });
  });
}

function emitProduct(
  context: KernelContext,
  plan: WeightGradientPlan,
  pointers: Pointers,
  size: { readonly taps: number; readonly count: number; readonly aRow: number },
): void {
  const { a, panels, columns, sums, spill, accumulate } = pointers;
  const { taps, count, aRow } = size;
  const { tap, row } = sumStrides(plan);
  const tapRow = plan.row * 4;
  if (plan.method === "dot") {
    const block = { rows: plan.rows, columns: taps, count, aRow, bColumn: tapRow, cRow: row, cColumn: tap };
    dotTiles(context, block, { a, b: columns, c: sums, accumulate, spill });
    return;
  }
  const left = { aRow: tapRow, aStep: 4, aTileRow: tapRow };
  const right = { bStep: context.geometry.outer.columns * 4, bTileColumn: count * 4 };
  const block = { rows: taps, columns: plan.rows, count, ...left, ...right, cRow: tap };
  outerTiles(context, block, { a: columns, b: panels, c: sums, accumulate });
}

function emitEpilogue(
  context: KernelContext,
  kernel: ContractKernel,
  plan: WeightGradientPlan,
  sums: Local,
  emitBody: EmitBody,
): void {
  const epilogue = new Epilogue(context, kernel.epilogue, emitBody);
  epilogue.start();
  const [outputs, channels, height, width] = kernel.epilogue.shape;
  epilogue.emit(sums, [
    { axis: 0, length: outputs, sumStride: plan.taps * 4 },
    { axis: 1, length: channels, sumStride: height * width * 4 },
    { axis: 2, length: height, sumStride: width * 4 },
    { axis: 3, length: width, sumStride: 4 },
  ]);
}
