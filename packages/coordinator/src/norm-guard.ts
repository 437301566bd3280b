import { NORM_FACTOR_MAX, NORM_WINDOW, NORM_WINDOW_MIN } from "./limits.ts";

/**
 * Judges the norm of a contribution against those accepted before. The factor is large on purpose: it is there for
 * values like 1e30, which are finite and would still wipe the parameters out, not for honest outliers.
 */
export class NormGuard {
  readonly #accepted: number[] = [];

  /** Whether a contribution of this norm, summed over `samples`, may be folded; takes it into the window if so. */
  accepts(norm: number, samples: number): boolean {
    if (!this.fits(norm, samples)) return false;
    this.#accepted.push(norm / samples);
    if (this.#accepted.length > NORM_WINDOW) this.#accepted.shift();
    return true;
  }

  /** Whether one of this norm would be taken. */
  fits(norm: number, samples: number): boolean {
    if (this.#accepted.length < NORM_WINDOW_MIN) return true;
    const sorted = [...this.#accepted].sort((a, b) => a - b);
    const median = sorted[sorted.length >> 1] ?? 0;
    return median <= 0 || norm / samples <= NORM_FACTOR_MAX * median;
  }
}
