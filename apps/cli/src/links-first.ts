import type { RunEvent } from "@tributary/program";

/** Whoever shows a run's events. */
interface Reporting {
  report(event: RunEvent): void;
}

/** Reports a run's events. To people, that nobody is there yet is said below the links that would change it, and not between them. */
export class LinksFirst {
  readonly #reporter: Reporting;
  #holds: boolean;
  #held: RunEvent | null = null;

  /** @param holds whether anything is held back: scripts get every event as it comes */
  constructor(reporter: Reporting, holds: boolean) {
    this.#reporter = reporter;
    this.#holds = holds;
  }

  report(event: RunEvent): void {
    this.#held = this.#holds && event.event === "waiting" ? event : null;
    if (this.#held === null) this.#reporter.report(event);
  }

  /** The links are on the terminal. @param workersCome whether workers of this command are about to join: then there is nothing to say */
  areShown(workersCome: boolean): void {
    this.#holds = false;
    if (this.#held !== null && !workersCome) this.#reporter.report(this.#held);
    this.#held = null;
  }
}
