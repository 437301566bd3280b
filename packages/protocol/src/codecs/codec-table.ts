import { ProtocolError } from "../errors.ts";
import type { GradientCodec } from "./codec.ts";
import { float16Codec } from "./float16.ts";
import { float32Codec } from "./float32.ts";

/** Every codec there is, by name; the conformance suite runs over this table. */
export const CODECS: ReadonlyMap<string, GradientCodec> = new Map(
  [float32Codec, float16Codec].map((codec): [string, GradientCodec] => [codec.name, codec]),
);

/** The codec of this name. @throws ProtocolError CODEC_UNKNOWN */
export function codecNamed(name: string): GradientCodec {
  const codec = CODECS.get(name);
  if (codec === undefined) {
    throw new ProtocolError("CODEC_UNKNOWN", `There is no codec "${name}", but ${[...CODECS.keys()].join(", ")}`);
  }
  return codec;
}
