import {
  type EpochPoint,
  WATCH_EPOCH_POINTS_MAX,
  WATCH_EVENTS_MAX,
  WATCH_THROUGHPUT_POINTS_MAX,
  type WatchSnapshot,
  type WatchUpdate,
} from "@tributary/protocol";
import { type DashboardState, EMPTY_HISTORY, type LinkState, type WatchedState } from "./dashboard-state.ts";
import { appendSteps, cutFrom } from "./step-series.ts";
import { assignColours, nameColours } from "./worker-colours.ts";

/** What changes the page's state: the connection, and what comes over it unasked. */
export type DashboardEvent =
  | { readonly type: "link"; readonly link: LinkState }
  | { readonly type: "message"; readonly message: WatchSnapshot | WatchUpdate };

/** The state after an event. Pure; everything it keeps is bounded. */
export function reduce(state: DashboardState, event: DashboardEvent): DashboardState {
  switch (event.type) {
    case "link":
      return { ...state, link: event.link };
    case "message":
      return { ...state, watched: afterMessage(state.watched, event.message) };
    default:
      return event satisfies never;
  }
}

function afterMessage(watched: WatchedState | null, message: WatchSnapshot | WatchUpdate): WatchedState | null {
  switch (message.type) {
    case "snapshot":
      return withNews({ ...message, ...keptHistory(watched, message) }, message);
    case "update":
      // An update without a snapshot before it says nothing about which run it is.
      return watched === null ? null : withNews(watched, message);
    default:
      return message satisfies never;
  }
}

/**
 * What of an earlier connection stays: it is finer than the thinned history of a snapshot. A coordinator that was started
 * again goes on from a checkpoint, so what came after that goes.
 */
function keptHistory(watched: WatchedState | null, snapshot: WatchSnapshot): typeof EMPTY_HISTORY {
  if (watched === null || watched.run.id !== snapshot.run.id) return EMPTY_HISTORY;
  const { steps, epochs, events, throughput, confusion, colours, colourNames } = watched;
  if (watched.run.startedAt === snapshot.run.startedAt)
    return { steps, epochs, events, throughput, confusion, colours, colourNames };
  const from = snapshot.steps[0]?.step ?? snapshot.progress.step + 1;
  return { ...EMPTY_HISTORY, steps: cutFrom(steps, from), epochs: epochs.filter((epoch) => epoch.step < from) };
}

function withNews(watched: WatchedState, news: WatchSnapshot | WatchUpdate): WatchedState {
  const { role, run, confusion } = watched;
  const lastSecond = watched.throughput.at(-1)?.seconds ?? Number.NEGATIVE_INFINITY;
  const lastEvent = watched.events.at(-1)?.id ?? -1;
  const throughput = news.throughput.filter((point) => point.seconds > lastSecond);
  const events = news.events.filter((line) => line.id > lastEvent);
  const colours = assignColours(watched.colours, news.workers);
  return {
    role,
    run,
    progress: news.progress,
    workers: news.workers,
    colours,
    colourNames: nameColours(watched.colourNames, colours, news.workers),
    traffic: news.traffic,
    staleness: news.staleness,
    steps: appendSteps(watched.steps, news.steps),
    epochs: appendEpochs(watched.epochs, news.epochs),
    throughput: appended(watched.throughput, throughput, WATCH_THROUGHPUT_POINTS_MAX),
    events: appended(watched.events, events, WATCH_EVENTS_MAX),
    confusion: news.confusion ?? confusion,
  };
}

function appendEpochs(epochs: readonly EpochPoint[], news: readonly EpochPoint[]): readonly EpochPoint[] {
  const last = epochs.at(-1)?.epoch ?? 0;
  return appended(
    epochs,
    news.filter((epoch) => epoch.epoch > last),
    WATCH_EPOCH_POINTS_MAX,
  );
}

/** The same array where nothing is new, so that nothing is drawn again for it. */
function appended<Item>(items: readonly Item[], news: readonly Item[], max: number): readonly Item[] {
  return news.length === 0 ? items : [...items, ...news].slice(-max);
}
