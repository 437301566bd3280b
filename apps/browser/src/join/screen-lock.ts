/** Whether the screen is kept on. */
export type ScreenLockState = "off" | "held" | "refused" | "missing";

/** A lock that a browser gave. */
interface WakeLock {
  release(): Promise<void>;
  addEventListener(type: "release", listener: () => void): void;
}

/** The part of `navigator.wakeLock` that is used. */
export interface WakeLockEntry {
  request(type: "screen"): Promise<WakeLock>;
}

/**
 * Keeps the screen on while this device takes part. The browser takes the lock away when the page is hidden or the battery is
 * low; it is asked for again when the page is seen.
 */
export class ScreenLock {
  readonly #entry: WakeLockEntry | undefined;
  readonly #onChange: (state: ScreenLockState) => void;
  #isWanted = false;
  #isAsking = false;
  #lock: WakeLock | null = null;
  #state: ScreenLockState = "off";

  /** @param entry undefined where the browser has none, or the page is no secure context */
  constructor(entry: WakeLockEntry | undefined, onChange: (state: ScreenLockState) => void) {
    this.#entry = entry;
    this.#onChange = onChange;
  }

  /** Asks for the lock, now and whenever the page is seen again. */
  async hold(): Promise<void> {
    this.#isWanted = true;
    await this.onSeen();
  }

  /** The page is looked at. */
  async onSeen(): Promise<void> {
    // Two requests at once would give two locks, one of which nobody would let go again.
    if (!this.#isWanted || this.#isAsking || this.#state === "held") return;
    if (this.#entry === undefined) {
      this.#set("missing");
      return;
    }
    this.#isAsking = true;
    try {
      const lock = await this.#entry.request("screen");
      this.#lock = lock;
      // One that was let go may say so late, when there is another already.
      lock.addEventListener("release", () => {
        if (this.#lock === lock) this.#set("off");
      });
      this.#set("held");
    } catch {
      this.#set("refused");
    }
    this.#isAsking = false;
    if (!this.#isWanted) await this.letGo();
  }

  /** Lets the screen go dark again. */
  async letGo(): Promise<void> {
    this.#isWanted = false;
    const lock = this.#lock;
    this.#lock = null;
    this.#set("off");
    await lock?.release().catch(() => {});
  }

  #set(state: ScreenLockState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#onChange(state);
  }
}
