import type { LeaseId, WorkerId } from "@tributary/protocol";
import { assertInvariant } from "./errors.ts";
import type { Commit, Handle } from "./handle.ts";
import { extendHistory, type RangeHistory, type Release, sameHistory } from "./range-history.ts";
import type { SampleRange } from "./sample-range.ts";

interface FreeSlot extends SampleRange {
  readonly state: "free";
  readonly history: RangeHistory | null;
}

interface OutSlot extends SampleRange {
  readonly state: "out";
  readonly lease: LeaseId;
  readonly history: RangeHistory | null;
}

interface StagedSlot extends SampleRange {
  readonly state: "staged" | "folding";
  readonly lease: LeaseId;
  readonly worker: WorkerId;
  readonly handle: Handle;
}

type Slot = FreeSlot | OutSlot | StagedSlot;

/** What a lease was given. */
export interface TakenRange extends SampleRange {
  readonly history: RangeHistory | null;
}

/** Samples that have not arrived. */
export interface MissingRange extends SampleRange {
  readonly lease: LeaseId | null;
}

/** One contribution of a `fold` effect. */
export interface FoldItem {
  readonly lease: LeaseId;
  readonly handle: Handle;
}

/**
 * The samples of one step (or one evaluation), each in exactly one slot: free, out with a lease, staged, folding, or
 * committed and gone from the list. Slots stand in sample order, and folding runs through them from the front, so the
 * order of arrival cannot change a sum.
 */
export class StepLedger {
  readonly samples: number;
  readonly commits: Commit[] = [];
  readonly #cellSamples: number | null;
  #slots: Slot[] = [];

  /**
   * @param ranges the step's samples, in order
   * @param cellSamples fixed lease size; null: leases are cut and joined as workers come and go
   */
  constructor(ranges: readonly SampleRange[], cellSamples: number | null) {
    this.#cellSamples = cellSamples;
    this.samples = ranges.reduce((sum, range) => sum + range.end - range.start, 0);
    for (const range of ranges) {
      const size = cellSamples ?? range.end - range.start;
      for (let start = range.start; start < range.end; start += size) {
        this.#slots.push({ state: "free", start, end: Math.min(start + size, range.end), history: null });
      }
    }
  }

  /** Whether everything is folded. */
  get complete(): boolean {
    return this.#slots.length === 0;
  }

  /** Whether everything is folded or being folded: what is asked for now happens after it. */
  get allFolding(): boolean {
    return this.#slots.every(({ state }) => state === "folding");
  }

  /** Slots not yet committed. */
  get openSlots(): number {
    return this.#slots.length;
  }

  /** Samples in slots of these states. */
  samplesIn(...states: Slot["state"][]): number {
    return this.#slots.reduce((sum, slot) => (states.includes(slot.state) ? sum + slot.end - slot.start : sum), 0);
  }

  /** Samples committed or being folded. */
  get foldedSamples(): number {
    return this.samplesIn("folding") + this.commits.reduce((sum, { start, end }) => sum + end - start, 0);
  }

  /** Samples whose contribution is in: committed, folding or staged. */
  get arrivedSamples(): number {
    return this.samples - this.samplesIn("free", "out");
  }

