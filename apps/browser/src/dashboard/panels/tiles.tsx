import { smoothed } from "../charts/smoothing.ts";
import type { WatchedState } from "../state/dashboard-state.ts";
import { isThere } from "../state/worker-order.ts";
import { useWatched } from "../watch/dashboard-context.ts";
import { bytes, counted, figure, metricFigure, metricLabel, NO_FIGURE, rate, wholeNumber } from "../words/figures.ts";

/** Weight of what was before in the figures of the tiles: the last dozen points count. */
const TILE_SMOOTHING = 0.9;
/** Points that this average looks back. */
const TILE_POINTS = 60;

/** The figures that matter most, large. */
export function Tiles() {
  const run = useWatched((watched) => watched.run);
  const metric = run.metrics[0];
  return (
    <ul class="tiles" aria-label="Figures of the run">
      <LossTile />
      {metric === undefined ? null : <MetricTile metric={metric} />}
      <ThroughputTile />
      <WorkersTile />
      <TrafficTile />
    </ul>
  );
}

interface TileProps {
  readonly label: string;
  readonly value: string;
  readonly detail: string;
}

function Tile({ label, value, detail }: TileProps) {
  return (
    <li class="tile">
      <span class="tile-label">{label}</span>
      <span class="tile-value">{value}</span>
      <span class="tile-detail">{detail}</span>
    </li>
  );
}

/** The moving average of the latest points. */
function latest(watched: WatchedState, read: (point: WatchedState["steps"]["points"][number]) => number | null) {
  const values = watched.steps.points.slice(-TILE_POINTS).map(read);
  return smoothed(values, TILE_SMOOTHING).findLast((value) => value !== null) ?? null;
}

/** What stands in the place of a test's figure. */
function useNoTestWords(): string {
  return useWatched((watched) => (watched.run.testSamples === 0 ? "there is no test data" : "no test yet"));
}

function LossTile() {
  const noTest = useNoTestWords();
  const train = useWatched((watched) => figure(latest(watched, (point) => point.loss)));
  const test = useWatched((watched) => watched.epochs.at(-1)?.testLoss ?? null);
  return <Tile label="Training loss" value={train} detail={test === null ? noTest : `test ${figure(test)}`} />;
}

function MetricTile({ metric }: { readonly metric: string }) {
  const noTest = useNoTestWords();
  const train = useWatched((watched) =>
    metricFigure(
      metric,
      latest(watched, (point) => point.metrics[metric] ?? null),
    ),
  );
  const test = useWatched((watched) => watched.epochs.at(-1)?.testMetrics[metric] ?? null);
  if (test === null)
    return <Tile label={`Training ${metricLabel(metric).toLowerCase()}`} value={train} detail={noTest} />;
  return (
    <Tile
      label={`Test ${metricLabel(metric).toLowerCase()}`}
      value={metricFigure(metric, test)}
      detail={`training ${train}`}
    />
  );
}

function ThroughputTile() {
  const perSecond = useWatched((watched) => watched.progress.samplesPerSecond);
  const samples = useWatched((watched) => watched.progress.samples);
  const isOver = useWatched((watched) => watched.progress.state === "finished");
  return (
    <Tile
      label="Samples a second"
      value={perSecond > 0 && !isOver ? rate(perSecond) : NO_FIGURE}
      detail={`${wholeNumber(samples)} so far`}
    />
  );
}

function WorkersTile() {
  const workers = useWatched((watched) => watched.workers);
  const tabs = workers.filter((worker) => isThere(worker) && worker.kind === "tab").length;
  const there = workers.filter(isThere).length;
  const gone = workers.length - there;
  const isOver = useWatched((watched) => watched.progress.state === "finished");
  const nobody = isOver ? "the run is over" : "open the link below to add one";
  const kinds = there === 0 ? nobody : `${counted(tabs, "tab")}, ${there - tabs} Node`;
  return (
    <Tile
      label="Workers"
      value={there.toString()}
      detail={gone === 0 || there === 0 ? kinds : `${kinds} · ${gone} gone`}
    />
  );
}

function TrafficTile() {
  const received = useWatched((watched) => watched.workers.reduce((sum, worker) => sum + worker.bytesInPerSecond, 0));
  const sent = useWatched((watched) => watched.workers.reduce((sum, worker) => sum + worker.bytesOutPerSecond, 0));
  return <Tile label="Received a second" value={bytes(received)} detail={`${bytes(sent)} sent a second`} />;
}
