/** How long a lease is computed. */
export class LeaseTimer {
  readonly #now: () => number;
  readonly #begunMs: number;
  readonly #milliseconds: number;
  #asked = false;

  /**
   * Begins now.
   * @param now milliseconds of a clock that only goes forward
   * @param milliseconds that the lease may take
   */
  constructor(now: () => number, milliseconds: number) {
    this.#now = now;
    this.#begunMs = now();
    this.#milliseconds = milliseconds;
  }

  /** Milliseconds since it was begun. */
  get elapsed(): number {
    return this.#now() - this.#begunMs;
  }

  /**
   * Whether its time is over: asked before each microbatch, or each round of them on several threads. The first is done however late
   * it is, because a lease comes back with at least one, or not at all.
   */
  isOver(): boolean {
    const isFirst = !this.#asked;
    this.#asked = true;
    return !isFirst && this.elapsed >= this.#milliseconds;
  }
}
