/** Calls back at a time of `performance.now()`, never before it; setting another time replaces the one before. */
export class WakeTimer {
  readonly #onDue: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(onDue: () => void) {
    this.#onDue = onDue;
  }

  /** @param atMs milliseconds; null: not at all */
  set(atMs: number | null): void {
    clearTimeout(this.#timer);
    if (atMs === null) return;
    const left = Math.ceil(atMs - performance.now());
    // Node's timers may fire up to a millisecond early, and the machine asks for each time only once.
    this.#timer = setTimeout(
      () => {
        if (performance.now() < atMs) this.set(atMs);
        else this.#onDue();
      },
      Math.max(1, left),
    );
  }
}
