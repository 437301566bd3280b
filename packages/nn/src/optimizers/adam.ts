import type { Tensor } from "@tributary/autograd";
import { requireOption } from "../errors.ts";
import {
  type CommonOptions,
  type Optimizer,
  prepared,
  quotient,
  requireCommon,
  runningMean,
  scalarOf,
  scheduleOf,
  shrunk,
  vectorOf,
  withDecay,
} from "./optimizer.ts";

/** Options of {@link adam} and {@link adamW}; the defaults are PyTorch's. */
export interface AdamOptions extends CommonOptions {
  /** How much of the running means of the gradient and of its square is kept. Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** Added to the denominator. Default 1e-8; Keras' variant 1e-7. */
  readonly epsilon?: number;
  /** adam: this times each parameter is added to its gradient, default 0. adamW: each parameter shrinks by rate times this, default 0.01. */
  readonly weightDecay?: number;
  /** Divides by the largest running mean of the square so far. Source: Reddi et al. (2018), arXiv:1904.09237. Default false. */
  readonly amsgrad?: boolean;
  /** "keras" adds epsilon before the bias correction of the denominator: sqrt(v) + epsilon. Default "pytorch". */
  readonly variant?: "pytorch" | "keras";
}

/** PyTorch's names of the running means, and ours of the bias corrections 1 - beta^t. */
const MEAN = "exp_avg";
const SQUARE = "exp_avg_sq";
const LARGEST = "max_exp_avg_sq";
const MEAN_CORRECTION = "exp_avg_correction";
const SQUARE_CORRECTION = "exp_avg_sq_correction";

/** @throws NnError INVALID_OPTION unless both are at least 0 and below 1 */
export function requireBetas(owner: string, betas: readonly [number, number]): void {
  const valid = betas.every((beta) => beta >= 0 && beta < 1);
  requireOption(valid, owner, "betas", betas.join(", "), "at least 0 and below 1");
}

function adamFamily(name: "adam" | "adamW", options: AdamOptions): Optimizer {
  const decoupled = name === "adamW";
  const { betas = [0.9, 0.999], amsgrad = false, variant = "pytorch", weightDecay = decoupled ? 0.01 : 0 } = options;
  const { epsilon = variant === "keras" ? 1e-7 : 1e-8 } = options;
  requireCommon(name, options);
  requireBetas(name, betas);
  requireOption(epsilon >= 0, name, "epsilon", epsilon, "at least 0");
  requireOption(weightDecay >= 0, name, "weightDecay", weightDecay, "at least 0");
  return {
    name,
    learningRate: scheduleOf(options, 1e-3),
    stateVectors: amsgrad ? [MEAN, SQUARE, LARGEST] : [MEAN, SQUARE],
    stateScalars: [MEAN_CORRECTION, SQUARE_CORRECTION],
    update(inputs) {
      const { parameters } = inputs;
      const start = prepared(inputs, options, weightDecay);
      const gradient = decoupled ? start.gradient : withDecay(start, parameters);
      const mean = runningMean(vectorOf(inputs, MEAN), betas[0], gradient);
      const square = runningMean(vectorOf(inputs, SQUARE), betas[1], gradient.square());
      const largest = amsgrad ? vectorOf(inputs, LARGEST).maximum(square) : square;
      // 1 - beta^t as a state, c <- beta c + (1 - beta): computed from beta^t in float32 it is wrong by 1e-5 at first.
      const meanCorrection = runningMean(scalarOf(inputs, MEAN_CORRECTION), betas[0], 1);
      const squareCorrection = runningMean(scalarOf(inputs, SQUARE_CORRECTION), betas[1], 1);
      const rate = start.learningRate.div(meanCorrection);
      const step: Tensor =
        variant === "pytorch"
          ? quotient(mean, largest.sqrt().div(squareCorrection.sqrt()), epsilon).mul(rate)
          : quotient(mean, largest.sqrt(), epsilon).mul(rate.mul(squareCorrection.sqrt()));
      return {
        parameters: (decoupled ? shrunk(start, parameters) : parameters).sub(step),
        vectors: { [MEAN]: mean, [SQUARE]: square, ...(amsgrad ? { [LARGEST]: largest } : {}) },
        scalars: { [MEAN_CORRECTION]: meanCorrection, [SQUARE_CORRECTION]: squareCorrection },
      };
    },
  };
}

/**
 * Adam, as PyTorch's: p <- p - rate / (1 - b1^t) m / (sqrt(v) / sqrt(1 - b2^t) + epsilon). The default rate is 1e-3.
 * Source: Kingma and Ba (2015), arXiv:1412.6980. @throws NnError INVALID_OPTION
 */
export function adam(options: AdamOptions = {}): Optimizer {
  return adamFamily("adam", options);
}

/** Adam with decoupled weight decay: p <- (1 - rate weightDecay) p first. Source: Loshchilov and Hutter (2019), arXiv:1711.05101. @throws NnError INVALID_OPTION */
export function adamW(options: AdamOptions = {}): Optimizer {
  return adamFamily("adamW", options);
}
