import type { PoolKernel } from "../ir.ts";
import type { FunctionBuilder, Local } from "./assembler-function.ts";
import type { KernelContext } from "./context.ts";
import {
  type ImageStrides,
  imageStrides,
  needsStaging,
  type StagedAxis,
  stagedStrides,
  stageImages,
} from "./contraction/image.ts";
import { ScratchLayout } from "./contraction/scratch.ts";
import { storeLanes } from "./lanes.ts";
import { advance, walk } from "./pointer-loop.ts";
import { WindowTaps } from "./window-taps.ts";

const LANES = 4;

/** How a pooling is done: by rows of the output, four neighbours at a time. */
interface PoolPlan {
  readonly staged: boolean;
  readonly vertical: StagedAxis;
  readonly horizontal: StagedAxis;
  readonly from: ImageStrides;
  readonly stageBytes: number;
  readonly scratchBytes: number;
}

function planMaxPool(kernel: PoolKernel): PoolPlan {
  const { x, attributes } = kernel;
  const output = outputSize(kernel);
  const axis = (index: 0 | 1): StagedAxis => ({
    source: x.shape[2 + index],
    staged:
      (output[index] - 1) * attributes.strides[index] + (attributes.window[index] - 1) * attributes.dilation[index] + 1,
    low: attributes.padding[index][0],
    interior: 1,
  });
  const [vertical, horizontal] = [axis(0), axis(1)];
  const staged = needsStaging(vertical, horizontal) || x.strides[3] !== 1;
  const from = staged ? stagedStrides(x.shape[1], vertical, horizontal) : imageStrides(x);
  const layout = new ScratchLayout();
  if (staged) layout.floats(from.image / 4);
  return { staged, vertical, horizontal, from, stageBytes: staged ? from.image : 0, scratchBytes: layout.bytes };
}

function outputSize(kernel: PoolKernel): readonly [number, number] {
  const shape = (kernel.values ?? kernel.indices)?.shape ?? [0, 0, 0, 0];
  return [shape[2], shape[3]];
}

/** Bytes of scratch memory that {@link emitMaxPool} needs for a kernel. */
export function maxPoolScratchBytes(kernel: PoolKernel): number {
  return planMaxPool(kernel).scratchBytes;
}

/** Writes a pooling: per image, planes with padding are first laid out with -Infinity around them, which never wins. */
export function emitMaxPool(context: KernelContext, kernel: PoolKernel): void {
  const shape = (kernel.values ?? kernel.indices)?.shape;
  if (shape === undefined || shape.includes(0)) return;
  const plan = planMaxPool(kernel);
  const { attributes, x } = kernel;
  const code = context.body;
  const [images, channels, height, width] = shape;
  const pointers = startPointers(context, kernel);
  const { source, image, top, left, values, indices } = pointers;
  if (plan.staged) fillWithInfinity(context, plan.stageBytes);
  const outputs = [values, indices].filter((pointer) => pointer !== undefined);
  const each = (count: number): number[] => outputs.map(() => count * 4);
  const plane = height * width;
  const perImage = { length: images, strides: [x.strides[0] * 4, ...each(channels * plane)] };
  walk(code, [perImage], [source, ...outputs], () => {
    if (plan.staged) {
      context.pushScratch();
      code.set(image);
      const axes = { from: imageStrides(x), vertical: plan.vertical, horizontal: plan.horizontal };
      stageImages(code, source, image, { images: 1, channels }, axes);
    } else {
      code.get(source).set(image);
    }
    code.i32(-attributes.padding[1][0]).set(left);
    const down = attributes.strides[0];
    const rows = [{ length: height, strides: [plan.from.row * down, down, ...each(width)] }];
    walk(code, [{ length: channels, strides: [plan.from.channel, ...each(plane)] }], [image, ...outputs], () => {
      code.i32(-attributes.padding[0][0]).set(top);
      walk(code, rows, [image, top, ...outputs], () => emitRow(context, kernel, plan, pointers, width));
    });
  });
}

interface Pointers {
  readonly source: Local;
  readonly image: Local;
  /** Row and column of the window's first tap; below 0 where that is padding. */
  readonly top: Local;
  readonly left: Local;
  readonly values: Local | undefined;
  readonly indices: Local | undefined;
}

function startPointers(context: KernelContext, kernel: PoolKernel): Pointers {
  const code = context.body;
  const output = (view: PoolKernel["values"]): Local | undefined => {
    if (view === null) return undefined;
    context.pushAddress(view.storage, view.offset * 4);
    const pointer = code.local("i32");
    code.set(pointer);
    return pointer;
  };
  const source = code.local("i32");
  context.pushAddress(kernel.x.storage, kernel.x.offset * 4);
  code.set(source);
  const [image, top, left] = [code.local("i32"), code.local("i32"), code.local("i32")];
  return { source, image, top, left, values: output(kernel.values), indices: output(kernel.indices) };
}

function fillWithInfinity(context: KernelContext, bytes: number): void {
  const code = context.body;
  const pointer = code.local("i32");
  context.pushScratch();
  code.set(pointer);
  walk(code, [{ length: Math.ceil(bytes / 16), strides: [16] }], [pointer], () => {
    code.get(pointer).f32x4(Number.NEGATIVE_INFINITY).memory("v128.store");
  });
  code.release(pointer);
}

