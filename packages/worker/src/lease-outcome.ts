import { type Crc32, codecNamed, type LeaseKind } from "@tributary/protocol";
import type { LeaseOutcome, RunSetup } from "./computation.ts";

/** What was computed, before it is made ready for the wire. */
export interface LeaseSums {
  readonly kind: LeaseKind;
  /** Whole microbatches done. */
  readonly microbatches: number;
  readonly milliseconds: number;
  /** As LeaseRunner.collect gives them: a gradient lease's gradient comes first. */
  readonly sums: Float32Array;
}

/** Codes the gradient part and leaves the other sums as they are. Borrows the sums; the caller owns the outcome. */
export function createOutcome(
  setup: Pick<RunSetup, "layout" | "codec">,
  result: LeaseSums,
  crc32: Crc32,
): LeaseOutcome {
  const { kind, microbatches, milliseconds, sums } = result;
  const elements = kind === "gradient" ? setup.layout.trainableLength : 0;
  const others = sums.slice(elements);
  const plain = new Uint8Array(others.buffer, others.byteOffset, others.byteLength);
  if (kind === "evaluate") return { microbatches, milliseconds, gradient: null, sums: plain };
  const codec = codecNamed(setup.codec);
  const bytes = new Uint8Array(codec.encodedByteLength(elements));
  codec.encode(sums.subarray(0, elements), bytes);
  return { microbatches, milliseconds, gradient: { bytes, elements, crc32: crc32(bytes) }, sums: plain };
}
