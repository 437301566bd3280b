import type { View } from "../../ir.ts";
import type { FunctionBuilder, Local } from "../assembler-function.ts";
import { advance, walk } from "../pointer-loop.ts";
import { copyFloats } from "./pack.ts";

/** Distances in bytes between neighbouring images, channels, rows and columns. */
export interface ImageStrides {
  readonly image: number;
  readonly channel: number;
  readonly row: number;
  readonly column: number;
}

/** Byte distances of a view [images, channels, height, width]. */
export function imageStrides(view: View): ImageStrides {
  const [image, channel, row, column] = view.strides.map((stride) => stride * 4);
  return { image, channel, row, column };
}

/** One of the two axes of an image that is laid out with room around and between its elements. */
export interface StagedAxis {
  /** Elements of the source. */
  readonly source: number;
  /** Elements of the staged image; what the source does not fill is 0. */
  readonly staged: number;
  /** Where element 0 of the source goes; below 0 when the first ones are cut off. */
  readonly low: number;
  /** Distance between neighbours of the source: 1, or the stride of the convolution that is turned around. */
  readonly interior: number;
}

/** Which elements of the source are inside the staged image. */
function inside(axis: StagedAxis): { readonly first: number; readonly count: number; readonly place: number } {
  const first = Math.max(0, Math.ceil(-axis.low / axis.interior));
  const end = Math.min(axis.source, Math.floor((axis.staged - 1 - axis.low) / axis.interior) + 1);
  return { first, count: Math.max(0, end - first), place: axis.low + first * axis.interior };
}

/** Whether an image must be staged at all before its rows can be copied without looking at the border. */
export function needsStaging(vertical: StagedAxis, horizontal: StagedAxis): boolean {
  return [vertical, horizontal].some((axis) => axis.low !== 0 || axis.interior !== 1 || axis.staged > axis.source);
}

/** Distances of a staged image: dense. */
export function stagedStrides(channels: number, vertical: StagedAxis, horizontal: StagedAxis): ImageStrides {
  const row = horizontal.staged * 4;
  const channel = vertical.staged * row;
  return { image: channels * channel, channel, row, column: 4 };
}

/** Copies images into staging memory that was filled with zeros; the border is never written. Both pointers stay. */
export function stageImages(
  code: FunctionBuilder,
  source: Local,
  target: Local,
  shape: { readonly images: number; readonly channels: number },
  axes: { readonly from: ImageStrides; readonly vertical: StagedAxis; readonly horizontal: StagedAxis },
): void {
  const { from, vertical, horizontal } = axes;
  const to = stagedStrides(shape.channels, vertical, horizontal);
  const [rows, columns] = [inside(vertical), inside(horizontal)];
  if (rows.count === 0 || columns.count === 0) return;
  const [read, write] = [code.local("i32"), code.local("i32")];
  code.get(source).set(read);
  advance(code, read, rows.first * from.row + columns.first * from.column);
  code.get(target).set(write);
  advance(code, write, rows.place * to.row + columns.place * to.column);
  const loops = [
    { length: shape.images, strides: [from.image, to.image] },
    { length: shape.channels, strides: [from.channel, to.channel] },
    { length: rows.count, strides: [from.row, to.row * vertical.interior] },
  ];
  walk(code, loops, [read, write], () => {
    copyFloats(code, read, write, { count: columns.count, from: from.column, to: 4 * horizontal.interior });
  });
  code.release(read, write);
}
