import { WATCH_CELL_SAMPLES_MAX, type WatchedConfusion } from "@tributary/protocol";
import type { JudgedPart } from "../compute/compute-message.ts";

/** A test sample of one cell of the confusion table. */
export interface CellSample {
  readonly index: number;
  readonly probability: number;
}

/** What the model takes the test samples for, with the parameters of one step; put together from parts. */
export class Judgement {
  readonly step: number;
  readonly #classes: number;
  readonly #labels: number[] = [];
  readonly #predicted: number[] = [];
  readonly #probability: number[] = [];

  /** @param step updates done: whose parameters are used */
  constructor(step: number, classes: number) {
    this.step = step;
    this.#classes = classes;
  }

  /** Samples judged. */
  get samples(): number {
    return this.#labels.length;
  }

  /** Adds the next samples. */
  add({ labels, predicted, probability }: JudgedPart): void {
    this.#labels.push(...labels);
    this.#predicted.push(...predicted);
    this.#probability.push(...probability);
  }

  /** The table: row the class it is, column the class it was taken for. Labels that are no class are left out. */
  get confusion(): WatchedConfusion {
    const counts = Array.from({ length: this.#classes }, () => new Array<number>(this.#classes).fill(0));
    this.#labels.forEach((label, index) => {
      const row = counts[label];
      const column = this.#predicted[index] ?? 0;
      if (row !== undefined) row[column] = (row[column] ?? 0) + 1;
    });
    return { step: this.step, counts, samples: this.samples };
  }

  /** Samples of one cell, those it is surest of first. */
  cell(label: number, predicted: number): readonly CellSample[] {
    const found = this.#labels.flatMap((is, index): CellSample[] =>
      is === label && this.#predicted[index] === predicted
        ? [{ index, probability: this.#probability[index] ?? 0 }]
        : [],
    );
    return found.sort((a, b) => b.probability - a.probability).slice(0, WATCH_CELL_SAMPLES_MAX);
  }
}
