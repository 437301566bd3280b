import { type Tensor, where, zeros } from "@tributary/autograd";
import { requireOption } from "../errors.ts";
import type { Regulariser } from "../regularisers.ts";
import { asSchedule, type Schedule } from "../schedules.ts";
import {
  type Factor,
  type GroupChoice,
  type ParameterGroup,
  type ParameterSpan,
  perElement,
  requireGroups,
} from "./parameter-groups.ts";

/** State of an optimizer by name. */
export type OptimizerState = Readonly<Record<string, Tensor>>;

/** What an update gets. The vectors are any range of the trainable parameters, of one length n. */
export interface UpdateInputs {
  /** float32 [n]. */
  readonly parameters: Tensor;
  /** float32 [n]: of the mean loss, so divided by the total weight already. */
  readonly gradient: Tensor;
  /** float32 [n] each, by the names of `stateVectors`. */
  readonly vectors: OptimizerState;
  /** float32 [] each, by the names of `stateScalars`. */
  readonly scalars: OptimizerState;
  /** float32 []: the schedule's rate times the run's factor. */
  readonly learningRate: Tensor;
  /** float32 []: updates done before this one. */
  readonly step: Tensor;
  /** float32 []: Euclidean norm of the whole gradient, all ranges together. */
  readonly gradientNorm: Tensor;
  /** Which parameters lie in this range, and where; needed by optimizers with groups. */
  readonly spans?: readonly ParameterSpan[];
}

/** What an update gives: the same names, in the same shapes. */
export interface UpdateOutputs {
  readonly parameters: Tensor;
  readonly vectors: OptimizerState;
  /** Equal for every range: they depend on nothing that differs between ranges. */
  readonly scalars: OptimizerState;
}

/**
 * A rule that changes parameters, element by element, as traced code: it can be applied to any range of the layout. Where
 * parameter, gradient and state are 0 they stay 0: that is the padding between tensors.
 */
export interface Optimizer {
  readonly name: string;
  readonly learningRate: Schedule;
  /** Names of vectors as long as the trainable parameters, PyTorch's where it has them; zeros at first. */
  readonly stateVectors: readonly string[];
  /** Names of single numbers, zero at first. */
  readonly stateScalars: readonly string[];
  update(inputs: UpdateInputs): UpdateOutputs;
}

/** Options that every optimizer takes. */
export interface CommonOptions {
  /** A rate, or a schedule. Default: PyTorch's for the optimizer. */
  readonly learningRate?: number | Schedule;
  /** Scales the gradient down to this norm where it is longer (PyTorch's clip_grad_norm_). Default: not. */
  readonly clipNorm?: number;
  /** Limits each element of the gradient to +- this, after clipNorm. Default: not. */
  readonly clipValue?: number;
  /** A penalty, whose derivative is added to the clipped gradient. Default: none. */
  readonly regulariser?: Regulariser;
  /** Options of some of the parameters. Default: all are alike. */
  readonly groups?: readonly ParameterGroup[];
}

/** @throws NnError INVALID_OPTION */
export function requireCommon(owner: string, options: CommonOptions): void {
  const { learningRate = 0, clipNorm = 1, clipValue = 1, groups = [] } = options;
  requireOption(
    typeof learningRate !== "number" || learningRate >= 0,
    owner,
    "learningRate",
    learningRate,
    "at least 0",
  );
  requireOption(clipNorm > 0, owner, "clipNorm", clipNorm, "above 0");
  requireOption(clipValue > 0, owner, "clipValue", clipValue, "above 0");
  requireGroups(owner, groups);
}

/** The schedule of an optimizer whose own default rate is `rate`. */
export function scheduleOf(options: CommonOptions, rate: number): Schedule {
  return asSchedule(options.learningRate ?? rate);
}

/** The gradient after clipping: by norm with the factor min(1, clipNorm / (norm + 1e-6)), then by value. */
function clipped({ gradient, gradientNorm }: UpdateInputs, { clipNorm, clipValue }: CommonOptions): Tensor {
  const scaled =
    clipNorm === undefined ? gradient : gradient.mul(gradientNorm.add(1e-6).pow(-1).mul(clipNorm).clamp({ max: 1 }));
  return clipValue === undefined ? scaled : scaled.clamp({ min: -clipValue, max: clipValue });
}

/** What every rule starts from. */
export interface PreparedUpdate {
  /** float32 [n]: clipped, and with the derivative of penalties. */
  readonly gradient: Tensor;
  /** float32 [] or [n]. */
  readonly learningRate: Tensor;
  readonly weightDecay: Factor;
}

function penalised(inputs: UpdateInputs, options: CommonOptions, choice: GroupChoice): Tensor {
  const gradient = clipped(inputs, options);
  const { parameters } = inputs;
  const of = (kind: keyof Regulariser): Factor =>
    perElement(choice, (group) => (group?.regulariser ?? options.regulariser)?.[kind] ?? 0);
  const [absolute, square] = [of("l1"), of("l2")];
  const withAbsolute = absolute === 0 ? gradient : gradient.add(parameters.sign().mul(absolute));
  return square === 0 ? withAbsolute : withAbsolute.add(parameters.mul(square).mul(2));
}

/** Clips, adds penalties, and chooses each element's rate and decay. @param weightDecay that of parameters in no group */
export function prepared(inputs: UpdateInputs, options: CommonOptions, weightDecay: number): PreparedUpdate {
  const choice: GroupChoice = {
    groups: options.groups ?? [],
    spans: inputs.spans,
    length: inputs.parameters.size(0),
  };
  const rateFactor = perElement(choice, (group) => group?.learningRateFactor ?? 1);
  return {
    gradient: penalised(inputs, options, choice),
    learningRate: rateFactor === 1 ? inputs.learningRate : inputs.learningRate.mul(rateFactor),
    weightDecay: perElement(choice, (group) => group?.weightDecay ?? weightDecay),
  };
}

/** The gradient plus weightDecay times the parameters: decay as a penalty. */
export function withDecay({ gradient, weightDecay }: PreparedUpdate, parameters: Tensor): Tensor {
  return weightDecay === 0 ? gradient : gradient.add(parameters.mul(weightDecay));
}

/** The parameters times 1 - rate weightDecay: decay decoupled from the gradient. */
export function shrunk({ learningRate, weightDecay }: PreparedUpdate, parameters: Tensor): Tensor {
  if (weightDecay === 0) return parameters;
  return parameters.mul(learningRate.mul(weightDecay).neg().add(1));
}

/** A state vector by name, zeros at first. */
export function vectorOf(inputs: UpdateInputs, name: string): Tensor {
  return inputs.vectors[name] ?? inputs.gradient.mul(0);
}

/** A state number by name, zero at first. */
export function scalarOf(inputs: UpdateInputs, name: string): Tensor {
  return inputs.scalars[name] ?? zeros([]);
}

/** beta x + (1 - beta) next. */
export function runningMean(x: Tensor, beta: number, next: Tensor | number): Tensor {
  const share = typeof next === "number" ? next * (1 - beta) : next.mul(1 - beta);
  return x.mul(beta).add(share);
}

/** a / (b + epsilon); with epsilon 0 it is 0 where b is 0, as in the padding, which must not become 0 / 0. */
export function quotient(a: Tensor, b: Tensor, epsilon: number): Tensor {
  if (epsilon > 0) return a.div(b.add(epsilon));
  const none = b.eq(0);
  return where(none, 0, a.div(where(none, 1, b)));
}
