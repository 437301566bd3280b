import type { ContractKernel } from "../../ir.ts";
import type { Local } from "../assembler-function.ts";
import type { EmitBody } from "../body-pointers.ts";
import type { KernelContext } from "../context.ts";
import { blocks, walk } from "../pointer-loop.ts";
import { cutStops, type Stops, stopCount, TapWalk } from "./columns.ts";
import { type SlidingConvolution, slidingConvolution } from "./convolution-geometry.ts";
import { depthwiseSums, isDepthwise } from "./depthwise.ts";
import { Epilogue } from "./epilogue.ts";
import { K_BLOCK } from "./geometry.ts";
import { type ImageStrides, imageStrides, needsStaging, stagedStrides, stageImages } from "./image.ts";
import { copyDense } from "./pack.ts";
import { rowLength, ScratchLayout } from "./scratch.ts";
import { outerTiles } from "./tiles.ts";

/** Floats of the matrix of columns worked on at a time: 128 KiB. */
const COLUMN_FLOATS = 32 * 1024;
const STOPS_MIN = 64;
const STOPS_MAX = 1024;

/** How one convolution is done; scratch offsets in bytes. Output channels are rows, and the places of the window are columns. */
export interface ConvolutionPlan {
  readonly convolution: SlidingConvolution;
  /** Terms of one sum. */
  readonly depth: number;
  readonly staged: boolean;
  readonly from: ImageStrides;
  /** Images and output rows of a block. */
  readonly block: { readonly images: number; readonly rows: number };
  /** Floats from a row of the matrix, or of the sums, to the next. */
  readonly row: number;
  /** A 1 x 1 kernel slides over rows that already are that matrix. */
  readonly pointwise: boolean;
  /** Each channel slides alone: no matrix is made. */
  readonly depthwise: boolean;
  /** Whether the kernel lies as [group][row][terms], the terms adjacent, so that nothing need be copied. */
  readonly weightsInPlace: boolean;
  readonly scratch: {
    readonly weights: number;
    readonly stage: number;
    readonly columns: number;
    readonly sums: number;
  };
  readonly stageBytes: number;
  readonly scratchBytes: number;
}

/** Chooses by shapes and strides alone. */
export function planConvolution(kernel: ContractKernel): ConvolutionPlan {
  const convolution = slidingConvolution(kernel);
  const { images, groups, rows, channels, kernel: size, output, source, vertical, horizontal } = convolution;
  const depth = channels * size[0] * size[1];
  const depthwise = isDepthwise(convolution);
  const overrun = depthwise && convolution.strides[1] > 1;
  const staged = needsStaging(vertical, horizontal) || source.strides[3] !== 1 || overrun;
  const from = staged ? stagedStrides(groups * channels, vertical, horizontal) : imageStrides(source);
  const target = Math.floor(COLUMN_FLOATS / Math.max(1, Math.min(depth, K_BLOCK)));
  const block = cutStops(images, output, Math.min(Math.max(target, STOPS_MIN), STOPS_MAX));
  const row = rowLength(block.images * block.rows * output[1]);
  const single = size[0] === 1 && size[1] === 1 && convolution.strides[0] === 1 && convolution.strides[1] === 1;
  const pointwise = single && block.images === 1 && from.row === output[1] * 4 && from.channel >= 0;
  const [, rowStride, channelStride, down, right] = convolution.weights.strides;
  const weightsInPlace =
    rowStride >= 0 &&
    (right === 1 || size[1] === 1) &&
    (down === size[1] || size[0] === 1) &&
    (channelStride === size[0] * size[1] || channels === 1);
  const layout = new ScratchLayout();
  const stageFloats = staged ? (block.images * from.image) / 4 : 0;
  const scratch = {
    weights: weightsInPlace ? 0 : layout.floats(groups * rows * depth),
    stage: staged ? layout.floats(stageFloats) : 0,
    columns: pointwise || depthwise ? 0 : layout.floats(Math.min(depth, K_BLOCK) * row),
    sums: layout.floats(rows * row),
  };
  return {
    convolution,
    depth,
    staged,
    from,
    block,
    row,
    pointwise,
    depthwise,
    weightsInPlace,
    scratch,
    stageBytes: stageFloats * 4,
    scratchBytes: layout.bytes,
  };
}

/** Addresses that the parts of the emitted code hand on. */
interface Pointers {
  /** First source image of the block, first element of the group's first channel at the block's first stop, and the kernel. */
  readonly source: Local;
  readonly image: Local;
  readonly weights: Local;
  readonly columns: Local;
  readonly sums: Local;
  readonly accumulate: Local;
}

