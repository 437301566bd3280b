import type { Tensor } from "@tributary/autograd";
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

/** Options of {@link rmsprop}; the defaults are PyTorch's, or with `variant: "keras"` Keras'. */
export interface RmspropOptions extends CommonOptions {
  /** How much of the running mean of the squared gradient is kept (Keras' rho). Default 0.99; Keras' variant 0.9. */
  readonly alpha?: number;
  /** Added to the root; in Keras' variant to what is under it. Default 1e-8; Keras' variant 1e-7. */
  readonly epsilon?: number;
  /** Subtracts the square of the gradient's running mean, which makes a variance of the mean square. Default false. */
  readonly centered?: boolean;
  /** Share of the last step that is kept. Default 0. */
  readonly momentum?: number;
  /** This times each parameter is added to its gradient. Default 0. */
  readonly weightDecay?: number;
  /** "keras": g / sqrt(v + epsilon), the momentum of steps that hold their rate already, and Keras' defaults. Default "pytorch". */
  readonly variant?: "pytorch" | "keras";
}

const SQUARE = "square_avg";
const MEAN = "grad_avg";
const MOMENTUM = "momentum_buffer";

function defaultsOf(variant: "pytorch" | "keras"): { rate: number; alpha: number; epsilon: number } {
  return variant === "keras" ? { rate: 1e-3, alpha: 0.9, epsilon: 1e-7 } : { rate: 0.01, alpha: 0.99, epsilon: 1e-8 };
}

/**
 * Divides the gradient by the root of its running mean square, as PyTorch's: p <- p - rate g / (sqrt(v) + epsilon). The default rate
 * is 0.01 (Keras' variant 1e-3). Source: Tieleman and Hinton (2012), lecture 6.5. @throws NnError INVALID_OPTION
 */
export function rmsprop(options: RmspropOptions = {}): Optimizer {
  const { variant = "pytorch", centered = false, momentum = 0, weightDecay = 0 } = options;
  const defaults = defaultsOf(variant);
  const { alpha = defaults.alpha, epsilon = defaults.epsilon } = options;
  requireCommon("rmsprop", options);
  requireOption(alpha >= 0 && alpha <= 1, "rmsprop", "alpha", alpha, "from 0 to 1");
  requireOption(epsilon >= 0, "rmsprop", "epsilon", epsilon, "at least 0");
  requireOption(momentum >= 0, "rmsprop", "momentum", momentum, "at least 0");
  requireOption(weightDecay >= 0, "rmsprop", "weightDecay", weightDecay, "at least 0");

  function normalised(gradient: Tensor, spread: Tensor): Tensor {
    if (variant === "pytorch") return quotient(gradient, spread.sqrt(), epsilon);
    return quotient(gradient, epsilon === 0 ? spread.sqrt() : spread.add(epsilon).sqrt(), 0);
  }

  return {
    name: "rmsprop",
    learningRate: scheduleOf(options, defaults.rate),
    stateVectors: [SQUARE, ...(centered ? [MEAN] : []), ...(momentum > 0 ? [MOMENTUM] : [])],
    stateScalars: [],
    update(inputs) {
      const { parameters } = inputs;
      const start = prepared(inputs, options, weightDecay);
      const gradient = withDecay(start, parameters);
      const square = runningMean(vectorOf(inputs, SQUARE), alpha, gradient.square());
      const mean = centered ? runningMean(vectorOf(inputs, MEAN), alpha, gradient) : null;
      // Rounding may take the difference below 0, whose root would be NaN.
      const spread = mean === null ? square : square.sub(mean.square()).clamp({ min: 0 });
      const direction = normalised(gradient, spread);
      const vectors = { [SQUARE]: square, ...(mean === null ? {} : { [MEAN]: mean }) };
      const plain = direction.mul(start.learningRate);
      if (momentum === 0) return { parameters: parameters.sub(plain), vectors, scalars: {} };
      // PyTorch keeps directions and Keras steps, which differs once the rate changes.
      const kept = vectorOf(inputs, MOMENTUM)
        .mul(momentum)
        .add(variant === "keras" ? plain : direction);
      const step = variant === "keras" ? kept : kept.mul(start.learningRate);
      return { parameters: parameters.sub(step), vectors: { ...vectors, [MOMENTUM]: kept }, scalars: {} };
    },
  };
}
