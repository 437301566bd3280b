import type { GradientCodec } from "./codec.ts";
import { checkCodedLength } from "./codec-length.ts";
import { float32Codec } from "./float32.ts";

/** Lengths of the two parts of a contribution's tensor, in float32 elements. */
export interface ContributionLengths {
  /** Of the gradient, which the codec writes. */
  readonly trainableLength: number;
  /** Of the layers' statistics behind it, which stay float32: counts among small sums would cost a codec its precision. */
  readonly statisticsLength: number;
}

/** Bytes of a contribution's tensor: the coded gradient, then the statistics. */
export function contributionByteLength(codec: GradientCodec, lengths: ContributionLengths): number {
  return codec.encodedByteLength(lengths.trainableLength) + float32Codec.encodedByteLength(lengths.statisticsLength);
}

/**
 * Writes gradient and statistics into `into`. Borrows both.
 * @param sums both parts, one behind the other  @param into exactly contributionByteLength bytes
 * @throws ProtocolError CODEC_LENGTH
 */
export function encodeContributionInto(
  codec: GradientCodec,
  { trainableLength }: ContributionLengths,
  sums: Float32Array,
  into: Uint8Array,
): void {
  const coded = codec.encodedByteLength(trainableLength);
  codec.encode(sums.subarray(0, trainableLength), into.subarray(0, coded));
  float32Codec.encode(sums.subarray(trainableLength), into.subarray(coded));
}

/**
 * Reads gradient and statistics, one behind the other, into `into`. Borrows both.
 * @throws ProtocolError CODEC_LENGTH when `bytes` or `into` has another length than these parts
 */
export function decodeContributionInto(
  codec: GradientCodec,
  { trainableLength }: ContributionLengths,
  bytes: Uint8Array,
  into: Float32Array,
): void {
  const coded = codec.encodedByteLength(trainableLength);
  if (bytes.byteLength < coded) checkCodedLength(codec, trainableLength, bytes.byteLength);
  codec.decode(bytes.subarray(0, coded), into.subarray(0, trainableLength));
  float32Codec.decode(bytes.subarray(coded), into.subarray(trainableLength));
}
