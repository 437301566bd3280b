import type { PrimitiveAttributes } from "@tributary/program";
import type { ContractKernel } from "../../ir.ts";
import { cutStops, placesAdjacent } from "./columns.ts";
import { stagedAxes } from "./convolution-geometry.ts";
import { dotSpillBytes } from "./dot-micro-kernel.ts";
import { directStore } from "./epilogue.ts";
import { type Geometry, K_BLOCK } from "./geometry.ts";
import { type ImageStrides, imageStrides, needsStaging, type StagedAxis, stagedStrides } from "./image.ts";
import { panelFloats } from "./pack.ts";
import { rowLength, ScratchLayout } from "./scratch.ts";

/** Taps whose rows are in scratch memory at a time. */
export const TAP_BLOCK = 512;

/** Floats of the matrix of columns worked on at a time: 256 KiB. */
const COLUMN_FLOATS = 64 * 1024;

/**
 * Places whose products are summed before the sum is added to the result. Each is the sum of eight partial sums, so that even
 * 1024 places make sums of no more than 128 terms one after the other.
 */
const PLACES_MIN = 128;
const PLACES_MAX = 1024;

/** From so many channels of dy on, turning dy around pays: they fill a tile. */
const TURNED_ROWS_MIN = 16;

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
  /**
   * dot: channels of dy with taps, both adjacent along the places. outer: taps with channels, for which a block's dy is turned around;
   * the sums [taps, channels] are turned back in the end.
   */
  readonly method: "dot" | "outer";
  /** outer: floats from a tap's sums to the next one's. */
  readonly turnedRow: number;
  readonly scratch: {
    readonly turned: number;
    readonly panels: number;
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
  const turnedRow = panelFloats(rows, TURNED_ROWS_MIN, 1);
  const method = rows >= TURNED_ROWS_MIN && rows * 4 >= turnedRow * 3 ? "outer" : "dot";
  const target = Math.floor(COLUMN_FLOATS / Math.max(1, Math.min(taps, TAP_BLOCK)));
  // One chain of additions in the outer product: no longer than a block of K.
  const places = method === "outer" ? K_BLOCK : Math.min(Math.max(target, PLACES_MIN), PLACES_MAX);
  const block = cutStops(x.shape[0], output, places);
  const row = rowLength(block.images * block.rows * output[1]);
  const inPlace = block.images === 1 && placesAdjacent(dy);
  const strides = directStore(kernel.epilogue)?.window.strides;
  const [, , high, wide] = kernel.epilogue.shape;
  const dense = [taps, high * wide, wide, 1];
  const direct = strides?.every((stride, axis) => stride === dense[axis]) ?? false;
  const layout = new ScratchLayout();
  const stageFloats = staged ? (block.images * from.image) / 4 : 0;
  const scratch = {
    turned: method === "outer" ? layout.floats(groups * taps * turnedRow) : 0,
    panels: method === "outer" ? layout.floats(turnedRow * block.images * block.rows * output[1]) : 0,
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
    method,
    turnedRow,
    scratch,
    stageBytes: stageFloats * 4,
    scratchBytes: layout.bytes,
  };
}
