import { RECONNECT_FIRST_MILLISECONDS, RECONNECT_MILLISECONDS_MAX } from "@tributary/protocol";

/**
 * Waits before the next attempt to connect: drawn evenly between 0 and a bound that doubles with each failure, so that
 * workers that lost one coordinator together do not come back together.
 * Source: Brooker (2015), "Exponential backoff and jitter", AWS Architecture Blog ("full jitter").
 */
export class Backoff {
  readonly #random: () => number;
  #bound = RECONNECT_FIRST_MILLISECONDS;

  /** @param random uniform in [0, 1) */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** Milliseconds to wait after one more failure. */
  next(): number {
    const wait = this.#random() * this.#bound;
    this.#bound = Math.min(RECONNECT_MILLISECONDS_MAX, 2 * this.#bound);
    return wait;
  }

  /** A connection worked: the next failure counts as the first. */
  reset(): void {
    this.#bound = RECONNECT_FIRST_MILLISECONDS;
  }
}
