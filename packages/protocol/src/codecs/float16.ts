import { ProtocolError } from "../errors.ts";
import type { GradientCodec } from "./codec.ts";
import { checkCodedLength } from "./codec-length.ts";
import { floatFromHalf, halfFromFloat } from "./half.ts";

/** Elements that share one scale. */
export const FLOAT16_BLOCK_ELEMENTS = 65_536;

// The largest magnitude of a block is brought to [2^14, 2^15): rounding cannot carry it beyond float16's range, and 38
// binades are left below it.
const LARGEST_EXPONENT = 14;
// A scale is a normal float32: 2^-126 at least. The largest float32 has exponent 127, so 2^113 at most.
const SCALE_EXPONENT_MIN = -126;
const SCALE_EXPONENT_MAX = 113;
const EXPONENT_BIAS = 127;

let halves: Float32Array | null = null;

/** All 65,536 values of float16, made on first use: 256 KiB that turn decoding into a look-up. */
function halfTable(): Float32Array {
  if (halves === null) {
    halves = new Float32Array(65_536);
    for (let half = 0; half < halves.length; half++) halves[half] = floatFromHalf(half);
  }
  return halves;
}

function blockCount(elements: number): number {
  return Math.ceil(elements / FLOAT16_BLOCK_ELEMENTS);
}

/** Bytes of the table of scales, padded so that the elements begin at a multiple of 8. */
function scaleTableBytes(elements: number): number {
  return Math.ceil((4 * blockCount(elements)) / 8) * 8;
}

/** Exponent e of the scale 2^e of elements start ... end - 1: 0 when all are zero or not finite. */
function scaleExponent(source: Float32Array, start: number, end: number): number {
  let largest = 0;
  for (let index = start; index < end; index++) {
    const magnitude = Math.abs(source[index] ?? 0);
    if (magnitude > largest && magnitude < Number.POSITIVE_INFINITY) largest = magnitude;
  }
  if (largest === 0) return 0;
  // Read from the bits, because Math.log2 may be off by one near a power of two. Subnormals land below the minimum anyway.
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, largest);
  const exponent = (view.getUint32(0) >>> 23) - EXPONENT_BIAS;
  return Math.min(SCALE_EXPONENT_MAX, Math.max(SCALE_EXPONENT_MIN, exponent - LARGEST_EXPONENT));
}

function encodeBlock(source: Float32Array, start: number, end: number, exponent: number, into: Uint8Array): void {
  const inverse = 2 ** -exponent;
  const base = scaleTableBytes(source.length);
  for (let index = start; index < end; index++) {
    const value = source[index] ?? 0;
    let half = halfFromFloat(value * inverse);
    // 2^15 times 2^113 would be infinite: a finite value goes to the float16 below instead.
    if (exponent === SCALE_EXPONENT_MAX && (half & 0x7fff) === 0x7800) half -= 1;
    into[base + 2 * index] = half & 0xff;
    into[base + 2 * index + 1] = half >>> 8;
  }
}

/** @throws ProtocolError CODEC_SCALE unless the float32 with these bits is a power of two a scale may be */
function checkedScale(bits: number): number {
  const exponent = (bits >>> 23) - EXPONENT_BIAS;
  if ((bits & 0x807f_ffff) !== 0 || exponent < SCALE_EXPONENT_MIN || exponent > SCALE_EXPONENT_MAX) {
    throw new ProtocolError(
      "CODEC_SCALE",
      `A float16 scale has bits 0x${bits.toString(16).padStart(8, "0")}, but must be a power of two from 2^-126 to 2^113`,
    );
  }
  return 2 ** exponent;
}

/**
 * float16 with one power-of-two scale for every 65,536 elements, since a sum can overflow 65,504 and a mean underflow.
 *
 * Layout, little-endian: scales float32[ceil(n / 65,536)], zeros up to a multiple of 8 bytes, elements float16[n].
 * Element i is float16[i] times scale[floor(i / 65,536)]. Rounded to nearest, ties to even: the error is at most
 * 2^-11 of the value, or 2^-39 of the block's largest magnitude, whichever is more. Infinities keep their sign, NaN stays NaN.
 */
export const float16Codec: GradientCodec = {
  name: "float16",
  encodedByteLength: (elements) => scaleTableBytes(elements) + 2 * elements,
  encode(source, into) {
    checkCodedLength(float16Codec, source.length, into.byteLength);
    const view = new DataView(into.buffer, into.byteOffset, into.byteLength);
    into.fill(0, 0, scaleTableBytes(source.length));
    for (let block = 0; block < blockCount(source.length); block++) {
      const start = block * FLOAT16_BLOCK_ELEMENTS;
      const end = Math.min(source.length, start + FLOAT16_BLOCK_ELEMENTS);
      const exponent = scaleExponent(source, start, end);
      view.setFloat32(4 * block, 2 ** exponent, true);
      encodeBlock(source, start, end, exponent, into);
    }
  },
  decode(bytes, into) {
    checkCodedLength(float16Codec, into.length, bytes.byteLength);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const table = halfTable();
    const base = scaleTableBytes(into.length);
    for (let block = 0; block < blockCount(into.length); block++) {
      const scale = checkedScale(view.getUint32(4 * block, true));
      const end = Math.min(into.length, (block + 1) * FLOAT16_BLOCK_ELEMENTS);
      for (let index = block * FLOAT16_BLOCK_ELEMENTS; index < end; index++) {
        const half = (bytes[base + 2 * index] ?? 0) | ((bytes[base + 2 * index + 1] ?? 0) << 8);
        into[index] = (table[half] ?? 0) * scale;
      }
    }
  },
};