/** One row of the output: whole vectors, and a last one that overlaps them so that it ends with the row. */
function emitRow(context: KernelContext, kernel: PoolKernel, plan: PoolPlan, pointers: Pointers, width: number): void {
  const code = context.body;
  const stride = kernel.attributes.strides[1];
  const outputs = [pointers.values, pointers.indices].filter((pointer) => pointer !== undefined);
  const moving = [pointers.image, pointers.left, ...outputs];
  const move = (stops: number): number[] => [4 * stride * stops, stride * stops, ...outputs.map(() => 4 * stops)];
  const shift = (stops: number): void => {
    for (const [index, amount] of move(stops).entries()) advance(code, moving[index], amount);
  };
  const whole = Math.floor(width / LANES);
  walk(code, [{ length: whole, strides: move(LANES) }], moving, () =>
    emitVector(context, kernel, plan, pointers, LANES),
  );
  const rest = width % LANES;
  if (rest === 0) return;
  if (whole === 0) {
    emitVector(context, kernel, plan, pointers, rest);
    return;
  }
  shift(width - LANES);
  emitVector(context, kernel, plan, pointers, LANES);
  shift(LANES - width);
}

/** Four neighbouring windows: a tap replaces the best so far where it is larger, or the first NaN. */
function emitVector(
  context: KernelContext,
  kernel: PoolKernel,
  plan: PoolPlan,
  pointers: Pointers,
  lanes: number,
): void {
  const code = context.body;
  const { window, dilation, strides } = kernel.attributes;
  const width = kernel.x.shape[3];
  const best = code.local("v128");
  const where = code.local("v128");
  const base = code.local("v128");
  const taps = new WindowTaps(code, pointers.image, strides[1], lanes);
  pushLefts(code, pointers.left, strides[1]);
  code.get(pointers.top).i32(width).op("i32.mul").op("i32x4.splat").op("i32x4.add").tee(base).set(where);
  if (plan.staged) {
    code.f32x4(Number.NEGATIVE_INFINITY).set(best);
    firstPlaces(code, kernel, pointers, where);
  }
  for (let row = 0; row < window[0]; row++) {
    for (let column = 0; column < window[1]; column++) {
      const right = column * dilation[1];
      const tap = taps.load(row * dilation[0] * plan.from.row + right * 4);
      if (row === 0 && column === 0 && !plan.staged) code.get(tap).set(best);
      else
        replaceWhereLarger(code, tap, best, pointers.indices && { where, base, by: row * dilation[0] * width + right });
    }
  }
  taps.release();
  const store = { stride: 1, vector: 0, count: lanes };
  if (pointers.values !== undefined) storeLanes(code, pointers.values, best, { ...store, dtype: "float32" });
  if (pointers.indices !== undefined) storeLanes(code, pointers.indices, where, { ...store, dtype: "int32" });
  code.release(best, where, base);
}

function replaceWhereLarger(
  code: FunctionBuilder,
  tap: Local,
  best: Local,
  places: { readonly where: Local; readonly base: Local; readonly by: number } | undefined,
): void {
  const larger = code.local("v128");
  code.get(tap).get(best).op("f32x4.gt");
  code.get(tap).get(tap).op("f32x4.ne").get(best).get(best).op("f32x4.eq").op("v128.and");
  code.op("v128.or").set(larger);
  code.get(tap).get(best).get(larger).op("v128.bitselect").set(best);
  if (places !== undefined) {
    const { where, base, by } = places;
    code.get(base).i32x4(by).op("i32x4.add").get(where).get(larger).op("v128.bitselect").set(where);
  }
  code.release(larger);
}

/** Pushes the column of the first tap of four neighbouring windows. */
function pushLefts(code: FunctionBuilder, left: Local, stride: number): void {
  code
    .get(left)
    .op("i32x4.splat")
    .i32x4(0, stride, 2 * stride, 3 * stride)
    .op("i32x4.add");
}

/** The places of the first taps that are not padding: they stay where every element is -Infinity. */
function firstPlaces(code: FunctionBuilder, kernel: PoolKernel, pointers: Pointers, where: Local): void {
  const { window, dilation, strides } = kernel.attributes;
  const row = code.local("i32");
  code.get(pointers.top).set(row);
  // A shift by 31 makes all ones of a negative number: then, and only then, the next tap is looked at.
  for (let tap = 1; tap < window[0]; tap++) {
    code.get(row).i32(31).op("i32.shr_s").i32(dilation[0]).op("i32.and").get(row).op("i32.add").set(row);
  }
  pushLefts(code, pointers.left, strides[1]);
  code.set(where);
  for (let tap = 1; tap < window[1]; tap++) {
    code.get(where).i32(31).op("i32x4.shr_s").i32x4(dilation[1]).op("v128.and").get(where).op("i32x4.add").set(where);
  }
  code.get(row).i32(kernel.x.shape[3]).op("i32.mul").op("i32x4.splat").get(where).op("i32x4.add").set(where);
  code.release(row);
}
