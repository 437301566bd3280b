import type { PrimitiveAttributes } from "@tributary/program";
import type { ContractKernel } from "../../ir.ts";
import type { Local } from "../assembler-function.ts";
import type { EmitBody } from "../body-pointers.ts";
import type { KernelContext } from "../context.ts";
import { blocks, walk } from "../pointer-loop.ts";
import { copyPlaces, cutStops, placesAdjacent, type Stops, stopCount, TapWalk } from "./columns.ts";
import { stagedAxes } from "./convolution-geometry.ts";
import { dotSpillBytes } from "./dot-micro-kernel.ts";
import { directStore, Epilogue } from "./epilogue.ts";
import type { Geometry } from "./geometry.ts";
import { type ImageStrides, imageStrides, needsStaging, type StagedAxis, stagedStrides, stageImages } from "./image.ts";
import { rowLength, ScratchLayout } from "./scratch.ts";
import { dotTiles } from "./tiles.ts";

/** Taps whose rows are in scratch memory at a time. */
const TAP_BLOCK = 512;

/** Floats of the matrix of columns worked on at a time: 256 KiB. */
const COLUMN_FLOATS = 64 * 1024;

/**
 * Places whose products are summed before the sum is added to the result. Each is the sum of eight partial sums, so that even
 * 1024 places make sums of no more than 128 terms one after the other.
 */
const PLACES_MIN = 128;
const PLACES_MAX = 1024;

/**
 * How one weight gradient is done. Output channels are rows, taps of the kernel are columns, and K runs over all places of the
 * window in all images, cut where blocks of places end: by the shapes alone.
 */
export interface WeightGradientPlan {
  readonly images: number;
  readonly groups: number;
  /** Output channels and input channels of a group. */
  readonly rows: number;
  readonly channels: number;
  readonly kernel: readonly [number, number];
  readonly taps: number;
  readonly output: readonly [number, number];
  readonly vertical: StagedAxis;
  readonly horizontal: StagedAxis;
  readonly staged: boolean;
  readonly from: ImageStrides;
  readonly block: { readonly images: number; readonly rows: number };
  /** Floats from a row of the matrix of columns, or of copied dy, to the next. */
  readonly row: number;
  /** Whether a block's places are adjacent in dy as it is. */
  readonly inPlace: boolean;
  readonly direct: boolean;
  readonly scratch: {
    readonly stage: number;
    readonly columns: number;
    readonly dy: number;
    readonly sums: number;
    readonly spill: number;
  };
  readonly stageBytes: number;
  readonly scratchBytes: number;
}

/** Chooses by shapes and strides alone. */
export function planWeightGradient(
  kernel: ContractKernel,
  attributes: PrimitiveAttributes["convolutionWeightGradient"],
  geometry: Geometry,
): WeightGradientPlan {
  const { a: x, b: dy } = kernel;
  const { groups, kernelSize } = attributes;
  const output = [dy.shape[2], dy.shape[3]] as const;
  const [vertical, horizontal] = stagedAxes([x.shape[2], x.shape[3]], output, kernelSize, attributes);
  const staged = needsStaging(vertical, horizontal) || x.strides[3] !== 1;
  const from = staged ? stagedStrides(x.shape[1], vertical, horizontal) : imageStrides(x);
  const [rows, channels] = [dy.shape[1] / groups, x.shape[1] / groups];
  const taps = channels * kernelSize[0] * kernelSize[1];
  const target = Math.floor(COLUMN_FLOATS / Math.max(1, Math.min(taps, TAP_BLOCK)));
  const block = cutStops(x.shape[0], output, Math.min(Math.max(target, PLACES_MIN), PLACES_MAX));
  const row = rowLength(block.images * block.rows * output[1]);
  const inPlace = block.images === 1 && placesAdjacent(dy);
  const strides = directStore(kernel.epilogue)?.window.strides;
  const [, , high, wide] = kernel.epilogue.shape;
  const dense = [taps, high * wide, wide, 1];
  const direct = strides?.every((stride, axis) => stride === dense[axis]) ?? false;
  const layout = new ScratchLayout();
  const stageFloats = staged ? (block.images * from.image) / 4 : 0;
  const scratch = {
    stage: staged ? layout.floats(stageFloats) : 0,
    columns: layout.floats(Math.min(taps, TAP_BLOCK) * row),
    dy: inPlace ? 0 : layout.floats(rows * row),
    sums: direct ? 0 : layout.floats(groups * rows * taps),
    spill: layout.floats(dotSpillBytes(geometry.dot.rows, geometry.dot.columns) / 4),
  };
  return {
    images: x.shape[0],
    groups,
    rows,
    channels,
    kernel: kernelSize,
    taps,
    output,
    vertical,
    horizontal,
    staged,
    from,
    block,
    row,
    inPlace,
    direct,
    scratch,
    stageBytes: stageFloats * 4,
    scratchBytes: layout.bytes,
  };
}

