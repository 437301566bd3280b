import type { EpochEvent, RunCommand, RunEvent, StepEvent } from "@tributary/program";
import type { Callback } from "./callbacks.ts";

/** A callback that keeps what a run reported; see {@link history}. */
export class History implements Callback {
  /** In order. */
  readonly epochs: EpochEvent[] = [];
  /** In order. */
  readonly steps: StepEvent[] = [];

  /** Keeps the event if it is a step or an epoch; asks for nothing. */
  onEvent(event: RunEvent): readonly RunCommand[] {
    if (event.event === "epoch") this.epochs.push(event);
    if (event.event === "step") this.steps.push(event);
    return [];
  }

  /** One value of every epoch that has it, by its key: `column("testLoss")`. */
  column(key: string): number[] {
    return this.epochs.flatMap((epoch) =>
      Object.entries(epoch).flatMap(([name, value]: [string, unknown]) =>
        name === key && typeof value === "number" ? [value] : [],
      ),
    );
  }
}

/** Keeps all steps and epochs of a run, to be looked at while it goes and afterwards. */
export function history(): History {
  return new History();
}
