import { useMemo, useState } from "preact/hooks";
import type uPlot from "uplot";
import { axisLabel, Chart, type ChartOptions, CURSOR_GROUP, themeColour, themedAxis } from "../charts/chart.tsx";
import { type CurveData, type CurveName, curveData, curveRows } from "../charts/curve-data.ts";
import { stepLabels, tickLabels } from "../charts/tick-labels.ts";
import { useWatched } from "../watch/dashboard-context.ts";
import { figure, isShare, metricFigure, metricLabel, wholeNumber } from "../words/figures.ts";
import { curveSentence } from "../words/progress-words.ts";
import { Panel } from "./panel.tsx";

/** Smoothing a page begins with. */
const SMOOTHING_DEFAULT = 0.6;
const SMOOTHING_MAX = 0.98;
/** CSS pixels. */
const CHART_HEIGHT = 250;
/** Rows of the table beside a chart. */
const TABLE_ROWS = 12;

/** Loss and metrics over the steps, in training and on the test data. */
export function Curves() {
  const metrics = useWatched((watched) => watched.run.metrics);
  const [smoothing, setSmoothing] = useState(SMOOTHING_DEFAULT);
  const [logarithmic, setLogarithmic] = useState(false);
  const [chosen, setChosen] = useState(metrics[0]);
  const tools = (
    <>
      <label class="tool-field">
        Smoothing
        <input
          type="range"
          min={0}
          max={SMOOTHING_MAX}
          step={0.02}
          value={smoothing}
          aria-valuetext={smoothing === 0 ? "none" : smoothing.toFixed(2)}
          onInput={(event) => setSmoothing(event.currentTarget.valueAsNumber)}
        />
        <output class="number">{smoothing.toFixed(2)}</output>
      </label>
      <label class="tool-field">
        <input
          type="checkbox"
          checked={logarithmic}
          onChange={(event) => setLogarithmic(event.currentTarget.checked)}
        />
        Log scale
      </label>
      {metrics.length < 2 ? null : (
        <label class="tool-field">
          Metric
          <select class="tool" value={chosen} onChange={(event) => setChosen(event.currentTarget.value)}>
            {metrics.map((name) => (
              <option key={name} value={name}>
                {metricLabel(name)}
              </option>
            ))}
          </select>
        </label>
      )}
    </>
  );
  return (
    <Panel id="curves" title="Learning" tools={tools}>
      <div class="curve-pair">
        <Curve name="loss" isMetric={false} smoothing={smoothing} logarithmic={logarithmic} />
        {chosen === undefined ? null : (
          <Curve name={chosen} isMetric smoothing={smoothing} logarithmic={logarithmic && !isShare(chosen)} />
        )}
      </div>
    </Panel>
  );
}

interface CurveProps {
  readonly name: string;
  readonly isMetric: boolean;
  readonly smoothing: number;
  readonly logarithmic: boolean;
}

function Curve({ name, isMetric, smoothing, logarithmic }: CurveProps) {
  const points = useWatched((watched) => watched.steps.points);
  const epochs = useWatched((watched) => watched.epochs);
  const [isTableOpen, setTableOpen] = useState(false);
  const [cursor, setCursor] = useState<number | null>(null);
  const data = useMemo(() => {
    const curve: CurveName = isMetric ? { kind: "metric", name } : { kind: "loss" };
    return curveData(curve, points, epochs, { smoothing, logarithmic });
  }, [points, epochs, isMetric, name, smoothing, logarithmic]);
  const columns = useMemo(() => columnsOf(data), [data]);
  const asShare = isMetric && isShare(name);
  const options = useMemo(
    () => () => curveOptions({ asShare, logarithmic, onCursor: setCursor }),
    [asShare, logarithmic],
  );
  const words = (value: number | null) => (isMetric ? metricFigure(name, value) : figure(value));
  const rows = curveRows(data, TABLE_ROWS);
  const title = isMetric ? metricLabel(name) : "Loss";
  return (
    <figure class="curve">
      <figcaption>
        <h3>{title}</h3>
        <Legend data={data} words={words} cursor={cursor} />
      </figcaption>
      {points.length === 0 ? (
        <p class="empty chart-empty">The curve begins with the first step.</p>
      ) : (
        <Chart options={options} data={columns} height={CHART_HEIGHT} label={curveSentence(title, rows, words)} />
      )}
      <details onToggle={(event) => setTableOpen(event.currentTarget.open)}>
        <summary>{title} as a table</summary>
        {isTableOpen ? <CurveTable title={title} rows={rows} words={words} /> : null}
      </details>
    </figure>
  );
}

