import type { RunView } from "@tributary/coordinator";
import { WATCH_WORKERS_MAX, type WatchedWorker } from "@tributary/protocol";
import type { WorkerLink } from "../worker-socket.ts";
import { RateMeter } from "./rate-meter.ts";
import type { RunFeed } from "./run-feed.ts";
import { shownId } from "./shown-id.ts";

/** Workers that went and are still shown. */
const GONE_SHOWN_MAX = 32;

/** The table of workers: who is there, as the machine and their sockets have it, and the latest who went. */
export class WorkerRows {
  readonly #feed: RunFeed;
  readonly #in = new RateMeter();
  readonly #out = new RateMeter();
  #present = new Map<string, WatchedWorker>();
  readonly #gone = new Map<string, WatchedWorker & { readonly goneMs: number }>();

  constructor(feed: RunFeed) {
    this.#feed = feed;
  }

  /** To be called about once a second. */
  readRates(links: ReadonlyMap<string, WorkerLink>, nowMs: number): void {
    this.#in.read(new Map([...links].map(([id, { bytesIn }]) => [id, bytesIn])), nowMs);
    this.#out.read(new Map([...links].map(([id, { bytesOut }]) => [id, bytesOut])), nowMs);
  }

  /** Looks at who is there. */
  look(workers: RunView["workers"], links: ReadonlyMap<string, WorkerLink>, nowMs: number): void {
    const present = new Map<string, WatchedWorker>();
    for (const view of workers) {
      const { id } = view;
      const before = this.#present.get(id);
      // The socket of one that is just going may be gone before the machine has heard of it.
      const link = links.get(id);
      present.set(id, {
        ...view,
        roundTripMilliseconds: rounded(link?.roundTripMilliseconds ?? before?.roundTripMilliseconds ?? null),
        silentMilliseconds: Math.round(nowMs - (link?.heardMs ?? nowMs)),
        bytesIn: link?.bytesIn ?? before?.bytesIn ?? 0,
        bytesOut: link?.bytesOut ?? before?.bytesOut ?? 0,
        bytesInPerSecond: Math.round(this.#in.rate(id)),
        bytesOutPerSecond: Math.round(this.#out.rate(id)),
        samplesPerSecond: rounded(this.#feed.samplesPerSecond(id)) ?? 0,
        samples: this.#feed.samples.get(id) ?? 0,
      });
    }
    this.#present = present;
    this.#feed.keepOnly(new Set([...present.keys(), ...this.#gone.keys()]));
  }

  /** A worker came: an earlier session of the same name is not shown any more. */
  onJoined(name: string): void {
    for (const [id, row] of this.#gone) if (row.name === name) this.#gone.delete(id);
  }

  /** A worker went; its row stays as it was last seen. */
  onGone(id: string, state: "left" | "lost", nowMs: number): void {
    const row = this.#present.get(id);
    if (row === undefined) return;
    this.#present.delete(id);
    const still = { bytesInPerSecond: 0, bytesOutPerSecond: 0, samplesPerSecond: 0 };
    const samples = this.#feed.samples.get(id) ?? 0;
    this.#gone.set(id, { ...row, ...still, samples, state, goneMs: nowMs - row.silentMilliseconds });
    const [oldest] = this.#gone.keys();
    if (this.#gone.size > GONE_SHOWN_MAX && oldest !== undefined) this.#gone.delete(oldest);
  }

  /** How many rows there are. */
  get count(): number {
    return Math.min(this.#present.size + this.#gone.size, WATCH_WORKERS_MAX);
  }

  /** Those who are there, then those who went, the latest first. */
  rows(nowMs: number): readonly WatchedWorker[] {
    const gone = [...this.#gone.values()].reverse().map(({ goneMs, ...row }) => {
      return { ...row, silentMilliseconds: Math.round(nowMs - goneMs) };
    });
    const rows = [...this.#present.values(), ...gone].slice(0, WATCH_WORKERS_MAX);
    return rows.map((row) => ({ ...row, id: shownId(row.id) }));
  }
}

function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value * 10) / 10;
}
