/** How a run ended. stopped: on command, before its last epoch. diverged: a loss or gradient was not finite. */
export type Outcome = "finished" | "stopped" | "diverged" | "failed";

/** The numbers of a run that is over. */
export interface RunSummary {
  readonly outcome: Outcome;
  /** For people; empty when the run simply finished. */
  readonly reason: string;
  readonly steps: number;
  /** Committed since the run began, before a resume included. */
  readonly samples: number;
  /** Since the first lease; pauses are left out. */
  readonly seconds: number;
  readonly samplesPerSecond: number;
  /** Of the last evaluation: testLoss and one entry a metric. */
  readonly test: Readonly<Record<`test${string}`, number>>;
}