interface LegendProps {
  readonly data: CurveData;
  readonly words: (value: number | null) => string;
  /** Index in the columns under the pointer. */
  readonly cursor: number | null;
}

/** Names of the lines, with their values under the pointer or at the end. */
function Legend({ data, words, cursor }: LegendProps) {
  const hasTest = useWatched((watched) => watched.run.testSamples > 0);
  const at = (values: readonly (number | null)[]) =>
    cursor === null ? (values.findLast((value) => value !== null) ?? null) : (values[cursor] ?? null);
  const step = cursor === null ? data.steps.at(-1) : data.steps[cursor];
  return (
    <div class="legend number" aria-hidden="true">
      <span class="legend-train">train {words(at(data.trainSmoothed))}</span>
      {hasTest ? <span class="legend-test">test {words(at(data.test))}</span> : null}
      <span class="muted">{step === undefined ? "" : `step ${wholeNumber(step)}`}</span>
    </div>
  );
}

interface CurveTableProps {
  readonly title: string;
  readonly rows: ReturnType<typeof curveRows>;
  readonly words: (value: number | null) => string;
}

function CurveTable({ title, rows, words }: CurveTableProps) {
  return (
    <table class="curve-table number">
      <caption class="visually-hidden">{title} over the steps</caption>
      <thead>
        <tr>
          <th scope="col">Step</th>
          <th scope="col">Train</th>
          <th scope="col">Test</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.step}>
            <th scope="row">{wholeNumber(row.step)}</th>
            <td>{words(row.train)}</td>
            <td>{words(row.test)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function columnsOf(data: CurveData): uPlot.AlignedData {
  return [[...data.steps], [...data.train], [...data.trainSmoothed], [...data.test]];
}

interface CurveOptions {
  readonly asShare: boolean;
  readonly logarithmic: boolean;
  readonly onCursor: (index: number | null) => void;
}

function curveOptions({ asShare, logarithmic, onCursor }: CurveOptions): ChartOptions {
  const train = () => themeColour("--series-1");
  const test = () => themeColour("--series-2");
  const value = (_: uPlot, splits: (number | null)[], _axis: number, _space: number, increment: number) => {
    // On a logarithmic axis increments grow: each label is as long as it must be, and some have no room and come as null.
    if (logarithmic) return splits.map((split) => (split === null ? "" : split.toString()));
    return asShare
      ? tickLabels(splits, increment, 100).map((label) => `${label}\u202f%`)
      : tickLabels(splits, increment);
  };
  return {
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, sync: { key: CURSOR_GROUP, setSeries: false }, points: { size: 7 } },
    scales: { x: { time: false }, y: { distr: logarithmic ? 3 : 1 } },
    axes: [
      themedAxis({
        values: (_, splits) => stepLabels(splits),
        size: 22,
        ...axisLabel("step"),
      }),
      themedAxis({ values: value, size: 52 }),
    ],
    series: [
      {},
      { stroke: () => themeColour("--series-1-faint"), width: 1, points: { show: false }, spanGaps: true },
      { stroke: train, width: 2, points: { show: false }, spanGaps: true },
      {
        stroke: test,
        width: 2,
        dash: [6, 4],
        points: { show: true, size: 7, fill: test, stroke: test },
        spanGaps: true,
      },
    ],
    hooks: { setCursor: [(chart) => onCursor(chart.cursor.idx ?? null)] },
  };
}
