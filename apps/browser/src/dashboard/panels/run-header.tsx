import { Mark } from "../../ui/mark.tsx";
import { useWatched } from "../watch/dashboard-context.ts";
import { clock, wholeNumber } from "../words/figures.ts";
import { RUN_STATES, secondsLeft, shareDone } from "../words/progress-words.ts";
import { RunControls } from "./run-controls.tsx";

/** The head of the page: which run, how it stands, how far it is, and what steers it. */
export function RunHeader() {
  const run = useWatched((watched) => watched.run);
  const progress = useWatched((watched) => watched.progress);
  const left = useWatched((watched) => secondsLeft(watched.progress, watched.run, watched.steps.points));
  const { label, tone } = RUN_STATES[progress.state];
  const share = shareDone(progress, run);
  const epoch = Math.min(progress.epoch, run.epochs);
  return (
    <header class="run-header">
      <div class="run-title">
        <Mark />
        <h1 title={run.name}>{run.name}</h1>
        <span class={`badge badge-${tone}`}>{label}</span>
      </div>
      <div class="run-progress">
        <div class="run-progress-words number">
          <span>
            step <b>{wholeNumber(progress.step)}</b> of {wholeNumber(run.totalSteps)}
          </span>
          <span>
            epoch <b>{wholeNumber(epoch)}</b> of {wholeNumber(run.epochs)}
          </span>
          {left === null ? null : (
            <span>
              <b>{clock(left)}</b> left
            </span>
          )}
          <span class="so-far">{clock(progress.seconds)} so far</span>
        </div>
        <progress max={1} value={share} aria-label="Steps done" />
      </div>
      <RunControls />
    </header>
  );
}
