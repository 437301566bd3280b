import { encode } from "fast-png";
import { TrainingError } from "./errors.ts";
import type { SampleOutputs } from "./program-runner.ts";

/** A grey picture: one byte a pixel, rows from the top. */
export interface GreyImage {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** How a grid is drawn. */
export interface GridOptions {
  /** Which of the samples. Default 0. */
  readonly sample?: number;
  /** Pixels of the picture for each element, along each side. Default 1. */
  readonly scale?: number;
  /** Tiles in a row. Default: as square as it comes out. */
  readonly columns?: number;
}

/** Dark lines between tiles, in pixels. */
const GAP_PIXELS = 1;
const WHITE = 255;
/** What a tile shows whose elements are all equal. */
const MIDDLE_GREY = 128;

/**
 * What a layer made of one sample, as a picture: channels [C, H, W] are tiles, each from its least (black) to its largest element
 * (white); a vector [F] is a grid of single elements, scaled together.
 * @throws TrainingError RUN_SHAPE for other shapes, or a sample that is not there
 */
export function imageGrid(outputs: SampleOutputs, options: GridOptions = {}): GreyImage {
  const { sample = 0, scale = 1 } = options;
  const [count = 0, ...shape] = outputs.shape;
  if (sample < 0 || sample >= count || (shape.length !== 1 && shape.length !== 3)) {
    throw new TrainingError(
      "RUN_SHAPE",
      `imageGrid: sample ${sample} of [${outputs.shape}] is no picture: give outputs [samples, channels, height, width] or [samples, features]`,
    );
  }
  const vector = shape.length === 1;
  const [tiles = 1, tileHeight = 1, tileWidth = 1] = vector ? [shape[0] ?? 1, 1, 1] : shape;
  const length = tiles * tileHeight * tileWidth;
  const elements = outputs.data.subarray(sample * length, (sample + 1) * length);
  const grey = vector
    ? greyOf(elements)
    : Uint8Array.from(tilesOf(elements, tiles).flatMap((tile) => [...greyOf(tile)]));
  const columns = options.columns ?? Math.ceil(Math.sqrt(tiles));
  const gap = vector ? 0 : GAP_PIXELS;
  const width = columns * (tileWidth * scale + gap) - gap;
  const height = Math.ceil(tiles / columns) * (tileHeight * scale + gap) - gap;
  const pixels = new Uint8Array(width * height);
  for (let tile = 0; tile < tiles; tile += 1) {
    const left = (tile % columns) * (tileWidth * scale + gap);
    const top = Math.floor(tile / columns) * (tileHeight * scale + gap);
    for (let y = 0; y < tileHeight * scale; y += 1) {
      for (let x = 0; x < tileWidth * scale; x += 1) {
        const element = (tile * tileHeight + Math.floor(y / scale)) * tileWidth + Math.floor(x / scale);
        pixels[(top + y) * width + left + x] = grey[element] ?? 0;
      }
    }
  }
  return { width, height, pixels };
}

/** A picture as the bytes of a PNG file. */
export function encodePng({ width, height, pixels }: GreyImage): Uint8Array {
  return encode({ width, height, data: pixels, channels: 1, depth: 8 });
}

function tilesOf(elements: Float32Array, tiles: number): Float32Array[] {
  const length = elements.length / tiles;
  return Array.from({ length: tiles }, (_, tile) => elements.subarray(tile * length, (tile + 1) * length));
}

/** Elements from the least (0) to the largest (255). */
function greyOf(elements: Float32Array): Uint8Array {
  let least = Number.POSITIVE_INFINITY;
  let largest = Number.NEGATIVE_INFINITY;
  for (const element of elements) {
    least = Math.min(least, element);
    largest = Math.max(largest, element);
  }
  const range = largest - least;
  return Uint8Array.from(elements, (element) =>
    range > 0 ? Math.round((WHITE * (element - least)) / range) : MIDDLE_GREY,
  );
}
