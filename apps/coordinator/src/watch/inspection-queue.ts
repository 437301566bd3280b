import { performance } from "node:perf_hooks";
import { INSPECTION_REST_FACTOR, INSPECTION_REST_MILLISECONDS_MAX } from "../limits.ts";

/** One look inside: something for the compute thread, and what becomes of it when a newer one takes its place. */
export interface Look {
  /** Never rejects. */
  readonly run: () => Promise<void>;
  readonly superseded: () => void;
}

/**
 * Looks inside the model, one at a time: for each key only the latest waits, and behind each the compute thread is left to the run for
 * twice as long as it took. So a step waits for at most one of them, and all together take at most a third of the thread.
 */
export class InspectionQueue {
  readonly #waiting = new Map<string, Look>();
  /** Done piece by piece when nothing else waits; says whether there is more of it. */
  #background: (() => Promise<boolean>) | null = null;
  #busy = false;
  #over = false;
  #timer: NodeJS.Timeout | undefined;

  /** Looks that wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Asks for a look; one of the same key that waits still is superseded. */
  put(key: string, look: Look): void {
    const before = this.#waiting.get(key);
    this.#waiting.delete(key);
    before?.superseded();
    if (this.#over) look.superseded();
    else this.#waiting.set(key, look);
    this.#next();
  }

  /** Forgets what waits under keys that begin so; nobody is told. */
  drop(prefix: string): void {
    for (const key of this.#waiting.keys()) if (key.startsWith(prefix)) this.#waiting.delete(key);
  }

  /** Something long, in pieces; takes the place of the one before. */
  setBackground(piece: () => Promise<boolean>): void {
    this.#background = piece;
    this.#next();
  }

  /** Nothing begins any more. */
  dispose(): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#waiting.clear();
    this.#background = null;
  }

  #next(): void {
    if (this.#busy || this.#over) return;
    const work = this.#take();
    if (work === null) return;
    this.#busy = true;
    const startMs = performance.now();
    void work().finally(() => {
      const tookMs = performance.now() - startMs;
      const restMs = Math.min(INSPECTION_REST_MILLISECONDS_MAX, INSPECTION_REST_FACTOR * tookMs);
      this.#timer = setTimeout(() => {
        this.#busy = false;
        this.#next();
      }, restMs);
    });
  }

  #take(): (() => Promise<void>) | null {
    const [first] = this.#waiting;
    if (first !== undefined) {
      const [key, look] = first;
      this.#waiting.delete(key);
      return () => look.run();
    }
    const piece = this.#background;
    if (piece === null) return null;
    return async () => {
      const more = await piece();
      if (!more && this.#background === piece) this.#background = null;
    };
  }
}
