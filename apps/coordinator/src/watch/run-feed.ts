import type { StepRecord } from "@tributary/coordinator";
import { type EpochEvent, metricKey, type RunEvent, type StepEvent } from "@tributary/program";
import {
  type EpochPoint,
  type StepPoint,
  type ThroughputPoint,
  WATCH_EPOCH_POINTS_MAX,
  WATCH_EVENTS_MAX,
  WATCH_STEP_POINTS_MAX,
  WATCH_THROUGHPUT_POINTS_MAX,
  type WatchedConfusion,
  type WatchedEvent,
} from "@tributary/protocol";
import { type EventLine, eventLine } from "./event-line.ts";
import { History } from "./history.ts";
import { RateMeter } from "./rate-meter.ts";
import { shownId } from "./shown-id.ts";

/** Name of what all workers do together, among the names of rates. */
const TOTAL = "";

/** What a run reported so far, bounded, in the form in which watchers get it. */
export class RunFeed {
  readonly steps = new History<StepPoint>(WATCH_STEP_POINTS_MAX, { thins: true });
  readonly epochs = new History<EpochPoint>(WATCH_EPOCH_POINTS_MAX, { thins: false });
  readonly throughput = new History<ThroughputPoint>(WATCH_THROUGHPUT_POINTS_MAX, { thins: false });
  readonly events = new History<WatchedEvent>(WATCH_EVENTS_MAX, { thins: false });
  /** Samples committed by worker. */
  readonly samples = new Map<string, number>();
  readonly #metrics: readonly string[];
  readonly #classes: number | null;
  readonly #rates = new RateMeter();
  #step = 0;
  #confusion: WatchedConfusion | null = null;
  #confusions = 0;
  #countsItself = false;

  /** @param metrics names of the run's metrics @param classes of the model, null for no classifier */
  constructor(metrics: readonly string[], classes: number | null) {
    this.#metrics = metrics;
    this.#classes = classes;
  }

  get confusion(): WatchedConfusion | null {
    return this.#confusion;
  }

  /** Whether the run has a metric that gives the table. */
  get countsItself(): boolean {
    return this.#countsItself;
  }

  /** Grows with every new table. */
  get confusions(): number {
    return this.#confusions;
  }

  /** Samples a second over the last seconds, of one worker or of all. */
  samplesPerSecond(worker: string = TOTAL): number {
    return this.#rates.rate(worker);
  }

  /** @param seconds since the coordinator started @param time milliseconds since 1970 */
  onEvent(event: RunEvent, seconds: number, time: number): void {
    if (event.event === "step") this.#onStep(event, seconds);
    if (event.event === "epoch") this.#onEpoch(event, seconds);
    const line = eventLine(event);
    if (line !== null) this.addLine(line, time);
  }

  addLine(line: EventLine, time: number): void {
    this.events.add({ id: this.events.last + 1, time, ...line });
  }

  /** A step was committed: whose samples it was made of. */
  onRecord({ commits }: Pick<StepRecord, "commits">): void {
    for (const { worker, start, end } of commits) {
      this.samples.set(worker, (this.samples.get(worker) ?? 0) + end - start);
      this.samples.set(TOTAL, (this.samples.get(TOTAL) ?? 0) + end - start);
    }
  }

  /** Forgets the workers that are not among these. */
  keepOnly(workers: ReadonlySet<string>): void {
    for (const id of this.samples.keys()) if (id !== TOTAL && !workers.has(id)) this.samples.delete(id);
  }

  /** To be called about once a second. */
  readRates(seconds: number, nowMs: number): void {
    this.#rates.read(this.samples, nowMs);
    const workers = [...this.samples.keys()].filter((id) => id !== TOTAL && this.#rates.rate(id) > 0);
    const byWorker = Object.fromEntries(workers.map((id) => [shownId(id), round(this.#rates.rate(id))]));
    this.throughput.add({ seconds: round(seconds), total: round(this.#rates.rate(TOTAL)), byWorker });
  }

  setConfusion(confusion: WatchedConfusion): void {
    this.#confusion = confusion;
    this.#confusions += 1;
  }

  #onStep(event: StepEvent, seconds: number): void {
    const { step, samples, loss, gradientNorm } = event;
    this.#step = step;
    const metrics = this.#metricsOf("train", event);
    const point = { step, samples, seconds: round(seconds), loss: finite(loss), gradientNorm: finite(gradientNorm) };
    this.steps.add({ ...point, metrics });
  }

  #onEpoch(event: EpochEvent, seconds: number): void {
    this.epochs.add({
      epoch: event.epoch,
      step: this.#step,
      seconds: round(seconds),
      trainLoss: finite(event.trainLoss),
      testLoss: finite(event.testLoss),
      trainMetrics: this.#metricsOf("train", event),
      testMetrics: this.#metricsOf("test", event),
    });
    const counts = Object.entries(event.counts ?? {}).find(
      ([key, table]) =>
        key.startsWith("test") && table.length === this.#classes && table.every((row) => row.length === this.#classes),
    )?.[1];
    if (counts === undefined) return;
    this.#countsItself = true;
    const samples = counts.reduce((sum, row) => sum + row.reduce((all, count) => all + count, 0), 0);
    this.setConfusion({ step: this.#step, counts, samples });
  }

  #metricsOf(split: "train" | "test", event: StepEvent | EpochEvent): Record<string, number | null> {
    const values: Readonly<Record<string, unknown>> = { ...event };
    const known = this.#metrics.flatMap((name): [string, number | null][] => {
      const value = values[metricKey(split, name)];
      return typeof value === "number" ? [[name, finite(value)]] : [];
    });
    return Object.fromEntries(known);
  }
}

/** JSON has no NaN. */
function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}

/** Three digits behind the point are enough for people. */
function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
