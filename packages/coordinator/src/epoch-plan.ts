import { joinRanges, type SampleRange, splitRanges } from "./sample-range.ts";

/** Where a run is in its data: enough to go on from a checkpoint. */
export interface EpochPosition {
  /** 0-based. */
  readonly epoch: number;
  /** First position of the epoch order that no step has owned yet. */
  readonly next: number;
  /** Samples that a step closed without (quorum below 1): they head the next step. */
  readonly carried: readonly SampleRange[];
}

/** The first position of a run. */
export const EPOCH_START: EpochPosition = { epoch: 0, next: 0, carried: [] };

/**
 * Which samples the steps own: step t takes what was carried and then the next samples of the epoch order, B in all, and
 * the last step of an epoch what is left. The number of workers never enters.
 */
export class EpochPlan {
  readonly #samples: number;
  readonly #batchSize: number;
  #position: EpochPosition;
  #before: EpochPosition;

  constructor(samples: number, batchSize: number, position: EpochPosition = EPOCH_START) {
    this.#samples = samples;
    this.#batchSize = batchSize;
    this.#position = position;
    this.#before = position;
  }

  get position(): EpochPosition {
    return this.#position;
  }

  /** Whether every sample of the epoch is owned by a step and none was carried. */
  get epochDone(): boolean {
    return this.#position.next === this.#samples && this.#position.carried.length === 0;
  }

  /** Takes the samples of the next step out of the epoch. Never empty unless the epoch is done. */
  takeStep(): SampleRange[] {
    const { epoch, next, carried } = this.#position;
    this.#before = this.#position;
    const rest = next < this.#samples ? [{ start: next, end: this.#samples }] : [];
    const { head, tail } = splitRanges([...carried, ...rest], this.#batchSize);
    // What was carried lies before `next`, so a tail that reaches the epoch's end is what no step has owned.
    const unowned = tail.filter((range) => range.start >= next);
    this.#position = {
      epoch,
      next: unowned[0]?.start ?? this.#samples,
      carried: tail.filter((range) => range.start < next),
    };
    return head;
  }

  /** Gives the whole of the last step back: it was never done. */
  untakeStep(): void {
    this.#position = this.#before;
  }

  /** Gives samples back that a step closed without. */
  carry(ranges: readonly SampleRange[]): void {
    if (ranges.length === 0) return;
    this.#position = { ...this.#position, carried: joinRanges([...this.#position.carried, ...ranges]) };
  }

  /** Goes on to the next epoch. */
  startEpoch(): void {
    this.#position = { epoch: this.#position.epoch + 1, next: 0, carried: [] };
  }
}
