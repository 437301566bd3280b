/** Milliseconds within which losses are counted together: ten minutes. */
const WINDOW_MILLISECONDS = 600_000;

/** Losses within the window after which a device is not opened again. */
const LOSSES_MAX = 3;

/** When devices were lost, as far as it still matters. */
export class LossRecord {
  #timesMs: readonly number[] = [];

  /** Notes a loss. @returns whether there were too many within ten minutes */
  isTooMuch(nowMs: number): boolean {
    this.#timesMs = [...this.#timesMs.filter((timeMs) => nowMs - timeMs < WINDOW_MILLISECONDS), nowMs];
    return this.#timesMs.length >= LOSSES_MAX;
  }
}
