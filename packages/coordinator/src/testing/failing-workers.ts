import type { RunEvent } from "@tributary/program";
import { Scenario } from "./scenario.ts";

/** A run of one step, whose 8 samples are one lease, in which workers are there. */
export function oneLease(...workers: readonly string[]): Scenario {
  const run = new Scenario({ leaseMicrobatches: 8 });
  run.join(...workers);
  return run;
}

/** A worker uploads values that are not finite, so many times. */
export function spoil(run: Scenario, worker: string, times: number): void {
  for (let time = 0; time < times; time += 1) run.finish(worker, { finite: false });
}

/** A worker says that it cannot compute its latest lease, and its rest goes by. */
export function fail(run: Scenario, worker: string, detail = "the driver broke"): void {
  const { lease, step } = run.lease(worker);
  run.say(worker, { type: "decline", lease, step, reason: "failed", detail });
  run.wait(2_000);
}

/** Why the open step is open. */
export const why = (run: Scenario): string => run.machine.view(run.nowMs).why;

/** What the run said of workers that fail. */
export const faults = (run: Scenario): RunEvent[] => run.events.filter(({ event }) => event === "error");
