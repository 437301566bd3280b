import type { GradientCodec } from "./codec.ts";
import { checkCodedLength } from "./codec-length.ts";

/** Bits as they are: float32, little-endian, 4 bytes an element (every platform JavaScript runs on is little-endian). */
export const float32Codec: GradientCodec = {
  name: "float32",
  encodedByteLength: (elements) => 4 * elements,
  encode(source, into) {
    checkCodedLength(float32Codec, source.length, into.byteLength);
    into.set(new Uint8Array(source.buffer, source.byteOffset, source.byteLength));
  },
  decode(bytes, into) {
    checkCodedLength(float32Codec, into.length, bytes.byteLength);
    // Copied as bytes because `bytes` may begin anywhere in a frame, and float32 views must be aligned.
    new Uint8Array(into.buffer, into.byteOffset, into.byteLength).set(bytes);
  },
};
