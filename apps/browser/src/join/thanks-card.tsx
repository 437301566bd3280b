import { bytesWords, countWords } from "./estimates.ts";
import { Figure } from "./figure.tsx";
import type { JoinState } from "./join-state.ts";

/** What this device has done for the run, once it has ended; nothing where it has done nothing. */
export function ThanksCard({ state: { progress } }: { readonly state: JoinState }) {
  if (progress.samples === 0) return null;
  return (
    <section class="card" aria-labelledby="what-was-done">
      <h2 id="what-was-done">What this device has done</h2>
      <dl class="figures number">
        <Figure name="Steps helped" value={countWords(progress.steps)} />
        <Figure name="Samples" value={countWords(progress.samples)} />
        <Figure name="Sent" value={bytesWords(progress.bytesSent)} />
        <Figure name="Received" value={bytesWords(progress.bytesReceived)} />
      </dl>
    </section>
  );
}
