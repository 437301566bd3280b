import { useSlice } from "../watch/dashboard-context.ts";
import { counted } from "../words/figures.ts";

/** Attempts after which more is said than that the connection is being made. */
const ATTEMPTS_QUIET = 1;

/** How the page stands with the coordinator, when there is something to say about it. */
export function LinkNotice() {
  const link = useSlice((state) => state.link);
  const progress = useSlice((state) => state.watched?.progress ?? null);
  return (
    <div class="notices" role="status">
      {progress?.state === "finished" && progress.outcome !== null && progress.outcome !== "finished" ? (
        <p class="notice notice-calm">The run is over: {progress.outcome.replace(/^stopped: /, "")}</p>
      ) : null}
      {link.state === "lost" && progress?.state === "finished" ? (
        <p class="notice notice-calm">
          The coordinator has ended with the run. What it told stays here until you close this page.
        </p>
      ) : null}
      {link.state === "lost" && progress?.state !== "finished" ? (
        <p class="notice notice-warn">
          {link.everOpen
            ? "The connection to the coordinator is lost. What you see is from before; the page connects again by itself."
            : "The coordinator does not answer. The page tries again by itself."}
          {link.attempts > ATTEMPTS_QUIET ? ` ${counted(link.attempts, "attempt")} so far.` : ""}
        </p>
      ) : null}
      {link.state === "ended" ? <p class="notice notice-bad">{link.reason}</p> : null}
    </div>
  );
}
