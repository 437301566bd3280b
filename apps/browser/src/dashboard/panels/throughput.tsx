import { useMemo } from "preact/hooks";
import type uPlot from "uplot";
import { axisLabel, Chart, type ChartOptions, themeColour, themedAxis } from "../charts/chart.tsx";
import { throughputData } from "../charts/throughput-data.ts";
import { COLOUR_SLOTS, isThere } from "../state/worker-colours.ts";
import { useWatched } from "../watch/dashboard-context.ts";
import { clock, rate } from "../words/figures.ts";
import { Panel } from "./panel.tsx";

/** CSS pixels. */
const CHART_HEIGHT = 200;

/** Seconds between two labels of the time axis: such as a clock has. */
const CLOCK_INCREMENTS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600];

/** Samples a second over the last minutes: all together, and stacked by worker. */
export function Throughput() {
  const points = useWatched((watched) => watched.throughput);
  const colours = useWatched((watched) => watched.colours);
  const data = useMemo((): uPlot.AlignedData => {
    const { seconds, stacked } = throughputData(points, colours);
    // The highest line is painted first, and the lower areas over it.
    return [[...seconds], ...stacked.toReversed().map((column) => [...column])];
  }, [points, colours]);
  const total = points.at(-1)?.total ?? 0;
  const best = points.reduce((most, point) => Math.max(most, point.total), 0);
  const label = `Samples a second over the last ${points.length} seconds: now ${rate(total)}, at most ${rate(best)}. The table of workers has each worker's share.`;
  return (
    <Panel
      id="throughput"
      title="Throughput by worker"
      tools={<span class="muted small">samples a second, stacked</span>}
    >
      {best === 0 ? (
        <p class="empty chart-empty">Samples a second of the last minutes show here once a worker computes.</p>
      ) : (
        <>
          <Chart options={throughputOptions} data={data} height={CHART_HEIGHT} label={label} />
          <ThroughputLegend />
        </>
      )}
    </Panel>
  );
}

/** Who has which colour. */
function ThroughputLegend() {
  const colours = useWatched((watched) => watched.colours);
  const workers = useWatched((watched) => watched.workers);
  const names = useWatched((watched) => watched.colourNames);
  const points = useWatched((watched) => watched.throughput);
  const newest = points.at(-1);
  // Whoever went stays here as long as the chart shows what it did.
  const named = colours.flatMap((id, slot) => {
    if (id === null) return [];
    const isHere = workers.some((worker) => worker.id === id && isThere(worker));
    const isShown = isHere || points.some(({ byWorker }) => (byWorker[id] ?? 0) > 0);
    return isShown ? [{ slot, id, name: names[slot], words: isHere ? rate(newest?.byWorker[id] ?? 0) : "gone" }] : [];
  });
  const others = workers.filter((worker) => worker.samplesPerSecond > 0 && !colours.includes(worker.id)).length;
  return (
    <ul class="throughput-legend small" aria-label="Colours of the workers">
      {named.map(({ slot, id, name, words }) => (
        <li key={id}>
          <span class={`swatch swatch-${slot}`} aria-hidden="true" />
          <span class="clip">{name}</span> <span class="number muted">{words}</span>
        </li>
      ))}
      {others === 0 ? null : (
        <li>
          <span class="swatch swatch-others" aria-hidden="true" />
          {others} more
        </li>
      )}
    </ul>
  );
}

/** All in thousands once the largest needs it. */
function rateLabels(splits: readonly number[]): string[] {
  const most = Math.max(...splits);
  return splits.map((split) => (most < 10_000 ? rate(split) : `${split / 1000}\u202fk`));
}

function throughputOptions(): ChartOptions {
  const area = (name: string): uPlot.Series => ({
    stroke: () => themeColour("--card"),
    fill: () => themeColour(name),
    width: 1,
    points: { show: false },
  });
  const slots = Array.from({ length: COLOUR_SLOTS }, (_, slot) => area(`--series-${slot + 1}`));
  return {
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { show: false } },
    scales: { x: { time: false }, y: { range: (_, _least, most) => [0, Math.max(1, most * 1.08)] } },
    axes: [
      themedAxis({
        values: (_, splits) => splits.map((split) => clock(split)),
        incrs: CLOCK_INCREMENTS,
        size: 22,
        ...axisLabel("time since the start"),
      }),
      themedAxis({ values: (_, splits) => rateLabels(splits), size: 52 }),
    ],
    series: [{}, area("--series-others"), ...slots.toReversed()],
  };
}
