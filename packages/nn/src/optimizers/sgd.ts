import { type Tensor, where } from "@tributary/autograd";
import { requireOption } from "../errors.ts";
import {
  type CommonOptions,
  type Optimizer,
  prepared,
  requireCommon,
  scheduleOf,
  type UpdateInputs,
  vectorOf,
  withDecay,
} from "./optimizer.ts";

/** Options of {@link sgd}; the defaults are PyTorch's. */
export interface SgdOptions extends CommonOptions {
  /** Share of the last direction that is kept. Default 0. */
  readonly momentum?: number;
  /** Share of the gradient that does not enter the momentum, from the second step on. Default 0. */
  readonly dampening?: number;
  /** Steps in the direction that the momentum will have after the next step. Needs momentum and no dampening. Default false. */
  readonly nesterov?: boolean;
  /** This times each parameter is added to its gradient. Default 0. */
  readonly weightDecay?: number;
}

const MOMENTUM = "momentum_buffer";

/**
 * Stochastic gradient descent, as PyTorch's: v <- momentum v + (1 - dampening) g (at first v <- g); p <- p - rate v, with
 * nesterov p <- p - rate (g + momentum v). The default rate is 1e-3.
 * @throws NnError INVALID_OPTION
 */
export function sgd(options: SgdOptions = {}): Optimizer {
  const { momentum = 0, dampening = 0, nesterov = false, weightDecay = 0 } = options;
  requireCommon("sgd", options);
  requireOption(momentum >= 0, "sgd", "momentum", momentum, "at least 0");
  requireOption(weightDecay >= 0, "sgd", "weightDecay", weightDecay, "at least 0");
  requireOption(
    !nesterov || (momentum > 0 && dampening === 0),
    "sgd",
    "nesterov",
    nesterov,
    "false, or momentum above 0 and dampening 0",
  );

  function directionOf(
    inputs: UpdateInputs,
    gradient: Tensor,
  ): { readonly direction: Tensor; readonly velocity: Tensor } {
    const moved = vectorOf(inputs, MOMENTUM)
      .mul(momentum)
      .add(gradient.mul(1 - dampening));
    // At first the buffer is the gradient itself, undamped. Without dampening that is what zeros give anyway.
    const velocity = dampening === 0 ? moved : where(inputs.step.eq(0), gradient, moved);
    return { velocity, direction: nesterov ? gradient.add(velocity.mul(momentum)) : velocity };
  }

  return {
    name: "sgd",
    learningRate: scheduleOf(options, 1e-3),
    stateVectors: momentum === 0 ? [] : [MOMENTUM],
    stateScalars: [],
    update(inputs) {
      const { parameters } = inputs;
      const start = prepared(inputs, options, weightDecay);
      const { learningRate } = start;
      const gradient = withDecay(start, parameters);
      if (momentum === 0) return { parameters: parameters.sub(gradient.mul(learningRate)), vectors: {}, scalars: {} };
      const { direction, velocity } = directionOf(inputs, gradient);
      return {
        parameters: parameters.sub(direction.mul(learningRate)),
        vectors: { [MOMENTUM]: velocity },
        scalars: {},
      };
    },
  };
}
