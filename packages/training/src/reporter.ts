import type { RunEvent, StepEvent } from "@tributary/program";
import { clockTime, type ProgressPlan, type ProgressState, progressLine, shortNumber } from "./progress-bar.ts";

/** Where a report goes, and when it is. */
export interface ReporterOutput {
  /** Standard output: what the command is asked for. */
  readonly data: (text: string) => void;
  /** Standard error: words for people. */
  readonly words: (text: string) => void;
  /** Columns of the terminal that `words` go to, asked anew each time; null: not a terminal. */
  readonly columns: () => number | null;
  /** Milliseconds from any fixed moment. */
  readonly nowMs: () => number;
}

/** json: events as lines on `data`. people: a bar or plain lines on `words`. quiet: errors and the result only. */
export type ReportStyle = "json" | "people" | "quiet";

/** At most ten redraws a second. */
const REDRAW_INTERVAL_MS = 100;
/** Without a terminal, one line of progress in so many milliseconds. */
const PLAIN_INTERVAL_MS = 5_000;
/** Carriage return, then erase the line (ECMA-48, EL). */
const ERASE_LINE = "\r\u001b[2K";

/** Tells a run's events to whoever started the command. */
export class Reporter {
  readonly #style: ReportStyle;
  readonly #plan: ProgressPlan;
  readonly #output: ReporterOutput;
  #state: ProgressState | null = null;
  #lastEpoch: ProgressState["lastEpoch"] = null;
  #drawnAtMs = Number.NEGATIVE_INFINITY;
  #barStands = false;

  constructor(style: ReportStyle, plan: ProgressPlan, output: ReporterOutput) {
    this.#style = style;
    this.#plan = plan;
    this.#output = output;
  }

  /** Tells one event. */
  report(event: RunEvent): void {
    if (this.#style === "json") {
      this.#output.data(`${JSON.stringify(event)}\n`);
      return;
    }
    if (event.event === "step") {
      this.#reportStep(event);
      return;
    }
    if (event.event === "epoch") this.#lastEpoch = event;
    const lines = this.#style === "quiet" ? quietLines(event) : peopleLines(event);
    // Nothing moves any more behind the result.
    if (event.event === "finished") this.#state = null;
    if (lines.length > 0) this.#say(lines);
  }

  /** Says lines of the command's own, such as what Ctrl-C will do; they go to standard error in every style. */
  say(...lines: readonly string[]): void {
    this.#say(lines);
  }

  /** Leaves the terminal with the last bar on a line of its own. */
  end(): void {
    if (this.#barStands) this.#output.words("\n");
    this.#barStands = false;
  }

  #reportStep(step: StepEvent): void {
    if (this.#style === "quiet") return;
    this.#state = { step, lastEpoch: this.#lastEpoch };
    const columns = this.#output.columns();
    const interval = columns === null ? PLAIN_INTERVAL_MS : REDRAW_INTERVAL_MS;
    const isLast = step.step >= this.#plan.steps;
    if (this.#output.nowMs() - this.#drawnAtMs < interval && !isLast) return;
    this.#draw(columns);
  }

  #draw(columns: number | null): void {
    if (this.#state === null) return;
    this.#drawnAtMs = this.#output.nowMs();
    const line = progressLine(this.#plan, this.#state, columns === null ? Number.POSITIVE_INFINITY : columns - 1);
    this.#output.words(columns === null ? `${line}\n` : `${ERASE_LINE}${line}`);
    this.#barStands = columns !== null;
  }

  #say(lines: readonly string[]): void {
    const before = this.#barStands ? ERASE_LINE : "";
    this.#output.words(`${before}${lines.join("\n")}\n`);
    const redraw = this.#barStands;
    this.#barStands = false;
    if (redraw) this.#draw(this.#output.columns());
  }
}

function quietLines(event: RunEvent): string[] {
  return event.event === "error" || event.event === "finished" ? peopleLines(event) : [];
}

function peopleLines(event: RunEvent): string[] {
  switch (event.event) {
    case "listening":
      return [
        `Run ${event.run}: ${event.parameters.toLocaleString("en")} parameters`,
        `  coordinator  ${event.url}`,
        `  to join      ${event.joinUrl}`,
      ];
    case "worker":
      return [`Worker ${event.name} ${event.state}`];
    case "reissued":
      return [`Samples ${event.start} to ${event.end - 1} of step ${event.step} leased again, to ${event.to}`];
    case "waiting":
      return [`Step ${event.step} waits: ${event.reason}`];
    case "epoch":
      return [`Epoch ${event.epoch}: ${metricsText(event)} in ${event.seconds.toFixed(1)} s`];
    case "checkpoint":
      return [`Checkpoint of step ${event.step}: ${event.path}`];
    case "error":
      return [`Error ${event.code}: ${event.message}`, `  ${event.remedy}`];
    case "finished":
      return [
        `Finished: ${event.steps} steps, ${shortNumber(event.samples)} samples in ${clockTime(event.seconds)}, ` +
          [`${shortNumber(event.samplesPerSecond)} samples/s`, metricsText(event)]
            .filter((text) => text !== "")
            .join("; "),
        ...(event.model === undefined ? [] : [`Model: ${event.model}`]),
      ];
    case "step":
      return [];
    default:
      return event satisfies never;
  }
}

/** "train loss 0.380, test accuracy 96.2%" from an event's train and test keys. */
function metricsText(event: RunEvent): string {
  return Object.entries(event)
    .flatMap(([key, value]) => {
      const name = key.match(/^(train|test)([A-Z]\w*)$/);
      if (name === null || typeof value !== "number") return [];
      const shown = name[2] === "Accuracy" ? `${(100 * value).toFixed(2)}%` : value.toFixed(4);
      return [`${name[1]} ${(name[2] ?? "").toLowerCase()} ${shown}`];
    })
    .join(", ");
}
