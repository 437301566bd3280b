/** Seconds that a rate is taken over: long enough that steps of a second or two do not make it jump. */
const WINDOW = 5;

/** Rates of things that only grow, by name: what was added over the last seconds. */
export class RateMeter {
  /** Totals of the last readings, oldest first, with their time in milliseconds. */
  readonly #readings = new Map<string, { readonly atMs: number; readonly total: number }[]>();

  /** Reads totals; to be called about once a second. Names that are absent are forgotten. */
  read(totals: ReadonlyMap<string, number>, nowMs: number): void {
    for (const name of this.#readings.keys()) if (!totals.has(name)) this.#readings.delete(name);
    for (const [name, total] of totals) {
      const readings = this.#readings.get(name) ?? [];
      readings.push({ atMs: nowMs, total });
      if (readings.length > WINDOW + 1) readings.shift();
      this.#readings.set(name, readings);
    }
  }

  /** A second, over the last readings; 0 before the second one. */
  rate(name: string): number {
    const readings = this.#readings.get(name) ?? [];
    const [first] = readings;
    const last = readings.at(-1);
    if (first === undefined || last === undefined || last.atMs <= first.atMs) return 0;
    return (1_000 * (last.total - first.total)) / (last.atMs - first.atMs);
  }
}
