import type { Clock } from "./transport.ts";

/** What a watch over silence needs. */
export interface SilenceWatchOptions {
  readonly clock: Clock;
  /** Whether something is under way that takes long without a word from the other side. */
  readonly isBusy: () => boolean;
  /** Whether the coordinator answers by another way, where no pings are seen. Undefined: there is no other way. Never rejects. */
  readonly isThere?: (() => Promise<boolean>) | undefined;
  /** The connection is to be taken for broken. */
  readonly onLost: () => void;
}

/** Notices a connection over which nothing comes any more: cables are pulled, machines fall asleep, and no socket says so. */
export class SilenceWatch {
  readonly #options: SilenceWatchOptions;
  #lastSignMs: number;
  /** Null: before the beginning, and after the end. */
  #lostAfterMs: number | null = null;
  #cancelLook: () => void = () => {};

  constructor(options: SilenceWatchOptions) {
    this.#options = options;
    this.#lastSignMs = options.clock.now();
  }

  /** The other side gave a sign of life. */
  heard(): void {
    this.#lastSignMs = this.#options.clock.now();
  }

  /** @param seesPings whether {@link heard} is told of pings: then silence alone means that the connection is lost */
  begin(lostAfterMilliseconds: number, seesPings: boolean): void {
    this.#lostAfterMs = lostAfterMilliseconds;
    if (seesPings || this.#options.isThere !== undefined) this.#watch(lostAfterMilliseconds, seesPings, false);
  }

  end(): void {
    this.#lostAfterMs = null;
    this.#cancelLook();
  }

  /** Somebody has reason to think that the connection may be dead: silence is enough now, unless something is under way. */
  doubt(): void {
    if (this.#isSilent && !this.#options.isBusy()) this.#options.onLost();
  }

  get #isSilent(): boolean {
    return this.#lostAfterMs !== null && this.#options.clock.now() - this.#lastSignMs >= this.#lostAfterMs;
  }

  // Two looks in a row: after a process was stopped and goes on, what came meanwhile is read between them.
  #watch(lostAfterMs: number, seesPings: boolean, wasSilent: boolean): void {
    const { clock, onLost } = this.#options;
    this.#cancelLook = clock.after(lostAfterMs / 2, () => {
      const isSilent = this.#isSilent;
      if (!isSilent || !wasSilent) this.#watch(lostAfterMs, seesPings, isSilent);
      else if (seesPings) onLost();
      else void this.#ask(lostAfterMs);
    });
  }

  async #ask(lostAfterMs: number): Promise<void> {
    const { isThere, isBusy } = this.#options;
    const isGone = !isBusy() && (await isThere?.()) === false;
    if (this.#lostAfterMs === null) return;
    if (isGone) this.doubt();
    // Whoever took it for broken has ended this watch.
    if (this.#lostAfterMs !== null) this.#watch(lostAfterMs, false, true);
  }
}
