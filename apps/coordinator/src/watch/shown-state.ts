import type { RunView } from "@tributary/coordinator";
import type { WatchedRunState } from "@tributary/protocol";

/** What a run is at, as those who watch are told. */
export function shownState({ phase, workers }: RunView): WatchedRunState {
  if (phase === "over") return "finished";
  if (phase === "saving" || phase === "paused") return phase;
  if (workers.every(({ state }) => state === "joining")) return "waiting";
  return phase === "evaluating" || phase === "summing" ? "evaluating" : "running";
}
