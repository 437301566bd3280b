import { useEffect, useState } from "preact/hooks";
import { Confusion } from "./panels/confusion.tsx";
import { Curves } from "./panels/curves.tsx";
import { Drawing } from "./panels/drawing.tsx";
import { EventLog } from "./panels/event-log.tsx";
import { Inside } from "./panels/inside.tsx";
import { JoinCard } from "./panels/join-card.tsx";
import { LinkNotice } from "./panels/link-notice.tsx";
import { OpenStep } from "./panels/open-step.tsx";
import { RunHeader } from "./panels/run-header.tsx";
import { Staleness } from "./panels/staleness.tsx";
import { Throughput } from "./panels/throughput.tsx";
import { Tiles } from "./panels/tiles.tsx";
import { Traffic } from "./panels/traffic.tsx";
import { Workers } from "./panels/workers.tsx";
import type { LookedAt } from "./state/looked-at.ts";
import { useSlice, useWatched } from "./watch/dashboard-context.ts";

/** The whole page. */
export function DashboardPage() {
  const id = useSlice((state) => state.watched?.run.id ?? null);
  return (
    <>
      <a class="skip-link" href="#main">
        To the figures
      </a>
      {id === null ? <Waiting /> : <RunView key={id} />}
    </>
  );
}

function Waiting() {
  const isAsking = useSlice((state) => state.link.state !== "ended");
  return (
    <main id="main" class="before-run">
      <h1>Tributary</h1>
      {isAsking ? <p>Asking the coordinator for its run …</p> : null}
      <LinkNotice />
    </main>
  );
}

function RunView() {
  const features = useWatched((watched) => watched.run.features);
  const classes = useWatched((watched) => watched.run.classes);
  const name = useWatched((watched) => watched.run.name);
  useEffect(() => {
    document.title = `${name} · Tributary`;
  }, [name]);
  const [looked, setLooked] = useState<LookedAt>({ kind: "sample", index: 0 });
  const look = (next: LookedAt) => {
    setLooked(next);
    document.getElementById("inside")?.scrollIntoView({ block: "nearest" });
  };
  return (
    <>
      <RunHeader />
      <main id="main" class="grid">
        <LinkNotice />
        <Tiles />
        <OpenStep />
        <Curves />
        <JoinCard />
        <Throughput />
        <div class="stack">
          <Traffic />
          <Staleness />
        </div>
        <Workers />
        {features.activations ? <Inside looked={looked} onLook={setLooked} /> : null}
        <div class="stack">
          {features.predict && classes !== null ? <Drawing onLook={look} /> : null}
          <EventLog />
        </div>
        {classes === null ? null : <Confusion onLook={look} />}
      </main>
    </>
  );
}
