import { requireOption } from "../errors.ts";
import {
  type CommonOptions,
  type Optimizer,
  prepared,
  quotient,
  requireCommon,
  runningMean,
  scheduleOf,
  vectorOf,
  withDecay,
} from "./optimizer.ts";

/** Options of {@link adagrad}; the defaults are PyTorch's. */
export interface AdagradOptions extends CommonOptions {
  /** The rate is divided by 1 + this times the updates done before. Default 0. */
  readonly learningRateDecay?: number;
  /** This times each parameter is added to its gradient. Default 0. */
  readonly weightDecay?: number;
  /** Where the sums of squares begin. Default 0; Keras begins at 0.1. */
  readonly initialAccumulator?: number;
  /** Added to the denominator. Default 1e-10. */
  readonly epsilon?: number;
}

/** Options of {@link adadelta}; the defaults are PyTorch's. */
export interface AdadeltaOptions extends CommonOptions {
  /** How much of the running means of squares is kept. Default 0.9. */
  readonly rho?: number;
  /** Added under both roots. Default 1e-6. */
  readonly epsilon?: number;
  /** This times each parameter is added to its gradient. Default 0. */
  readonly weightDecay?: number;
}

const SUM = "sum";
const SQUARE = "square_avg";
const STEPS = "acc_delta";

/**
 * Divides the gradient by the root of the sum of all its squares, as PyTorch's: s <- s + g^2; p <- p - rate g / (sqrt(s) + epsilon).
 * The default rate is 0.01. Source: Duchi, Hazan and Singer (2011). @throws NnError INVALID_OPTION
 */
export function adagrad(options: AdagradOptions = {}): Optimizer {
  const { learningRateDecay = 0, weightDecay = 0, initialAccumulator = 0, epsilon = 1e-10 } = options;
  requireCommon("adagrad", options);
  requireOption(learningRateDecay >= 0, "adagrad", "learningRateDecay", learningRateDecay, "at least 0");
  requireOption(weightDecay >= 0, "adagrad", "weightDecay", weightDecay, "at least 0");
  requireOption(initialAccumulator >= 0, "adagrad", "initialAccumulator", initialAccumulator, "at least 0");
  requireOption(epsilon >= 0, "adagrad", "epsilon", epsilon, "at least 0");
  return {
    name: "adagrad",
    learningRate: scheduleOf(options, 0.01),
    stateVectors: [SUM],
    stateScalars: [],
    update(inputs) {
      const { parameters, step } = inputs;
      const start = prepared(inputs, options, weightDecay);
      const gradient = withDecay(start, parameters);
      // The state is what was added to the first value, since every state starts from 0.
      const added = vectorOf(inputs, SUM).add(gradient.square());
      const sum = initialAccumulator === 0 ? added : added.add(initialAccumulator);
      const rate =
        learningRateDecay === 0 ? start.learningRate : start.learningRate.div(step.mul(learningRateDecay).add(1));
      return {
        parameters: parameters.sub(quotient(gradient, sum.sqrt(), epsilon).mul(rate)),
        vectors: { [SUM]: added },
        scalars: {},
      };
    },
  };
}

/**
 * Steps of the size of the steps before, as PyTorch's: d = sqrt(a + epsilon) / sqrt(v + epsilon) g with the running mean squares v of
 * gradients and a of steps; p <- p - rate d. The default rate is 1. Source: Zeiler (2012), arXiv:1212.5701. @throws NnError INVALID_OPTION
 */
export function adadelta(options: AdadeltaOptions = {}): Optimizer {
  const { rho = 0.9, epsilon = 1e-6, weightDecay = 0 } = options;
  requireCommon("adadelta", options);
  requireOption(rho >= 0 && rho <= 1, "adadelta", "rho", rho, "from 0 to 1");
  requireOption(epsilon >= 0, "adadelta", "epsilon", epsilon, "at least 0");
  requireOption(weightDecay >= 0, "adadelta", "weightDecay", weightDecay, "at least 0");
  return {
    name: "adadelta",
    learningRate: scheduleOf(options, 1),
    stateVectors: [SQUARE, STEPS],
    stateScalars: [],
    update(inputs) {
      const { parameters } = inputs;
      const start = prepared(inputs, options, weightDecay);
      const gradient = withDecay(start, parameters);
      const square = runningMean(vectorOf(inputs, SQUARE), rho, gradient.square());
      const before = vectorOf(inputs, STEPS);
      const step = quotient(before.add(epsilon).sqrt(), square.add(epsilon).sqrt(), 0).mul(gradient);
      return {
        parameters: parameters.sub(step.mul(start.learningRate)),
        vectors: { [SQUARE]: square, [STEPS]: runningMean(before, rho, step.square()) },
        scalars: {},
      };
    },
  };
}
