/** Whether the screen is kept on. */
export type ScreenLockState = "off" | "held" | "refused" | "missing";

/** The part of `navigator.wakeLock` that is used. */
export interface WakeLockEntry {
  request(type: "screen"): Promise<{
    release(): Promise<void>;
    addEventListener(type: "release", listener: () => void): void;
  }>;
}

/**
 * Keeps the screen on while this device takes part. The browser takes the lock away when the page is hidden or the battery is
 * low; it is asked for again when the page is seen.
 */
export class ScreenLock {
  readonly #entry: WakeLockEntry | undefined;
  readonly #onChange: (state: ScreenLockState) => void;
  #isWanted = false;
  #release: () => Promise<void> = async () => {};
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
    if (!this.#isWanted || this.#state === "held") return;
    if (this.#entry === undefined) {
      this.#set("missing");
      return;
    }
    try {
      const lock = await this.#entry.request("screen");
      this.#release = () => lock.release();
      lock.addEventListener("release", () => this.#set("off"));
      this.#set("held");
    } catch {
      this.#set("refused");
    }
    if (!this.#isWanted) await this.letGo();
  }

  /** Lets the screen go dark again. */
  async letGo(): Promise<void> {
    this.#isWanted = false;
    const release = this.#release;
    this.#release = async () => {};
    await release().catch(() => {});
    this.#set("off");
  }

  #set(state: ScreenLockState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#onChange(state);
  }
}
