import type { WatchedField } from "@tributary/protocol";
import { bytesOfBase64 } from "./base64.ts";

/** What a field of samples looks like when it is a picture. */
export interface ImageForm {
  /** 1: grey. 3: red, green, blue, one plane after the other. */
  readonly channels: 1 | 3;
  readonly width: number;
  readonly height: number;
  readonly dtype: "uint8" | "float32";
}

/** Sides from which on a table of numbers is taken for a picture. */
const SIDE_MIN = 4;

/** How to show samples of this field as pictures: [1 or 3, rows, columns], or [rows, columns] of bytes; null for other data. */
export function imageForm(field: WatchedField | undefined): ImageForm | null {
  if (field === undefined || (field.dtype !== "uint8" && field.dtype !== "float32")) return null;
  const [channels, height, width] =
    field.shape.length === 2 && field.dtype === "uint8" ? [1, ...field.shape] : field.shape;
  if (field.shape.length > 3 || channels === undefined || height === undefined || width === undefined) return null;
  if ((channels !== 1 && channels !== 3) || height < SIDE_MIN || width < SIDE_MIN) return null;
  return { channels, width, height, dtype: field.dtype };
}

/** Brightness of each element, as bytes: floats are spread from their least to their largest value. */
function brightness(form: ImageForm, inputs: Uint8Array<ArrayBuffer>): Uint8Array {
  if (form.dtype === "uint8") return inputs;
  const values = new Float32Array(inputs.buffer, 0, Math.floor(inputs.byteLength / 4));
  const [least, most] = values.reduce(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Infinity, -Infinity],
  );
  return Uint8Array.from(values, (value) => (255 * (value - least)) / (most - least || 1));
}

/** Red, green, blue and opacity of each pixel of a sample in base64; missing bytes are black. */
export function samplePixels(form: ImageForm, inputs: string): Uint8ClampedArray<ArrayBuffer> {
  const bytes = brightness(form, bytesOfBase64(inputs));
  const plane = form.width * form.height;
  const pixels = new Uint8ClampedArray(4 * plane);
  for (let at = 0; at < plane; at++) {
    for (let colour = 0; colour < 3; colour++) {
      pixels[4 * at + colour] = bytes[form.channels === 1 ? at : colour * plane + at] ?? 0;
    }
    pixels[4 * at + 3] = 255;
  }
  return pixels;
}
