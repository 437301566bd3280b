import type { Tensor } from "@tributary/autograd";
import { shapesEqual, showShape } from "@tributary/program";
import { NnError } from "./errors.ts";
import { currentScope, requireScope } from "./scope.ts";

/** From the statistics of a whole step, float32 [length], to what buffers become: calls their `update`. Traced. */
export type Settle = (sums: Tensor) => void;

/**
 * Sums over the real samples of a microbatch by which a layer changes its buffers when the step is done, such as the count,
 * sum and sum of squares behind a running mean. A module keeps one in a property and records into it in `forward`. They
 * travel with the gradient and add up over microbatches and workers, so that nobody's order or share of the work counts.
 */
export class Statistics {
  readonly length: number;
  readonly settle: Settle;

  /**
   * @param length how many sums there are
   * @param settle called once a step, with buffers at their values before it; sums are zeros if nothing was recorded
   */
  constructor(length: number, settle: Settle) {
    this.length = length;
    this.settle = settle;
  }

  /** Adds one microbatch's sums, float32 [length]. No gradient flows through them. @throws NnError UNBOUND, SHAPE_MISMATCH */
  record(sums: Tensor): void {
    if (!shapesEqual(sums.shape, [this.length])) {
      throw new NnError(
        "SHAPE_MISMATCH",
        `Statistics of length ${this.length} cannot take ${showShape(sums.shape)}: record one vector of that length`,
      );
    }
    const { statistics } = requireScope(`Statistics of length ${this.length}`);
    const before = statistics.get(this);
    statistics.set(this, before === undefined ? sums.detach() : before.add(sums.detach()));
  }
}

/**
 * 1 for each real sample of the microbatch and 0 for padding, float32 [M]; null when all are real.
 * @param samples size of the dimension that it is for
 * @throws NnError SHAPE_MISMATCH when that is not M
 */
export function realSamples(owner: string, samples: number): Tensor | null {
  const weights = currentScope()?.weights ?? null;
  if (weights === null) return null;
  if (weights.size(0) !== samples) {
    throw new NnError(
      "SHAPE_MISMATCH",
      `${owner} takes a row for each of the microbatch's ${weights.size(0)} samples, but got ${samples}: keep the sample in the first dimension`,
    );
  }
  return weights.ne(0).to("float32");
}
