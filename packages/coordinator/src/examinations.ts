import type { WorkerId } from "@tributary/protocol";
import { joinRanges, overlaps, type SampleRange } from "./sample-range.ts";

/** Who failed on an examined range, and how. */
export interface Suspect {
  readonly name: string;
  readonly why: string;
}

/** A range that the coordinator computes itself at the moment. */
export interface PendingExamination extends SampleRange {
  /** Results for it that were of no use, so far. */
  readonly refusals: number;
  /** What was wrong with the last of them. */
  readonly why: string;
  /** Whether what the workers say alone speaks against the run: it decides where the coordinator cannot. */
  readonly suspected: boolean;
  readonly suspects: Map<WorkerId, Suspect>;
  /** Workers whose strike waits for the verdict. */
  readonly owed: Set<WorkerId>;
}

/**
 * What the coordinator has found out, or is about to, by computing samples of the open ledger itself. One range at a time, and no sample
 * twice: verdicts are kept until the ledger closes.
 */
export class Examinations {
  pending: PendingExamination | null = null;
  /** Who last failed on samples that can be computed. */
  fault: { readonly range: SampleRange; readonly names: readonly string[]; readonly why: string } | null = null;
  #cleared: readonly SampleRange[] = [];
  #unexaminable: readonly SampleRange[] = [];

  /** The coordinator's own result for these samples is good. */
  clear(range: SampleRange): void {
    this.#cleared = joinRanges([...this.#cleared, range]);
  }

  /** These samples cannot be computed here: what workers say has to do. */
  giveUp(range: SampleRange): void {
    this.#unexaminable = joinRanges([...this.#unexaminable, range]);
  }

  /** Whether all of a range is known to be computable. */
  isCleared(range: SampleRange): boolean {
    return this.#cleared.some(({ start, end }) => start <= range.start && range.end <= end);
  }

  /** Whether some of a range could not be examined. */
  isGivenUp(range: SampleRange): boolean {
    return this.#unexaminable.some((other) => overlaps(other, range));
  }
}
