import { useWatched } from "../watch/dashboard-context.ts";
import { useHeld } from "../watch/held-value.ts";
import { wholeNumber } from "../words/figures.ts";

/** Milliseconds that a sentence stays: steps are often shorter than it takes to read one. */
const SENTENCE_MILLISECONDS = 1_500;

/** Steps a second from which on they pass faster than sentences about them can be read. */
const FAST_STEPS_PER_SECOND = 2;

/** Why the open step is still open, in one sentence, and how much of it is in. */
export function OpenStep() {
  const progress = useWatched((watched) => watched.progress);
  const { why, stepSamplesIn, stepSamples } = useHeld(progress, SENTENCE_MILLISECONDS);
  const batchSize = useWatched((watched) => watched.run.batchSize);
  const perSecond = progress.state === "running" ? Math.round(progress.samplesPerSecond / batchSize) : 0;
  if (progress.state === "finished") return null;
  const share = stepSamples === 0 ? 0 : Math.min(1, stepSamplesIn / stepSamples);
  return (
    <section class="open-step" aria-label="The open step">
      <p>{why === "" ? "Nothing is open at the moment." : why}</p>
      <div class="open-step-fill">
        <div class="meter" aria-hidden="true">
          <div class="meter-fill" style={{ width: `${100 * share}%` }} />
        </div>
        <span class="number small muted">
          {wholeNumber(stepSamplesIn)} of {wholeNumber(stepSamples)} samples in
        </span>
        {perSecond >= FAST_STEPS_PER_SECOND ? (
          <span class="open-step-pace number small muted">one of about {wholeNumber(perSecond)} steps a second</span>
        ) : null}
      </div>
    </section>
  );
}
