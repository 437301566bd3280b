import type { WatchedWorker, WatchedWorkerState } from "@tributary/protocol";
import type { ComponentChildren } from "preact";
import { bytes, milliseconds, NO_FIGURE, rate, spoken, wholeNumber } from "../words/figures.ts";

/** The states in words, and how they are coloured. */
const STATES: Readonly<
  Record<WatchedWorkerState, { readonly label: string; readonly tone: "good" | "warn" | "bad" | "calm" }>
> = {
  joining: { label: "joining", tone: "calm" },
  active: { label: "computing", tone: "good" },
  waiting: { label: "waiting", tone: "calm" },
  slow: { label: "slow", tone: "warn" },
  lost: { label: "lost", tone: "bad" },
  left: { label: "left", tone: "calm" },
};

/** Silence, in milliseconds, that is nothing to speak of: signs of life come a few seconds apart. */
const SILENCE_SHORT = 3_000;

/** Props of {@link WorkerRow}. */
export interface WorkerRowProps {
  readonly worker: WatchedWorker;
  /** Its colour; -1 for none of its own. */
  readonly slot: number;
}

/** One worker: a row of the table, or a card. */
export function WorkerRow({ worker, slot }: WorkerRowProps) {
  const { label, tone } = STATES[worker.state];
  return (
    <tr class={`worker worker-${worker.state}`}>
      <th scope="row" class="column-name">
        <span class="worker-name">
          <span class={`swatch swatch-${slot < 0 ? "others" : slot}`} aria-hidden="true" />
          <span class="whole-name">{worker.name}</span>
          <span class="kind">{worker.kind === "tab" ? "tab" : "Node"}</span>
        </span>
      </th>
      <Cell column="state" label="State">
        <span class={`badge badge-${tone}`}>{label}</span>
      </Cell>
      <Cell column="device" label="Computes on">
        <b>{worker.backend}</b> <span class="muted">{deviceWords(worker)}</span>
      </Cell>
      <Cell column="rate" label="Samples/s">
        {worker.samplesPerSecond > 0 ? rate(worker.samplesPerSecond) : NO_FIGURE}
      </Cell>
      <Cell column="roundTrip" label="Round trip">
        {milliseconds(worker.roundTripMilliseconds)}
      </Cell>
      <Cell column="traffic" label="Received, sent">
        {bytes(worker.bytesIn)}, {bytes(worker.bytesOut)}
        <span class="muted per-second">
          {bytes(worker.bytesInPerSecond)}, {bytes(worker.bytesOutPerSecond)} a second
        </span>
      </Cell>
      <Cell column="lag" label="Steps behind">
        {worker.lag === null ? NO_FIGURE : wholeNumber(worker.lag)}
      </Cell>
      <Cell column="work" label="Accepted, rejected, late">
        {wholeNumber(worker.accepted)}, <Trouble count={worker.rejected} tone="bad" />,{" "}
        <Trouble count={worker.stale} tone="warn" />
      </Cell>
      <Cell column="seen" label="Last sign">
        {worker.silentMilliseconds < SILENCE_SHORT ? "now" : `${spoken(worker.silentMilliseconds / 1000)} ago`}
      </Cell>
    </tr>
  );
}

interface CellProps {
  readonly column: string;
  /** What a card says in front of the value. */
  readonly label: string;
  readonly children: ComponentChildren;
}

function Cell({ column, label, children }: CellProps) {
  return (
    <td class={`column-${column}`} data-label={label}>
      <span>{children}</span>
    </td>
  );
}

function Trouble({ count, tone }: { readonly count: number; readonly tone: "bad" | "warn" }) {
  return <span class={count === 0 ? "" : tone}>{wholeNumber(count)}</span>;
}

function deviceWords({ adapter, threads }: WatchedWorker): string {
  if (adapter !== null) return adapter;
  return threads === 1 ? "1 thread" : `${threads} threads`;
}
