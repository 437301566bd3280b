import { DataError } from "../errors.ts";

/** A picture in memory. */
export interface DecodedImage {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue and opacity of each pixel, row by row: height x width x 4 bytes. */
  readonly pixels: Uint8Array;
}

/** Turns a file's bytes into a picture. */
export type ImageDecoder = (bytes: Uint8Array) => Promise<DecodedImage>;

/** What an image file may describe. */
export const IMAGE_LIMITS = {
  /** Pixels, 64 Mi: 256 MiB when decoded. */
  pixels: 67_108_864,
  /** Memory that decoding a JPEG takes at most, in MiB. */
  jpegMebibytes: 1024,
} as const;

const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const OPAQUE = 255;

/**
 * Decodes PNG (all colour types and depths; 16 bits are cut to 8) and JPEG (baseline and progressive; the orientation that a camera notes beside
 * the picture is not applied). Which of the two it is, is seen from the bytes.
 * @throws DataError IMAGE_INVALID, IMAGE_SIZE
 */
export async function decodeImage(bytes: Uint8Array): Promise<DecodedImage> {
  const isPng = PNG_SIGNATURE.every((byte, i) => bytes[i] === byte);
  const isJpeg = bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
  if (!isPng && !isJpeg)
    throw new DataError("IMAGE_INVALID", "The file begins as neither PNG nor JPEG does: convert it");
  try {
    return isPng ? await decodePng(bytes) : await decodeJpeg(bytes);
  } catch (cause) {
    if (cause instanceof DataError) throw cause;
    const what = cause instanceof Error ? cause.message : String(cause);
    throw new DataError("IMAGE_INVALID", `The ${isPng ? "PNG" : "JPEG"} image is broken (${what}): mend or remove it`, {
      cause,
    });
  }
}

function checkPixels(width: number, height: number): void {
  if (width > 0 && height > 0 && width * height <= IMAGE_LIMITS.pixels) return;
  throw new DataError("IMAGE_SIZE", `The image has ${width} x ${height} pixels: use 1 to ${IMAGE_LIMITS.pixels}`);
}

async function decodeJpeg(bytes: Uint8Array): Promise<DecodedImage> {
  // Decoders are loaded when they are needed: a process that reads no images does without them.
  const { decode } = await import("jpeg-js");
  const { width, height, data } = decode(bytes, {
    useTArray: true,
    formatAsRGBA: true,
    tolerantDecoding: false,
    maxResolutionInMP: Math.ceil(IMAGE_LIMITS.pixels / 1e6),
    maxMemoryUsageInMB: IMAGE_LIMITS.jpegMebibytes,
  });
  checkPixels(width, height);
  return { width, height, pixels: data };
}

async function decodePng(bytes: Uint8Array): Promise<DecodedImage> {
  // Width and height stand first in the first chunk (PNG specification, 11.2.2); they are checked before memory is taken.
  if (bytes.byteLength < 24) throw new DataError("IMAGE_INVALID", "The PNG image ends in its header: get it again");
  const header = new DataView(bytes.buffer, bytes.byteOffset, 24);
  checkPixels(header.getUint32(16), header.getUint32(20));
  const { decode } = await import("fast-png");
  const { width, height, data, depth, channels, palette, transparency } = decode(bytes, { checkCrc: true });
  const samples = depth < 8 ? unpackBits(data, width, height, depth) : data;
  const pixels = new Uint8Array(width * height * 4);
  for (let i = 0; i < width * height; i += 1) {
    const at = i * channels;
    const color = palette === undefined ? undefined : (palette[samples[at] ?? 0] ?? [0, 0, 0]);
    const colorSamples = channels - (channels % 2 === 0 ? 1 : 0);
    for (let c = 0; c < 3; c += 1) {
      pixels[i * 4 + c] = color?.[c] ?? toByte(samples[at + (colorSamples === 1 ? 0 : c)] ?? 0, depth);
    }
    pixels[i * 4 + 3] =
      color === undefined ? opacity(samples, at, channels, depth, transparency) : (color[3] ?? OPAQUE);
  }
  return { width, height, pixels };
}

function toByte(sample: number, depth: number): number {
  return depth === 16 ? sample >> 8 : Math.round((sample * 255) / (2 ** depth - 1));
}

/** The opacity channel, where there is one; otherwise a pixel of exactly the colour named transparent is. */
function opacity(
  samples: ArrayLike<number>,
  at: number,
  channels: number,
  depth: number,
  transparent: ArrayLike<number> | undefined,
): number {
  if (channels % 2 === 0) return toByte(samples[at + channels - 1] ?? 0, depth);
  if (transparent === undefined) return OPAQUE;
  for (let c = 0; c < channels; c += 1) if (samples[at + c] !== transparent[c]) return OPAQUE;
  return 0;
}

/** Samples of 1, 2 or 4 bits, packed from the highest bits on, each row beginning with a new byte. */
function unpackBits(data: ArrayLike<number>, width: number, height: number, depth: number): Uint8Array {
  const rowBytes = Math.ceil((width * depth) / 8);
  const samples = new Uint8Array(width * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const bit = x * depth;
      const byte = data[y * rowBytes + (bit >> 3)] ?? 0;
      samples[y * width + x] = (byte >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
    }
  }
  return samples;
}
