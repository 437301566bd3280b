import type { LeaseId, LeaseKind, WorkerId } from "@tributary/protocol";
import type { SampleRange } from "./sample-range.ts";

/**
 * computing: the worker computes it. computed: it waits for credit. credited: its upload may begin. uploading: its
 * chunks come in. lapsed: the deadline passed and the samples are free again; a late result may still be taken.
 */
export type LeaseStage = "computing" | "computed" | "credited" | "uploading" | "lapsed";

/** A run of whole microbatches of one step, given to one worker. */
export interface Lease extends SampleRange {
  readonly id: LeaseId;
  readonly worker: WorkerId;
  readonly kind: LeaseKind;
  readonly step: number;
  readonly issuedMs: number;
  readonly stage: LeaseStage;
  /** When it lapses; null while it waits for the coordinator. */
  readonly deadlineMs: number | null;
  /** Whether it lapsed before and was taken back: that is allowed once. */
  readonly reclaimed: boolean;
  /** Bytes its upload will have, once it is computed. */
  readonly bytes: number;
}

/** The leases of the open step, by id. Ids count up and are never used twice. */
export class LeaseTable {
  readonly #leases = new Map<LeaseId, Lease>();
  #nextId: LeaseId;

  constructor(firstId: LeaseId = 1) {
    this.#nextId = firstId;
  }

  /** The id the next lease will have; everything below it has been given out. */
  get nextId(): LeaseId {
    return this.#nextId;
  }

  get size(): number {
    return this.#leases.size;
  }

  add(lease: Omit<Lease, "id">): Lease {
    const added = { ...lease, id: this.#nextId };
    this.#nextId += 1;
    this.#leases.set(added.id, added);
    return added;
  }

  get(id: LeaseId): Lease | undefined {
    return this.#leases.get(id);
  }

  update(id: LeaseId, change: Partial<Pick<Lease, "stage" | "deadlineMs" | "reclaimed" | "bytes" | "end">>): void {
    const lease = this.#leases.get(id);
    if (lease !== undefined) this.#leases.set(id, { ...lease, ...change });
  }

  remove(id: LeaseId): void {
    this.#leases.delete(id);
  }

  all(): readonly Lease[] {
    return [...this.#leases.values()];
  }

  of(worker: WorkerId): readonly Lease[] {
    return this.all().filter((lease) => lease.worker === worker);
  }

  /** Takes every lease out: the step is over. */
  clear(): readonly Lease[] {
    const leases = this.all();
    this.#leases.clear();
    return leases;
  }

  /** The earliest deadline, or null. */
  get nextDeadlineMs(): number | null {
    let earliest: number | null = null;
    for (const { deadlineMs } of this.#leases.values()) {
      if (deadlineMs !== null && (earliest === null || deadlineMs < earliest)) earliest = deadlineMs;
    }
    return earliest;
  }
}
