import { EXIT_CODES } from "./exit-codes.ts";

/** Signals that ask a command to end. */
export type StopSignal = "SIGINT" | "SIGTERM";

/** The first signal is told to `onFirst`; a second one, and any while there is nothing to finish, ends the process at once. */
export class StopSignals {
  /** The first signal that came. */
  received: StopSignal | null = null;
  #onFirst: ((signal: StopSignal) => void) | null = null;
  readonly #onInterrupt = () => this.#receive("SIGINT");
  readonly #onTerminate = () => this.#receive("SIGTERM");

  constructor() {
    process.on("SIGINT", this.#onInterrupt);
    process.on("SIGTERM", this.#onTerminate);
  }

  /** From now on there is something to finish. */
  onFirst(finish: (signal: StopSignal) => void): void {
    this.#onFirst = finish;
  }

  /** Gives the signals their usual meaning back. */
  dispose(): void {
    process.off("SIGINT", this.#onInterrupt);
    process.off("SIGTERM", this.#onTerminate);
  }

  #receive(signal: StopSignal): void {
    if (this.received !== null || this.#onFirst === null) {
      process.exit(signal === "SIGINT" ? EXIT_CODES.interrupted : EXIT_CODES.terminated);
    }
    this.received = signal;
    this.#onFirst(signal);
  }
}