type Pointers = Readonly<Record<"x" | "dy" | "image" | "a" | "columns" | "sums" | "spill" | "accumulate", Local>>;

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
  const sumBytes = plan.groups * plan.rows * plan.taps * 4;
  if (plan.images * plan.output[0] * plan.output[1] === 0) code.get(sums).i32(0).i32(sumBytes).memoryFill();
  const perImage = [kernel.a.strides[0] * 4, dyImage];
  blocks(code, { total: plan.images, size: plan.block.images }, [x, dy], perImage, (images) => {
    if (images === 0) return;
    if (plan.staged) emitStaging(context, kernel, plan, pointers, images);
    else code.get(x).set(image);
    const perRow = [plan.from.row * attributes.strides[0], dyRow];
    blocks(code, { total: plan.output[0], size: plan.block.rows }, [image, dy], perRow, (rows) => {
      const stops = { images, rows, width: plan.output[1] };
      const perGroup = [plan.channels * plan.from.channel, plan.rows * dyChannel, plan.rows * plan.taps * 4];
      walk(code, [{ length: plan.groups, strides: perGroup }], [image, dy, sums], () => {
        emitBlock(context, kernel, plan, { tapWalk, pointers, stops });
      });
      code.i32(1).set(accumulate);
    });
  });
  if (!plan.direct) emitEpilogue(context, kernel, plan, sums, emitBody);
}

function startPointers(context: KernelContext, kernel: ContractKernel, plan: WeightGradientPlan): Pointers {
  const code = context.body;
  const local = (): Local => code.local("i32");
  const pointers = {
    x: local(),
    dy: local(),
    image: local(),
    a: local(),
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
  const store = directStore(kernel.epilogue);
  if (plan.direct && store !== undefined) context.pushAddress(store.storage, store.window.offset * 4);
  else context.pushScratch(plan.scratch.sums);
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

/** Adds one block of places, for one group: rows of dy, rows of the matrix of columns, and their dot products. */
function emitBlock(
  context: KernelContext,
  kernel: ContractKernel,
  plan: WeightGradientPlan,
  part: { readonly tapWalk: TapWalk; readonly pointers: Pointers; readonly stops: Stops },
): void {
  const code = context.body;
  const { pointers, stops, tapWalk } = part;
  const { dy, image, a, columns, sums, spill, accumulate } = pointers;
  if (plan.inPlace) code.get(dy).set(a);
  else {
    context.pushScratch(plan.scratch.dy);
    code.set(a);
    copyPlaces(code, kernel.b, { from: dy, to: a, channels: plan.rows, rowBytes: plan.row * 4 }, stops);
  }
  tapWalk.start(image);
  blocks(code, { total: plan.taps, size: TAP_BLOCK }, [sums], [4], (taps) => {
    tapWalk.write(columns, taps, stops, plan.row * 4);
    const block = {
      rows: plan.rows,
      columns: taps,
      count: stopCount(stops),
      aRow: (plan.inPlace ? kernel.b.strides[1] : plan.row) * 4,
      bColumn: plan.row * 4,
      cRow: plan.taps * 4,
      cColumn: 4,
    };
    dotTiles(context, block, { a, b: columns, c: sums, accumulate, spill });
  });
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
