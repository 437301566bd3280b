import { type Tensor, zeros } from "@tributary/autograd";
import { requireOption } from "../errors.ts";
import { asSchedule } from "../schedules.ts";
import { type CommonOptions, clipped, type Optimizer, type OptimizerState, requireCommon } from "./optimizer.ts";

/** Options of {@link adam} and {@link adamW}; the defaults are PyTorch's. */
export interface AdamOptions extends CommonOptions {
  /** How much of the running means of the gradient and of its square is kept. Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** Added to the denominator. Default 1e-8. */
  readonly epsilon?: number;
  /** adam: this times each parameter is added to its gradient, default 0. adamW: each parameter shrinks by rate times this, default 0.01. */
  readonly weightDecay?: number;
}

/** PyTorch's names of the running means, and ours of the bias corrections 1 - beta^t. */
const MEAN = "exp_avg";
const SQUARE = "exp_avg_sq";
const MEAN_CORRECTION = "exp_avg_correction";
const SQUARE_CORRECTION = "exp_avg_sq_correction";

function named(state: OptimizerState, name: string): Tensor {
  return state[name] ?? zeros([]);
}

/** beta x + (1 - beta) next. */
function runningMean(x: Tensor, beta: number, next: Tensor | number): Tensor {
  const share = typeof next === "number" ? next * (1 - beta) : next.mul(1 - beta);
  return x.mul(beta).add(share);
}

function adamFamily(name: "adam" | "adamW", decoupled: boolean, options: AdamOptions): Optimizer {
  const { betas = [0.9, 0.999], epsilon = 1e-8, weightDecay = decoupled ? 0.01 : 0 } = options;
  requireCommon(name, options);
  const betasValid = betas.every((beta) => beta >= 0 && beta < 1);
  requireOption(betasValid, name, "betas", betas.join(", "), "at least 0 and below 1");
  requireOption(epsilon >= 0, name, "epsilon", epsilon, "at least 0");
  requireOption(weightDecay >= 0, name, "weightDecay", weightDecay, "at least 0");
  return {
    name,
    learningRate: asSchedule(options.learningRate),
    stateVectors: [MEAN, SQUARE],
    stateScalars: [MEAN_CORRECTION, SQUARE_CORRECTION],
    update(inputs) {
      const { parameters, vectors, scalars, learningRate } = inputs;
      const limited = clipped(inputs, options);
      const gradient = decoupled || weightDecay === 0 ? limited : limited.add(parameters.mul(weightDecay));
      const mean = runningMean(named(vectors, MEAN), betas[0], gradient);
      const square = runningMean(named(vectors, SQUARE), betas[1], gradient.square());
      // 1 - beta^t as a state, c <- beta c + (1 - beta): computed from beta^t in float32 it is wrong by 1e-5 at first.
      const meanCorrection = runningMean(named(scalars, MEAN_CORRECTION), betas[0], 1);
      const squareCorrection = runningMean(named(scalars, SQUARE_CORRECTION), betas[1], 1);
      const denominator = square.sqrt().div(squareCorrection.sqrt()).add(epsilon);
      const decay = decoupled && weightDecay !== 0;
      const shrunk = decay ? parameters.mul(learningRate.mul(-weightDecay).add(1)) : parameters;
      return {
        parameters: shrunk.sub(mean.div(denominator).mul(learningRate.div(meanCorrection))),
        vectors: { [MEAN]: mean, [SQUARE]: square },
        scalars: { [MEAN_CORRECTION]: meanCorrection, [SQUARE_CORRECTION]: squareCorrection },
      };
    },
  };
}

/**
 * Adam, as PyTorch's: p <- p - rate / (1 - b1^t) m / (sqrt(v) / sqrt(1 - b2^t) + epsilon).
 * Source: Kingma and Ba (2015), arXiv:1412.6980. @throws NnError INVALID_OPTION
 */
export function adam(options: AdamOptions): Optimizer {
  return adamFamily("adam", false, options);
}

/** Adam with decoupled weight decay: p <- (1 - rate weightDecay) p first. Source: Loshchilov and Hutter (2019), arXiv:1711.05101. @throws NnError INVALID_OPTION */
export function adamW(options: AdamOptions): Optimizer {
  return adamFamily("adamW", true, options);
}
