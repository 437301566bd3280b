import type { RunCommand, RunEvent } from "@tributary/program";
import { BestValue, type MonitorOptions } from "./monitored-value.ts";
import { type TextSink, writerOf } from "./text-file.ts";

/** Follows a run's events and may answer with commands. A callback that throws ends the run with its error. */
export interface Callback {
  onEvent(event: RunEvent): readonly RunCommand[];
  /**
   * Whether `fit` ends with the parameters that this callback last asked to keep with the command `checkpoint`. Default false. A coordinator ends
   * with the last parameters in any case, and has the others as a checkpoint.
   */
  readonly restoresCheckpoint?: boolean;
}

/** What {@link earlyStopping} watches, and how long it waits. */
export interface EarlyStoppingOptions extends MonitorOptions {
  /** The run stops at this many epochs in a row without improvement; 0, the default, means 1, as in Keras. */
  readonly patience?: number;
  /** Whether `fit` ends with the parameters of the best epoch instead of the last one's, whether it was stopped or not. Default false. */
  readonly restoreBest?: boolean;
}

/**
 * Stops a run whose monitored value no longer improves; patience and minDelta mean what they mean in Keras.
 * @throws TrainingError RUN_INVALID on the first epoch event that lacks the monitored key
 */
export function earlyStopping(options: EarlyStoppingOptions): Callback {
  const { monitor, patience = 0, restoreBest = false } = options;
  const value = new BestValue(options);
  let waited = 0;
  return {
    restoresCheckpoint: restoreBest,
    onEvent(event) {
      if (event.event !== "epoch") return [];
      if (value.improvedBy(event)) {
        waited = 0;
        return restoreBest ? [{ command: "checkpoint" }] : [];
      }
      waited += 1;
      if (waited < Math.max(1, patience)) return [];
      return [
        { command: "stop", reason: `${monitor} has not improved for ${waited} epochs; its best was ${value.best}` },
      ];
    },
  };
}

/**
 * Asks for a checkpoint after every epoch whose monitored value is the best so far: a coordinator writes one into the run's folder, `fit` hands
 * the model to its `onCheckpoint`.
 * @throws TrainingError RUN_INVALID on the first epoch event that lacks the monitored key
 */
export function bestCheckpoint(options: MonitorOptions): Callback {
  const value = new BestValue(options);
  return {
    onEvent: (event) => (event.event === "epoch" && value.improvedBy(event) ? [{ command: "checkpoint" }] : []),
  };
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

/** Writes every event as one line of JSON, as `--json` does, at the end of a file or to a function; lines have their line breaks. */
export function jsonLines(sink: TextSink): Callback {
  const write = writerOf(sink, true);
  return onEvents((event) => write(`${JSON.stringify(event)}\n`));
}