  /** What has not arrived, in sample order, and the lease it is out with; null: nobody has it. */
  get missing(): readonly MissingRange[] {
    return this.#slots.flatMap((slot): readonly MissingRange[] => {
      if (slot.state !== "out" && slot.state !== "free") return [];
      return [{ start: slot.start, end: slot.end, lease: slot.state === "out" ? slot.lease : null }];
    });
  }

  /** Number of slots whose contribution is staged or being folded. */
  get stagedSlots(): number {
    return this.#slots.reduce(
      (count, slot) => (slot.state === "staged" || slot.state === "folding" ? count + 1 : count),
      0,
    );
  }

  /** Whether the contribution the fold waits for is in. */
  get headArrived(): boolean {
    const first = this.#slots[0]?.state;
    return first === "staged" || first === "folding";
  }

  /** Whether a lease may still take something, at most `ahead` slots behind the fold. */
  hasFree(accepts: (history: RangeHistory | null) => boolean, ahead = Number.POSITIVE_INFINITY): boolean {
    return this.#findFree(accepts, ahead) >= 0;
  }

  /**
   * Gives the first free samples to `lease`: at most `samplesMax` of them, or the whole cell when lease sizes are fixed.
   * Null when nothing is free that `accepts` takes.
   */
  take(
    lease: LeaseId,
    samplesMax: number,
    accepts: (history: RangeHistory | null) => boolean = () => true,
    ahead = Number.POSITIVE_INFINITY,
  ): TakenRange | null {
    const index = this.#findFree(accepts, ahead);
    const slot = this.#slots[index];
    if (slot?.state !== "free") return null;
    const end = this.#cellSamples === null ? Math.min(slot.end, slot.start + samplesMax) : slot.end;
    const taken: OutSlot = { state: "out", lease, start: slot.start, end, history: slot.history };
    const rest: Slot[] = end < slot.end ? [{ ...slot, start: end }] : [];
    this.#slots.splice(index, 1, taken, ...rest);
    return { start: slot.start, end, history: slot.history };
  }

  /** Frees what `lease` still holds. @returns what happened to the range so far; null when the lease held nothing */
  release(lease: LeaseId, release: Release): RangeHistory | null {
    const index = this.positionOf(lease);
    const slot = this.#slots[index];
    if (slot?.state !== "out") return null;
    const history = extendHistory(slot.history, release);
    this.#slots.splice(index, 1, { state: "free", start: slot.start, end: slot.end, history });
    this.#join();
    return history;
  }

  /** Frees the samples of `lease` from `end` on: a partial return is a prefix. */
  trim(lease: LeaseId, end: number, release: Release): void {
    const index = this.positionOf(lease);
    const slot = this.#slots[index];
    if (slot?.state !== "out" || end >= slot.end) return;
    const history = extendHistory(slot.history, release);
    this.#slots.splice(index, 1, { ...slot, end }, { state: "free", start: end, end: slot.end, history });
    this.#join();
  }

  /**
   * Gives a range back to a lease that had lost it, if no sample of it has arrived from somebody else in the meantime.
   * @returns the leases that lose what they hold by it, or null when it is too late
   */
  reclaim(lease: LeaseId, range: SampleRange, nowMs: number): readonly LeaseId[] | null {
    const touched = this.#slots.filter((slot) => slot.start < range.end && slot.end > range.start);
    const open = touched.filter((slot) => slot.state === "free" || slot.state === "out");
    const covered = open.reduce(
      (sum, slot) => sum + Math.min(slot.end, range.end) - Math.max(slot.start, range.start),
      0,
    );
    if (covered !== range.end - range.start) return null;
    if (this.#cellSamples !== null && touched.length !== 1) return null;
    const losers: LeaseId[] = [];
    const rest: Slot[] = [];
    for (const slot of open) {
      if (slot.state === "out") losers.push(slot.lease);
      // The remainder counts as released now: its holder lost the lease as a whole.
      const left = slot.history === null ? null : { ...slot.history, releasedMs: nowMs };
      if (slot.start < range.start) rest.push({ state: "free", start: slot.start, end: range.start, history: left });
      if (slot.end > range.end) rest.push({ state: "free", start: range.end, end: slot.end, history: left });
    }
    const claimed: OutSlot = { state: "out", lease, start: range.start, end: range.end, history: null };
    const others = this.#slots.filter((slot) => !touched.includes(slot));
    this.#slots = [...others, ...rest, claimed].sort((a, b) => a.start - b.start);
    this.#join();
    return losers;
  }

  /** The contribution of `lease` is in. */
  stage(lease: LeaseId, worker: WorkerId, handle: Handle): void {
    const index = this.positionOf(lease);
    const slot = this.#slots[index];
    assertInvariant(slot !== undefined, `Lease ${lease} is staged but holds no samples`);
    this.#slots[index] = { state: "staged", start: slot.start, end: slot.end, lease, worker, handle };
  }

  /** The staged contributions that no open slot stands before, in sample order; they count as folding from now on. */
  takeFolds(): FoldItem[] {
    const items: FoldItem[] = [];
    for (const [index, slot] of this.#slots.entries()) {
      if (slot.state === "folding") continue;
      if (slot.state !== "staged") break;
      this.#slots[index] = { ...slot, state: "folding" };
      items.push({ lease: slot.lease, handle: slot.handle });
    }
    return items;
  }

  /** The first folding contributions are in the sum: their samples are committed. */
  commit(leases: readonly LeaseId[]): void {
    for (const lease of leases) {
      const slot = this.#slots.shift();
      assertInvariant(
        slot?.state === "folding" && slot.lease === lease,
        `Lease ${lease} was folded, but ${slot === undefined ? "nothing" : `${slot.state} ${slot.start}-${slot.end}`} stands at the front`,
      );
      this.commits.push({ lease, worker: slot.worker, start: slot.start, end: slot.end });
    }
  }

  /** Position of the lease's samples among the open slots, 0 for the one to be folded next; -1 when it holds none. */
  positionOf(lease: LeaseId): number {
    return this.#slots.findIndex((slot) => slot.state === "out" && slot.lease === lease);
  }

  /** Takes everything out that has not arrived; what is staged stays and will be folded. */
  close(): SampleRange[] {
    const rest = this.#slots.filter((slot) => slot.state === "free" || slot.state === "out");
    this.#slots = this.#slots.filter((slot) => slot.state === "staged" || slot.state === "folding");
    return rest.map(({ start, end }) => ({ start, end }));
  }

  /** Gives the contributions up that are staged: their handles are to be dropped. */
  abandon(): Handle[] {
    const handles = this.#slots.flatMap((slot) => (slot.state === "staged" ? [slot.handle] : []));
    this.#slots = [];
    return handles;
  }

  #findFree(accepts: (history: RangeHistory | null) => boolean, ahead: number): number {
    const end = Math.min(this.#slots.length, ahead);
    for (let index = 0; index < end; index += 1) {
      const slot = this.#slots[index];
      if (slot?.state === "free" && accepts(slot.history)) return index;
    }
    return -1;
  }

  /** Joins neighbouring free slots, so that a crowd that left does not leave crumbs behind. Ranges somebody failed on stay apart. */
  #join(): void {
    if (this.#cellSamples !== null) return;
    const joined: Slot[] = [];
    for (const slot of this.#slots) {
      const last = joined.at(-1);
      const joins =
        last?.state === "free" &&
        slot.state === "free" &&
        last.end === slot.start &&
        sameHistory(last.history, slot.history);
      if (joins) joined[joined.length - 1] = { ...last, end: slot.end };
      else joined.push(slot);
    }
    this.#slots = joined;
  }
}
