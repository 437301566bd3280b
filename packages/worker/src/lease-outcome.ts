import {
  type Crc32,
  codecNamed,
  contributionByteLength,
  encodeContributionInto,
  float32Codec,
  type LeaseKind,
} from "@tributary/protocol";
import type { LeaseOutcome, RunSetup } from "./computation.ts";

/** What was computed, before it is made ready for the wire. */
export interface LeaseSums {
  readonly kind: LeaseKind;
  /** Whole microbatches done. */
  readonly microbatches: number;
  readonly milliseconds: number;
  /** As LeaseRunner.collect gives them: a gradient lease's gradient comes first, then statistics of layers. */
  readonly sums: Float32Array;
}

/**
 * Codes the gradient part, puts the statistics behind it, and leaves the other sums as they are. Takes the sums; the caller owns the outcome.
 * @param into memory for the coded part, of exactly its length; without it, it is made
 */
export function createOutcome(
  setup: Pick<RunSetup, "layout" | "codec">,
  result: LeaseSums,
  crc32: Crc32,
  into?: Uint8Array,
): LeaseOutcome {
  const { kind, microbatches, milliseconds, sums } = result;
  const { trainableLength, statisticsLength } = setup.layout;
  const elements = kind === "gradient" ? trainableLength + statisticsLength : 0;
  const others = sums.slice(elements);
  const plain = bytesOf(others);
  if (kind === "evaluate") return { microbatches, milliseconds, gradient: null, sums: plain };
  const codec = codecNamed(setup.codec);
  const lead = sums.subarray(0, elements);
  const isThere = into === undefined && codec === float32Codec;
  const bytes = isThere ? bytesOf(lead) : (into ?? new Uint8Array(contributionByteLength(codec, setup.layout)));
  if (!isThere) encodeContributionInto(codec, setup.layout, lead, bytes);
  return { microbatches, milliseconds, gradient: { bytes, elements, crc32: crc32(bytes) }, sums: plain };
}

/** A view: float32 in memory is what the codec float32 sends. */
export function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