/** Writes the whole convolution, block by block. */
export function emitConvolution(context: KernelContext, kernel: ContractKernel, emitBody: EmitBody): void {
  const plan = planConvolution(kernel);
  const { convolution, block, from, depth } = plan;
  const { rows, groups, channels, output } = convolution;
  const code = context.body;
  const pointers = startPointers(context, plan);
  const epilogue = new Epilogue(context, kernel.epilogue, emitBody);
  epilogue.start();
  const taps = new TapWalk(code, { ...convolution, from });
  const weightStride = plan.weightsInPlace ? convolution.weights.strides[0] : rows * depth;
  const { source, image, weights } = pointers;
  const imageStride = convolution.source.strides[0] * 4;

  blocks(
    code,
    { total: convolution.images, size: block.images },
    [source, ...epilogue.pointers],
    [imageStride, ...epilogue.strides(0)],
    (images) => {
      if (plan.staged) emitStaging(context, plan, pointers, images);
      else code.get(source).set(image);
      const strides = [channels * from.channel, weightStride * 4, ...epilogue.strides(1, rows)];
      walk(code, [{ length: groups, strides }], [image, weights, ...epilogue.pointers], () => {
        const down = [from.row * convolution.strides[0], ...epilogue.strides(2)];
        blocks(code, { total: output[0], size: block.rows }, [image, ...epilogue.pointers], down, (height) => {
          const stops = { images, rows: height, width: output[1] };
          emitBlock(context, plan, taps, pointers, stops);
          epilogue.emit(pointers.sums, [
            { axis: 0, length: images, sumStride: height * output[1] * 4 },
            { axis: 1, length: rows, sumStride: plan.row * 4 },
            { axis: 2, length: height, sumStride: output[1] * 4 },
            { axis: 3, length: output[1], sumStride: 4 },
          ]);
        });
      });
    },
  );
}

function startPointers(context: KernelContext, plan: ConvolutionPlan): Pointers {
  const code = context.body;
  const { source, weights } = plan.convolution;
  const local = (): Local => code.local("i32");
  const pointers = {
    source: local(),
    image: local(),
    weights: local(),
    columns: local(),
    sums: local(),
    accumulate: local(),
  };
  context.pushAddress(source.storage, source.offset * 4);
  code.set(pointers.source);
  context.pushScratch(plan.scratch.columns);
  code.set(pointers.columns);
  context.pushScratch(plan.scratch.sums);
  code.set(pointers.sums);
  context.pushAddress(weights.storage, weights.offset * 4);
  code.set(pointers.weights);
  if (!plan.weightsInPlace) packWeights(context, plan, pointers.weights);
  if (plan.staged) {
    context.pushScratch(plan.scratch.stage);
    code.i32(0).i32(plan.stageBytes).memoryFill();
  }
  return pointers;
}

/** Lays the kernel out densely in scratch memory, and points there. */
function packWeights(context: KernelContext, plan: ConvolutionPlan, weights: Local): void {
  const code = context.body;
  const { groups, rows, channels, kernel, weights: view } = plan.convolution;
  const target = code.local("i32");
  context.pushScratch(plan.scratch.weights);
  code.set(target);
  const lengths = [groups, rows, channels, ...kernel];
  const axes = lengths.map((length, axis) => ({ length, stride: view.strides[axis] * 4 }));
  copyDense(code, weights, target, axes);
  code.get(target).set(weights);
  code.release(target);
}

function emitStaging(context: KernelContext, plan: ConvolutionPlan, pointers: Pointers, images: number): void {
  const { source, groups, channels, vertical, horizontal } = plan.convolution;
  context.pushScratch(plan.scratch.stage);
  context.body.set(pointers.image);
  const shape = { images, channels: groups * channels };
  stageImages(context.body, pointers.source, pointers.image, shape, {
    from: imageStrides(source),
    vertical,
    horizontal,
  });
}

/** The sums of one block: for each block of K, its rows of the matrix and the product with the kernel's terms. */
function emitBlock(
  context: KernelContext,
  plan: ConvolutionPlan,
  taps: TapWalk,
  pointers: Pointers,
  stops: Stops,
): void {
  const code = context.body;
  const { image, weights, columns, sums, accumulate } = pointers;
  const { convolution, depth } = plan;
  if (plan.depthwise) {
    depthwiseSums(context, { ...convolution, from: plan.from }, pointers, stops);
    return;
  }
  const matrix = code.local("i32");
  const rowBytes = plan.row * 4;
  const bStep = plan.pointwise ? plan.from.channel : rowBytes;
  const aRow = (plan.weightsInPlace ? convolution.weights.strides[1] : depth) * 4;
  code.i32(0).set(accumulate);
  code.get(plan.pointwise ? image : columns).set(matrix);
  taps.start(image);
  const advanceMatrix = plan.pointwise ? bStep : 0;
  blocks(code, { total: depth, size: K_BLOCK }, [weights, matrix], [4, advanceMatrix], (count) => {
    if (!plan.pointwise) taps.write(matrix, count, stops, rowBytes);
    const block = {
      rows: convolution.rows,
      columns: stopCount(stops),
      count,
      aRow,
      aStep: 4,
      aTileRow: aRow,
      bStep,
      bTileColumn: 4,
      cRow: rowBytes,
    };
    outerTiles(context, block, { a: weights, b: matrix, c: sums, accumulate });
    code.i32(1).set(accumulate);
  });
  code.release(matrix);
}
