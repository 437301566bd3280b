import type { LeaseId, WorkerId } from "@tributary/protocol";

/**
 * A contribution that is staged where the bytes are: the machine holds no tensor. Every handle ends in exactly one
 * `fold` or `drop` effect.
 */
export interface Handle {
  /** Never used twice in a run. */
  readonly id: number;
  /** Bytes staged. */
  readonly bytes: number;
  /** CRC-32 of the coded bytes, checked against the announced one before the handle was made. */
  readonly checksum: number;
  /** Euclidean norm of the gradient part; 0 for an evaluation. */
  readonly norm: number;
  /** Whether every value, sums included, is finite. */
  readonly finite: boolean;
  /** The sample count the sums state; the lease says what it must be. */
  readonly samples: number;
}

/** A range that was counted: the record by which exactly once is proved. */
export interface Commit {
  readonly lease: LeaseId;
  readonly worker: WorkerId;
  readonly start: number;
  readonly end: number;
}
