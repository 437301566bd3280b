import type { RunCommand, RunEvent } from "@tributary/program";
import { TrainingError } from "./errors.ts";

/** Follows a run's events and may answer with commands. A callback that throws ends the run with its error. */
export interface Callback {
  onEvent(event: RunEvent): readonly RunCommand[];
}

/** What {@link earlyStopping} watches, and how long it waits. */
export interface EarlyStoppingOptions {
  /** A key of the epoch events: "testLoss", "testAccuracy", ... */
  readonly monitor: string;
  /** The run stops at this many epochs in a row without improvement; 0, the default, means 1, as in Keras. */
  readonly patience?: number;
  /** An improvement is a change by more than this. Default 0. */
  readonly minDelta?: number;
  /** Whether smaller or larger is better. Default: larger for a key that ends in Accuracy, else smaller. */
  readonly mode?: "min" | "max";
}

/**
 * Stops a run whose monitored value no longer improves; patience and minDelta mean what they mean in Keras.
 * @throws TrainingError RUN_INVALID on the first epoch event that lacks the monitored key
 */
export function earlyStopping(options: EarlyStoppingOptions): Callback {
  const { monitor, patience = 0, minDelta = 0 } = options;
  const mode = options.mode ?? (/accuracy$/i.test(monitor) ? "max" : "min");
  const sign = mode === "max" ? 1 : -1;
  let best = Number.NEGATIVE_INFINITY;
  let waited = 0;
  return {
    onEvent(event) {
      if (event.event !== "epoch") return [];
      const score = sign * monitoredValue(event, monitor);
      if (score > best + minDelta) {
        best = score;
        waited = 0;
        return [];
      }
      waited += 1;
      if (waited < Math.max(1, patience)) return [];
      return [
        { command: "stop", reason: `${monitor} has not improved for ${waited} epochs; its best was ${sign * best}` },
      ];
    },
  };
}

function monitoredValue(event: RunEvent, monitor: string): number {
  const value: unknown = Object.entries(event).find(([key]) => key === monitor)?.[1];
  if (typeof value === "number") return value;
  const numbers = Object.entries(event).flatMap(([key, item]) => (typeof item === "number" ? [key] : []));
  throw new TrainingError("RUN_INVALID", `The run reports no ${monitor}: monitor one of ${numbers.join(", ")}`);
}

/** Hands every event to a function: the shortest way to a logger. */
export function onEvents(listener: (event: RunEvent) => void): Callback {
  return {
    onEvent(event) {
      listener(event);
      return [];
    },
  };
}

/** Writes every event as one line of JSON, as `--json` does; `write` gets the line with its line break. */
export function jsonLines(write: (line: string) => void): Callback {
  return onEvents((event) => write(`${JSON.stringify(event)}\n`));
}
