import { requireOption } from "../errors.ts";
import { requireBetas } from "./adam.ts";
import {
  type CommonOptions,
  type Optimizer,
  prepared,
  requireCommon,
  runningMean,
  scheduleOf,
  shrunk,
  vectorOf,
} from "./optimizer.ts";

/** Options of {@link lion}; the defaults are its authors'. */
export interface LionOptions extends CommonOptions {
  /** How much of the momentum enters the direction, and how much of it is kept. Default [0.9, 0.99]. */
  readonly betas?: readonly [number, number];
  /** Each parameter shrinks by rate times this. Default 0. */
  readonly weightDecay?: number;
}

const MEAN = "exp_avg";

/**
 * Steps by the sign of an average of momentum and gradient: p <- (1 - rate weightDecay) p - rate sign(b1 m + (1 - b1) g), then
 * m <- b2 m + (1 - b2) g. The default rate is 1e-4. Source: Chen et al. (2023), arXiv:2302.06675. @throws NnError INVALID_OPTION
 */
export function lion(options: LionOptions = {}): Optimizer {
  const { betas = [0.9, 0.99], weightDecay = 0 } = options;
  requireCommon("lion", options);
  requireBetas("lion", betas);
  requireOption(weightDecay >= 0, "lion", "weightDecay", weightDecay, "at least 0");
  return {
    name: "lion",
    learningRate: scheduleOf(options, 1e-4),
    stateVectors: [MEAN],
    stateScalars: [],
    update(inputs) {
      const start = prepared(inputs, options, weightDecay);
      const before = vectorOf(inputs, MEAN);
      const direction = runningMean(before, betas[0], start.gradient).sign();
      return {
        parameters: shrunk(start, inputs.parameters).sub(direction.mul(start.learningRate)),
        vectors: { [MEAN]: runningMean(before, betas[1], start.gradient) },
        scalars: {},
      };
    },
  };
}
