import type { WorkerId, WorkerKind } from "@tributary/protocol";

/** What the coordinator knows of one connection. */
export interface WorkerRecord {
  readonly id: WorkerId;
  /** connected: no hello yet. joined: welcome and parameters are sent. ready: it may have leases. */
  readonly state: "connected" | "joined" | "ready";
  readonly name: string;
  readonly kind: WorkerKind;
  readonly backend: string;
  readonly adapter: string | null;
  readonly threads: number;
  readonly arithmeticClass: string;
  readonly codec: string;
  /** Step of the parameters sent last; -1 for none. */
  readonly sentStep: number;
  /** Step of the parameters the worker said it holds; -1 for none. */
  readonly readyStep: number;
  /** Whether leases may follow the parameters at once, before the worker says it is ready; cleared when it declines one as stale. */
  readonly eager: boolean;
  /** A lease of it lapsed and it has said nothing since: nothing is sent to it until it does. */
  readonly silent: boolean;
  /** Samples a millisecond it computed lately; null: not measured. */
  readonly rate: number | null;
  /** Leases its rate was measured on. */
  readonly measurements: number;
  /** When it was last given a lease. */
  readonly leasedMs: number;
  /** Milliseconds between a lease and its result that were not computing. */
  readonly overheadMs: number;
  /** Contributions and evaluations that counted. */
  readonly accepted: number;
  /** Those that were of no use: not finite, damaged, of a wrong size. */
  readonly rejected: number;
  /** Those that came too late. */
  readonly stale: number;
  readonly strikes: number;
  /** Whether it failed on samples that the coordinator itself could compute. */
  readonly faulty: boolean;
  /** Leases declined one after the other. */
  readonly declines: number;
  /** No lease before this time. */
  readonly restUntilMs: number;
}

const NEW_WORKER: Omit<WorkerRecord, "id"> = {
  state: "connected",
  name: "",
  kind: "node",
  backend: "",
  adapter: null,
  threads: 1,
  arithmeticClass: "",
  codec: "",
  sentStep: -1,
  readyStep: -1,
  eager: true,
  silent: false,
  rate: null,
  measurements: 0,
  leasedMs: 0,
  overheadMs: 0,
  accepted: 0,
  rejected: 0,
  stale: 0,
  strikes: 0,
  faulty: false,
  declines: 0,
  restUntilMs: 0,
};

/** The weight of the newest measurement in a worker's rate. */
const RATE_WEIGHT = 0.4;

/** The sessions of a run, by id. */
export class WorkerTable {
  readonly #workers = new Map<WorkerId, WorkerRecord>();

  add(id: WorkerId): void {
    this.#workers.set(id, { ...NEW_WORKER, id });
  }

  get(id: WorkerId): WorkerRecord | undefined {
    return this.#workers.get(id);
  }

  update(id: WorkerId, change: Partial<Omit<WorkerRecord, "id">>): void {
    const worker = this.#workers.get(id);
    if (worker !== undefined) this.#workers.set(id, { ...worker, ...change });
  }

  /** Counts one more contribution of a worker. */
  count(id: WorkerId, what: "accepted" | "rejected" | "stale"): void {
    const worker = this.#workers.get(id);
    if (worker !== undefined) this.update(id, { [what]: worker[what] + 1 });
  }

  remove(id: WorkerId): WorkerRecord | undefined {
    const worker = this.#workers.get(id);
    this.#workers.delete(id);
    return worker;
  }

  all(): readonly WorkerRecord[] {
    return [...this.#workers.values()];
  }

  /** Workers that may have leases and are not silent. */
  usable(): readonly WorkerRecord[] {
    return this.all().filter((worker) => worker.state === "ready" && !worker.silent);
  }

  /** Workers past their hello. */
  get joined(): number {
    return this.all().reduce((count, worker) => (worker.state === "connected" ? count : count + 1), 0);
  }

  get size(): number {
    return this.#workers.size;
  }

  /**
   * Takes a finished lease into the worker's rate.
   * @param computedMs what the worker says it computed; believed only within what was observed
   */
  measure(id: WorkerId, samples: number, computedMs: number, observedMs: number): void {
    const worker = this.#workers.get(id);
    if (worker === undefined) return;
    const busyMs = Math.max(0.05, Math.min(computedMs, observedMs));
    const rate = samples / busyMs;
    const overheadMs = Math.max(0, observedMs - busyMs);
    // The first lease runs code that is not compiled yet, so the second replaces what the first showed.
    const mix = (old: number, now: number) => (worker.measurements < 2 ? now : old + RATE_WEIGHT * (now - old));
    this.update(id, {
      rate: mix(worker.rate ?? rate, rate),
      overheadMs: mix(worker.overheadMs, overheadMs),
      measurements: worker.measurements + 1,
    });
  }
}
