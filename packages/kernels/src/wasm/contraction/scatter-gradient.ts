import type { PrimitiveAttributes } from "@tributary/program";
import type { ContractKernel } from "../../ir.ts";
import type { Local } from "../assembler-function.ts";
import type { EmitBody } from "../body-pointers.ts";
import type { KernelContext } from "../context.ts";
import { advance, blocks, walk } from "../pointer-loop.ts";
import { copyPlaces, cutStops, placesAdjacent, type Stops, stopCount } from "./columns.ts";
import { reach, slidingConvolution } from "./convolution-geometry.ts";
import { isDepthwise } from "./depthwise.ts";
import { Epilogue } from "./epilogue.ts";
import { K_BLOCK } from "./geometry.ts";
import { addFloats, copyDense } from "./pack.ts";
import { rowLength, ScratchLayout } from "./scratch.ts";
import { outerTiles } from "./tiles.ts";

type Attributes = PrimitiveAttributes["convolutionInputGradient"];

/** Floats of products kept before they are added to where they belong: 256 KiB. */
const PRODUCT_FLOATS = 64 * 1024;
const STOPS_MIN = 64;
const STOPS_MAX = 1024;

/**
 * The gradient of a convolution for its input, the other way round: products of the kernel's taps (rows) with dy's places (columns),
 * each row then added to the elements that the tap met. Scratch offsets in bytes.
 */
export interface ScatterPlan {
  readonly images: number;
  readonly groups: number;
  /** Input channels and output channels of a group. */
  readonly channels: number;
  readonly depth: number;
  /** Rows: input channels of a group times taps. */
  readonly rows: number;
  /** Height and width of dy. */
  readonly places: readonly [number, number];
  readonly block: { readonly images: number; readonly rows: number };
  readonly row: number;
  readonly dyInPlace: boolean;
  readonly weightsInPlace: boolean;
  /** Height and width of the image, with its padding, to which rows are added. */
  readonly staged: readonly [number, number];
  readonly scratch: {
    readonly weights: number;
    readonly dy: number;
    readonly products: number;
    readonly stage: number;
  };
  readonly scratchBytes: number;
}

/**
 * Whether to scatter products instead of sliding the turned kernel over dy. Scattering multiplies once for each element of dy, sliding
 * for each of dx, gaps and borders included; but an addition in memory costs more than a copy. In nanoseconds, as measured on one core.
 */
export function prefersScatter(kernel: ContractKernel, attributes: Attributes): boolean {
  if (isDepthwise(slidingConvolution(kernel))) return false;
  const { groups, inputSize, kernelTaps, places, channels, depth } = sizes(kernel, attributes);
  const [sliding, scattered] = [inputSize, places].map((area) => (groups * channels * depth * kernelTaps * area) / 50);
  const copied = groups * depth * kernelTaps * inputSize * 0.12;
  const added = groups * channels * kernelTaps * places * (attributes.strides[1] <= 2 ? 0.25 : 1);
  return scattered + added < sliding + copied;
}

function sizes(kernel: ContractKernel, attributes: Attributes) {
  const { a: dy, b } = kernel;
  return {
    groups: attributes.groups,
    inputSize: attributes.inputSize[0] * attributes.inputSize[1],
    kernelTaps: b.shape[2] * b.shape[3],
    places: dy.shape[2] * dy.shape[3],
    channels: b.shape[1],
    depth: b.shape[0] / attributes.groups,
  };
}

/** Chooses by shapes and strides alone. */
export function planScatter(kernel: ContractKernel, attributes: Attributes): ScatterPlan {
  const { a: dy, b } = kernel;
  const { groups, channels, depth, kernelTaps } = sizes(kernel, attributes);
  const places = [dy.shape[2], dy.shape[3]] as const;
  const rows = channels * kernelTaps;
  const target = Math.floor(PRODUCT_FLOATS / Math.max(1, rows));
  const block = cutStops(dy.shape[0], places, Math.min(Math.max(target, STOPS_MIN), STOPS_MAX));
  const row = rowLength(block.images * block.rows * places[1]);
  const size = (axis: 0 | 1): number =>
    Math.max(
      reach(places[axis], attributes.strides[axis], b.shape[2 + axis], attributes.dilation[axis]),
      attributes.padding[axis][0] + attributes.inputSize[axis],
    );
  const staged = [size(0), size(1)] as const;
  const [outputStride, channelStride, down, right] = b.strides;
  const dense = right === 1 && down === b.shape[3] && channelStride === kernelTaps && outputStride >= 0;
  const dyInPlace = block.images === 1 && placesAdjacent(dy);
  const layout = new ScratchLayout();
  const scratch = {
    weights: dense ? 0 : layout.floats(groups * depth * rows),
    dy: dyInPlace ? 0 : layout.floats(depth * row),
    products: layout.floats(rows * row),
    stage: layout.floats(block.images * channels * staged[0] * staged[1]),
  };
  return {
    images: dy.shape[0],
    groups,
    channels,
    depth,
    rows,
    places,
    block,
    row,
    dyInPlace,
    weightsInPlace: dense,
    staged,
    scratch,
    scratchBytes: layout.bytes,
  };
}

type Pointers = Readonly<
  Record<"dy" | "place" | "weights" | "b" | "products" | "stage" | "target" | "accumulate", Local>
>;

