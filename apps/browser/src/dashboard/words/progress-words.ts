import type { WatchedProgress, WatchedRun, WatchedRunState } from "@tributary/protocol";
import type { CurvePoint } from "../state/step-series.ts";

/** Points of the curve that the pace is taken from. */
const PACE_POINTS = 40;

/** What stands where something would have to be asked of the coordinator. */
export const NO_CONNECTION = "There is no connection to the coordinator that could be asked.";

/** The state of a run in a word, and how it is coloured. */
export const RUN_STATES: Readonly<
  Record<WatchedRunState, { readonly label: string; readonly tone: "good" | "warn" | "calm" }>
> = {
  waiting: { label: "Waiting for workers", tone: "warn" },
  running: { label: "Training", tone: "good" },
  evaluating: { label: "Testing", tone: "good" },
  paused: { label: "Paused", tone: "warn" },
  saving: { label: "Saving", tone: "calm" },
  finished: { label: "Finished", tone: "calm" },
};

/**
 * Seconds until the last step at the pace of the latest steps, tests between epochs included.
 * @returns null while there is no pace, or nothing goes on
 */
export function secondsLeft(progress: WatchedProgress, run: WatchedRun, points: readonly CurvePoint[]): number | null {
  if (progress.state !== "running" && progress.state !== "evaluating") return null;
  const first = points.at(-PACE_POINTS) ?? points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined || last.step <= first.step) return null;
  const pace = (last.seconds - first.seconds) / (last.step - first.step);
  return pace > 0 ? pace * Math.max(0, run.totalSteps - progress.step) : null;
}

/** Where a run is, as a share of its steps: 0 ... 1. */
export function shareDone(progress: WatchedProgress, run: WatchedRun): number {
  return run.totalSteps === 0 ? 0 : Math.min(1, progress.step / run.totalSteps);
}

/** A curve in a sentence: "Training loss: 2.30 at step 1, 0.12 at step 400, lowest 0.11. Test loss: 0.15 at the last of 3 epochs." */
export function curveSentence(
  name: string,
  rows: readonly { readonly step: number; readonly train: number | null; readonly test: number | null }[],
  figure: (value: number | null) => string,
): string {
  const train = rows.filter((row) => row.train !== null);
  const [first, last] = [train[0], train.at(-1)];
  if (first === undefined || last === undefined) return `${name}: no step is done yet.`;
  const fromTo =
    first === last
      ? `${figure(first.train)} at step ${first.step}`
      : `${figure(first.train)} at step ${first.step}, ${figure(last.train)} at step ${last.step}`;
  const test = rows.filter((row) => row.test !== null).at(-1);
  const tested = test === undefined ? "" : ` On the test data: ${figure(test.test)} at step ${test.step}.`;
  return `${name} in training: ${fromTo}.${tested}`;
}
