import type { DecodedImage } from "./decode-image.ts";

/** Which part of a picture fills the new size: all of it, whatever becomes of its proportions, or the largest middle part of the right proportions. */
export type ImageFit = "stretch" | "cover";

/** How pictures become samples. */
export interface ImageForm {
  readonly height: number;
  readonly width: number;
  /** One plane of grey, or red, green and blue. */
  readonly color: "grey" | "rgb";
  readonly fit: ImageFit;
  /** Grey level behind what is transparent, 0 to 255. */
  readonly background: number;
}

/** Weights are whole numbers of this part of 1. */
const WEIGHT_SCALE = 2 ** 22;

/** For each new pixel, the first of the old ones that it sees, and the weights of these. */
type Weights = readonly { readonly first: number; readonly weights: readonly number[] }[];

/** Planes of a picture: [1 or 3, height, width]. Grey is 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), in 16 bits as Pillow rounds it. */
function planesOf(
  { width, height, pixels }: DecodedImage,
  color: ImageForm["color"],
  background: number,
): readonly Uint8Array[] {
  const planes = Array.from({ length: color === "grey" ? 1 : 3 }, () => new Uint8Array(width * height));
  const [first, second, third] = planes;
  for (let i = 0; i < width * height; i += 1) {
    const opacity = pixels[i * 4 + 3] ?? 0;
    const level = (channel: number) => {
      const value = pixels[i * 4 + channel] ?? 0;
      return opacity === 255 ? value : Math.round((value * opacity + background * (255 - opacity)) / 255);
    };
    const [red, green, blue] = [level(0), level(1), level(2)];
    if (first === undefined) continue;
    first[i] = color === "grey" ? (red * 19_595 + green * 38_470 + blue * 7_471 + 32_768) >> 16 : red;
    if (second !== undefined) second[i] = green;
    if (third !== undefined) third[i] = blue;
  }
  return planes;
}

/**
 * Weights of a triangle filter that is widened when a picture shrinks, so that each old pixel counts. Source: what Pillow calls BILINEAR
 * (Resample.c, precompute_coeffs), whose rounding is followed too.
 * @param from, end the part of the old pixels that fills the new ones
 */
function triangleWeights(size: number, from: number, end: number, newSize: number): Weights {
  const scale = (end - from) / newSize;
  const support = Math.max(1, scale);
  return Array.from({ length: newSize }, (_, at) => {
    const center = from + (at + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - support + 0.5));
    const last = Math.min(size, Math.trunc(center + support + 0.5));
    const raw = Array.from({ length: last - first }, (__, i) =>
      Math.max(0, 1 - Math.abs((i + first - center + 0.5) / support)),
    );
    const sum = raw.reduce((total, weight) => total + weight, 0);
    return { first, weights: raw.map((weight) => Math.round((weight / sum) * WEIGHT_SCALE)) };
  });
}

/** Resizes the lines of a plane: `steps` says how far apart neighbours on a line and neighbouring lines are. */
function resizeLines(
  source: Uint8Array,
  target: Uint8Array,
  weights: Weights,
  lines: number,
  steps: {
    readonly source: readonly [along: number, across: number];
    readonly target: readonly [along: number, across: number];
  },
): void {
  for (let line = 0; line < lines; line += 1) {
    for (let at = 0; at < weights.length; at += 1) {
      const window = weights[at];
      if (window === undefined) continue;
      let sum = WEIGHT_SCALE / 2;
      let from = line * steps.source[1] + window.first * steps.source[0];
      for (const weight of window.weights) {
        sum += (source[from] ?? 0) * weight;
        from += steps.source[0];
      }
      target[line * steps.target[1] + at * steps.target[0]] = Math.min(255, Math.floor(sum / WEIGHT_SCALE));
    }
  }
}

/** The part of a picture that is used: [left, top, right, bottom]. */
function boxOf(image: DecodedImage, form: ImageForm): readonly [number, number, number, number] {
  if (form.fit === "stretch") return [0, 0, image.width, image.height];
  const scale = Math.min(image.width / form.width, image.height / form.height);
  const left = (image.width - form.width * scale) / 2;
  const top = (image.height - form.height * scale) / 2;
  return [left, top, left + form.width * scale, top + form.height * scale];
}

/** Writes a picture as [channels, height, width] bytes. @param target of so many bytes, written wholly */
export function renderImageInto(target: Uint8Array, image: DecodedImage, form: ImageForm): void {
  const [left, top, right, bottom] = boxOf(image, form);
  const across = triangleWeights(image.width, left, right, form.width);
  const down = triangleWeights(image.height, top, bottom, form.height);
  const narrow = new Uint8Array(form.width * image.height);
  planesOf(image, form.color, form.background).forEach((plane, channel) => {
    // First every row, then every column, each rounded to bytes.
    resizeLines(plane, narrow, across, image.height, { source: [1, image.width], target: [1, form.width] });
    const area = form.width * form.height;
    const into = target.subarray(channel * area, (channel + 1) * area);
    resizeLines(narrow, into, down, form.width, { source: [form.width, 1], target: [form.width, 1] });
  });
}
