import { requireOption } from "./errors.ts";

/**
 * A penalty on parameters, as data: l1 times the sum of |w| plus l2 times the sum of w^2. Optimizers take it as an option, for all
 * parameters or for groups. It acts through its derivative in the update, after clipping; the loss that a run reports is without it.
 */
export interface Regulariser {
  /** Factor of the sum of absolute values; its derivative at 0 is 0. */
  readonly l1: number;
  /** Factor of the sum of squares, as in Keras: not halved, so that weight decay of 2 l2 does the same under sgd. */
  readonly l2: number;
}

function requireFactors(owner: string, { l1: absolute, l2: square }: Regulariser): void {
  requireOption(absolute >= 0, owner, "l1", absolute, "at least 0");
  requireOption(square >= 0, owner, "l2", square, "at least 0");
}

/** `factor` times the sum of |w|, as Keras' L1. @throws NnError INVALID_OPTION */
export function l1(factor = 0.01): Regulariser {
  return l1l2({ l1: factor, l2: 0 });
}

/** `factor` times the sum of w^2, as Keras' L2. @throws NnError INVALID_OPTION */
export function l2(factor = 0.01): Regulariser {
  return l1l2({ l1: 0, l2: factor });
}

/** Both, as Keras' L1L2. @throws NnError INVALID_OPTION */
export function l1l2(factors: Regulariser): Regulariser {
  requireFactors("l1l2", factors);
  return factors;
}
