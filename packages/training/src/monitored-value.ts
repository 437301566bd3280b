import type { RunEvent } from "@tributary/program";
import { TrainingError } from "./errors.ts";

/** Which value of the epoch events a callback watches. */
export interface MonitorOptions {
  /** A key of the epoch events: "testLoss", "testAccuracy", ... */
  readonly monitor: string;
  /** An improvement is a change by more than this. Default 0. */
  readonly minDelta?: number;
  /** Whether smaller or larger is better. Default: larger for a key that ends in Accuracy, Precision, Recall, F1, R2 or TopN, else smaller. */
  readonly mode?: "min" | "max";
}

/** Which way is better, from the options or the name of what is watched. */
export function monitorMode({ monitor, mode }: MonitorOptions): "min" | "max" {
  return mode ?? (/(accuracy|precision|recall|f1|r2|top(\d+|K))$/i.test(monitor) ? "max" : "min");
}

/** Follows a monitored value from epoch to epoch and knows its best. */
export class BestValue {
  readonly #options: MonitorOptions;
  readonly #sign: 1 | -1;
  #best = Number.NEGATIVE_INFINITY;

  constructor(options: MonitorOptions) {
    this.#options = options;
    this.#sign = monitorMode(options) === "max" ? 1 : -1;
  }

  /** The best so far. */
  get best(): number {
    return this.#sign * this.#best;
  }

  /** Whether the event's value is better than all before it; NaN never is. @throws TrainingError RUN_INVALID if the event lacks the key */
  improvedBy(event: RunEvent): boolean {
    const { monitor, minDelta = 0 } = this.#options;
    const score = this.#sign * monitoredValue(event, monitor);
    if (!(score > this.#best + minDelta)) return false;
    this.#best = score;
    return true;
  }
}

/** A number of an event by its key. @throws TrainingError RUN_INVALID naming the keys that there are */
export function monitoredValue(event: RunEvent, monitor: string): number {
  const value: unknown = Object.entries(event).find(([key]) => key === monitor)?.[1];
  if (typeof value === "number") return value;
  const numbers = Object.entries(event).flatMap(([key, item]) => (typeof item === "number" ? [key] : []));
  throw new TrainingError("RUN_INVALID", `The run reports no ${monitor}: monitor one of ${numbers.join(", ")}`);
}
