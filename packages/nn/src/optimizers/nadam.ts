import { requireOption } from "../errors.ts";
import { requireBetas } from "./adam.ts";
import {
  type CommonOptions,
  type Optimizer,
  prepared,
  quotient,
  requireCommon,
  runningMean,
  scalarOf,
  scheduleOf,
  vectorOf,
  withDecay,
} from "./optimizer.ts";

/** Options of {@link nadam}; the defaults are PyTorch's. */
export interface NAdamOptions extends CommonOptions {
  /** How much of the running means of the gradient and of its square is kept. Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** Added to the denominator. Default 1e-8. */
  readonly epsilon?: number;
  /** This times each parameter is added to its gradient. Default 0. */
  readonly weightDecay?: number;
  /** How fast the momentum rises to its full height. Default 4e-3. */
  readonly momentumDecay?: number;
}

const MEAN = "exp_avg";
const SQUARE = "exp_avg_sq";
/** 1 - b2^t. */
const SQUARE_CORRECTION = "exp_avg_sq_correction";
/** 1 - the product of all momenta; PyTorch keeps the product itself. */
const MOMENTUM_CORRECTION = "mu_product_correction";
/** Base of the momentum's rise. Source: Dozat (2016). */
const RISE = 0.96;

/**
 * Adam with Nesterov momentum, as in PyTorch 2 (1.13 takes mu_t twice into the product at t + 1): with mu_t = b1 (1 - 0.96^(t momentumDecay) / 2) and the product u_t of them,
 * p <- p - rate ((1 - mu_t) / (1 - u_t) g + mu_(t+1) / (1 - u_t mu_(t+1)) m) / (sqrt(v / (1 - b2^t)) + epsilon). The default rate is 2e-3.
 * Source: Dozat (2016), "Incorporating Nesterov Momentum into Adam". @throws NnError INVALID_OPTION
 */
export function nadam(options: NAdamOptions = {}): Optimizer {
  const { betas = [0.9, 0.999], epsilon = 1e-8, weightDecay = 0, momentumDecay = 4e-3 } = options;
  requireCommon("nadam", options);
  requireBetas("nadam", betas);
  requireOption(epsilon >= 0, "nadam", "epsilon", epsilon, "at least 0");
  requireOption(weightDecay >= 0, "nadam", "weightDecay", weightDecay, "at least 0");
  requireOption(momentumDecay >= 0, "nadam", "momentumDecay", momentumDecay, "at least 0");
  return {
    name: "nadam",
    learningRate: scheduleOf(options, 2e-3),
    stateVectors: [MEAN, SQUARE],
    stateScalars: [SQUARE_CORRECTION, MOMENTUM_CORRECTION],
    update(inputs) {
      const { parameters } = inputs;
      const start = prepared(inputs, options, weightDecay);
      const gradient = withDecay(start, parameters);
      const momentumAt = (updates: number) =>
        inputs.step
          .add(updates)
          .mul(momentumDecay * Math.log(RISE))
          .exp()
          .mul(-0.5)
          .add(1)
          .mul(betas[0]);
      const [momentum, next] = [momentumAt(1), momentumAt(2)];
      const mean = runningMean(vectorOf(inputs, MEAN), betas[0], gradient);
      const square = runningMean(vectorOf(inputs, SQUARE), betas[1], gradient.square());
      const squareCorrection = runningMean(scalarOf(inputs, SQUARE_CORRECTION), betas[1], 1);
      // With q = 1 - u: 1 - u mu = q mu + (1 - mu), which starts from 0 and does not cancel.
      const missing = momentum.neg().add(1);
      const correction = scalarOf(inputs, MOMENTUM_CORRECTION).mul(momentum).add(missing);
      const nextCorrection = correction.mul(next).add(next.neg().add(1));
      const direction = gradient.mul(missing.div(correction)).add(mean.mul(next.div(nextCorrection)));
      const step = quotient(direction, square.div(squareCorrection).sqrt(), epsilon);
      return {
        parameters: parameters.sub(step.mul(start.learningRate)),
        vectors: { [MEAN]: mean, [SQUARE]: square },
        scalars: { [SQUARE_CORRECTION]: squareCorrection, [MOMENTUM_CORRECTION]: correction },
      };
    },
  };
}
