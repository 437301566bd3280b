/** Lines that one address may cause in the log. */
const LINES_MAX = 8;

/** Addresses remembered; the oldest is forgotten first. */
const ADDRESSES_MAX = 1_024;

/** Keeps a stranger from filling the log. */
export class LogLimiter {
  readonly #lines = new Map<string, number>();

  /** Whether this address may cause one more line. */
  allows(address: string): boolean {
    const lines = (this.#lines.get(address) ?? 0) + 1;
    if (!this.#lines.has(address) && this.#lines.size >= ADDRESSES_MAX) {
      const [oldest] = this.#lines.keys();
      if (oldest !== undefined) this.#lines.delete(oldest);
    }
    this.#lines.set(address, lines);
    return lines <= LINES_MAX;
  }
}
