import { ProtocolError } from "../errors.ts";
import type { GradientCodec } from "./codec.ts";

/** @throws ProtocolError CODEC_LENGTH unless `byteLength` is what `codec` gives for `elements` */
export function checkCodedLength(codec: GradientCodec, elements: number, byteLength: number): void {
  const expected = codec.encodedByteLength(elements);
  if (byteLength !== expected) {
    throw new ProtocolError(
      "CODEC_LENGTH",
      `The codec ${codec.name} has ${expected} bytes for ${elements} elements, but was given ${byteLength}`,
    );
  }
}