/** Writes the whole gradient, images by images. */
export function emitScatter(
  context: KernelContext,
  kernel: ContractKernel,
  attributes: Attributes,
  emitBody: EmitBody,
): void {
  const plan = planScatter(kernel, attributes);
  const code = context.body;
  const pointers = startPointers(context, kernel, plan);
  const { dy, place, weights, stage, target } = pointers;
  const epilogue = new Epilogue(context, kernel.epilogue, emitBody);
  epilogue.start();
  const [dyImage, dyChannel, dyRow] = kernel.a.strides.map((stride) => stride * 4);
  const rowBytes = plan.staged[1] * 4;
  const channelBytes = plan.staged[0] * rowBytes;
  const weightGroup = plan.depth * weightStride(kernel, plan);
  const { padding, inputSize } = attributes;
  const corner = padding[0][0] * rowBytes + padding[1][0] * 4;
  const perImage = [dyImage, ...epilogue.strides(0)];
  blocks(code, { total: plan.images, size: plan.block.images }, [dy, ...epilogue.pointers], perImage, (images) => {
    const perGroup = [plan.depth * dyChannel, weightGroup, ...epilogue.strides(1, plan.channels)];
    walk(code, [{ length: plan.groups, strides: perGroup }], [dy, weights, ...epilogue.pointers], () => {
      code
        .get(stage)
        .i32(0)
        .i32(images * plan.channels * channelBytes)
        .memoryFill();
      code.get(stage).set(target).get(dy).set(place);
      const perRow = [dyRow, attributes.strides[0] * rowBytes];
      blocks(code, { total: plan.places[0], size: plan.block.rows }, [place, target], perRow, (rows) => {
        const stops = { images, rows, width: plan.places[1] };
        emitProducts(context, kernel, plan, pointers, stops);
        emitAdditions(context, kernel, attributes, { plan, pointers, stops });
      });
      code.get(stage).set(target);
      advance(code, target, corner);
      epilogue.emit(target, [
        { axis: 0, length: images, sumStride: plan.channels * channelBytes },
        { axis: 1, length: plan.channels, sumStride: channelBytes },
        { axis: 2, length: inputSize[0], sumStride: rowBytes },
        { axis: 3, length: inputSize[1], sumStride: 4 },
      ]);
    });
  });
}

/** Bytes from an output channel of the kernel to the next. */
function weightStride(kernel: ContractKernel, plan: ScatterPlan): number {
  return (plan.weightsInPlace ? kernel.b.strides[0] : plan.rows) * 4;
}

function startPointers(context: KernelContext, kernel: ContractKernel, plan: ScatterPlan): Pointers {
  const code = context.body;
  const local = (): Local => code.local("i32");
  const pointers = {
    dy: local(),
    place: local(),
    weights: local(),
    b: local(),
    products: local(),
    stage: local(),
    target: local(),
    accumulate: local(),
  };
  context.pushAddress(kernel.a.storage, kernel.a.offset * 4);
  code.set(pointers.dy);
  context.pushScratch(plan.scratch.products);
  code.set(pointers.products);
  context.pushScratch(plan.scratch.stage);
  code.set(pointers.stage);
  context.pushAddress(kernel.b.storage, kernel.b.offset * 4);
  code.set(pointers.weights);
  if (!plan.weightsInPlace) {
    context.pushScratch(plan.scratch.weights);
    code.set(pointers.target);
    const axes = kernel.b.shape.map((length, axis) => ({ length, stride: kernel.b.strides[axis] * 4 }));
    copyDense(code, pointers.weights, pointers.target, axes);
    code.get(pointers.target).set(pointers.weights);
  }
  return pointers;
}

/** products[tap, place] = sum over output channels of kernel[channel, tap] * dy[channel, place]. */
function emitProducts(
  context: KernelContext,
  kernel: ContractKernel,
  plan: ScatterPlan,
  pointers: Pointers,
  stops: Stops,
): void {
  const code = context.body;
  const { place, weights, b, products, accumulate } = pointers;
  const rowBytes = plan.row * 4;
  if (plan.dyInPlace) {
    code.get(place).set(b);
  } else {
    context.pushScratch(plan.scratch.dy);
    code.set(b);
    copyPlaces(code, kernel.a, { from: place, to: b, channels: plan.depth, rowBytes }, stops);
  }
  const aStep = weightStride(kernel, plan);
  const bStep = plan.dyInPlace ? kernel.a.strides[1] * 4 : rowBytes;
  code.i32(0).set(accumulate);
  blocks(code, { total: plan.depth, size: K_BLOCK }, [weights, b], [aStep, bStep], (count) => {
    const size = { rows: plan.rows, columns: stopCount(stops), count };
    const block = { ...size, aRow: 4, aStep, aTileRow: 4, bStep, bTileColumn: 4, cRow: rowBytes };
    outerTiles(context, block, { a: weights, b, c: products, accumulate });
    code.i32(1).set(accumulate);
  });
}

/** Adds each row of products to the elements that its tap meets. */
function emitAdditions(
  context: KernelContext,
  kernel: ContractKernel,
  attributes: Attributes,
  part: { readonly plan: ScatterPlan; readonly pointers: Pointers; readonly stops: Stops },
): void {
  const { plan, pointers, stops } = part;
  const code = context.body;
  const [, , high, wide] = kernel.b.shape;
  const row = plan.row * 4;
  const stagedRow = plan.staged[1] * 4;
  const stagedChannel = plan.staged[0] * stagedRow;
  const place = stops.width * 4;
  const loops = [
    { length: plan.channels, strides: [high * wide * row, stagedChannel] },
    { length: high, strides: [wide * row, attributes.dilation[0] * stagedRow] },
    { length: wide, strides: [row, attributes.dilation[1] * 4] },
    { length: stops.images, strides: [stops.rows * place, plan.channels * stagedChannel] },
    { length: stops.rows, strides: [place, attributes.strides[0] * stagedRow] },
  ];
  walk(code, loops, [pointers.products, pointers.target], () => {
    addFloats(code, pointers.products, pointers.target, stops.width, attributes.strides[1] * 4);
  });
}
