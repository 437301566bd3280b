import { useEffect, useState } from "preact/hooks";
import { Mark } from "../ui/mark.tsx";
import { ConsentCard } from "./consent-card.tsx";
import type { JoinController } from "./join-controller.ts";
import type { JoinLink } from "./join-link.ts";
import { type JoinState, PHASES } from "./join-state.ts";
import { LiveCard } from "./live-card.tsx";
import { ObstacleList } from "./obstacle-list.tsx";
import { ThanksCard } from "./thanks-card.tsx";

/** Milliseconds between two looks at the speed, which falls when nothing happens. */
const LOOK_MILLISECONDS = 1_000;

/** The whole page. What tests and tools need to know of its state stands in data attributes of `main`. */
export function JoinPage({ controller }: { readonly controller: JoinController }) {
  const [, redraw] = useState(0);
  useEffect(() => {
    const again = () => redraw((count) => count + 1);
    controller.listen(again);
    const timer = setInterval(() => {
      if (document.visibilityState === "visible" && controller.state.phase === "training") again();
    }, LOOK_MILLISECONDS);
    return () => clearInterval(timer);
  }, [controller]);
  const { state } = controller;
  const isBefore = state.phase === "loading" || state.phase === "consent" || state.phase === "ended";
  const isOver = state.phase === "ended" && state.end?.reason === "finished";
  return (
    <>
      <header>
        <Mark />
        <h1>Join {state.description?.name ?? "a training run"}</h1>
        <p class="muted">Tributary trains one neural network on devices that people lend. Yours can be one of them.</p>
      </header>
      <main {...stateAttributes(state)}>
        <p class="state" role="status" aria-live="polite">
          <span class="dot" aria-hidden="true" />
          {sentenceOf(state)}
        </p>
        <ObstacleList state={state} choice={isBefore ? "all" : "urgent"} />
        {state.phase === "ended" && <ThanksCard state={state} />}
        {isBefore && !isOver && <ConsentCard controller={controller} />}
        {!isBefore && <LiveCard controller={controller} />}
        {!isBefore && <ObstacleList state={state} choice="notes" />}
      </main>
      {/* The coordinator ends with its run, and nothing is served any more. */}
      {!isOver && (
        <footer class="muted small">
          <a href={dashboardHref(controller.link)}>The run's dashboard</a>
        </footer>
      )}
    </>
  );
}

/** Who may join may watch, by the same token. */
function dashboardHref({ token }: JoinLink): string {
  return token === null ? "/" : `/#t=${encodeURIComponent(token)}`;
}

function stateAttributes({ phase, device, worker, progress, obstacles, step }: JoinState) {
  return {
    "data-state": phase,
    "data-backend": device?.backend ?? "",
    "data-adapter": device?.adapter ?? "",
    "data-threads": device?.threads ?? 0,
    "data-worker": worker ?? "",
    "data-step": step ?? -1,
    "data-steps": progress.steps,
    "data-contributions": progress.contributions,
    "data-obstacles": obstacles.map(({ code }) => code).join(" "),
  };
}

function sentenceOf({ phase, pausedFor, isStopping, end, worker }: JoinState): string {
  if (isStopping) return "Stopping: what was begun is given back";
  if (phase === "paused" && pausedFor === "frozen")
    return "Paused by the browser: it goes on when this tab is used again";
  if (phase === "ended" && end?.reason === "finished") return "The run is finished. Thank you!";
  if (phase === "ended" && worker === null && end?.reason !== "left") return "This device could not join";
  return PHASES[phase];
}
