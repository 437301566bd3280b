import { EXIT_CODES } from "./exit-codes.ts";

/** Signals that ask a command to end. */
export type StopSignal = "SIGINT" | "SIGTERM";

/**
 * Milliseconds within which SIGTERM again is the same one: a supervisor sends it to every process of a group, and the process that
 * started this one hands its own on. People's Ctrl-C is SIGINT, and counts each time.
 */
const SAME_TERMINATION_MS = 1_000;

/** The first signal is told to `onFirst`; a second one, and any while there is nothing to finish, ends the process at once. */
export class StopSignals {
  /** The first signal that came. */
  received: StopSignal | null = null;
  readonly #nowMs: () => number;
  #receivedMs = 0;
  #onFirst: ((signal: StopSignal) => void) | null = null;
  readonly #onInterrupt = () => this.#receive("SIGINT");
  readonly #onTerminate = () => this.#receive("SIGTERM");

  /** @param nowMs milliseconds from any fixed moment */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
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
    const isSame = signal === "SIGTERM" && this.received === signal;
    if (isSame && this.#nowMs() - this.#receivedMs < SAME_TERMINATION_MS) return;
    if (this.received !== null || this.#onFirst === null) {
      process.exit(signal === "SIGINT" ? EXIT_CODES.interrupted : EXIT_CODES.terminated);
    }
    this.received = signal;
    this.#receivedMs = this.#nowMs();
    this.#onFirst(signal);
  }
}
