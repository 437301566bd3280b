import { LEASES_PER_WORKER_MAX, type LeaseId, type LeaseMessage } from "@tributary/protocol";
import type { LeaseOutcome } from "./computation.ts";

/** Where a lease is on its way through a worker. */
export type LeaseStage = "queued" | "computing" | "waiting" | "sending";

/** A lease that the worker has not given back yet. */
export interface HeldLease {
  readonly lease: LeaseMessage;
  /** Reading of the clock when the lease came. */
  readonly receivedMs: number;
  stage: LeaseStage;
  /** Set while it waits for credit. */
  outcome: LeaseOutcome | null;
}

/** The leases a worker holds, at most LEASES_PER_WORKER_MAX. */
export class HeldLeases {
  readonly #leases = new Map<LeaseId, HeldLease>();

  /** Null when there are too many, or this one is here already. */
  add(lease: LeaseMessage, receivedMs: number): HeldLease | null {
    if (this.#leases.size >= LEASES_PER_WORKER_MAX || this.#leases.has(lease.lease)) return null;
    const held: HeldLease = { lease, receivedMs, stage: "queued", outcome: null };
    this.#leases.set(lease.lease, held);
    return held;
  }

  get(lease: LeaseId): HeldLease | undefined {
    return this.#leases.get(lease);
  }

  /** Whether this very lease is still held: it may be gone when a computation ends. */
  holds(held: HeldLease): boolean {
    return this.#leases.get(held.lease.lease) === held;
  }

  remove(held: HeldLease): void {
    this.#leases.delete(held.lease.lease);
  }

  all(): readonly HeldLease[] {
    return [...this.#leases.values()];
  }
}
