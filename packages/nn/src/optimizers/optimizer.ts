import type { Tensor } from "@tributary/autograd";
import { requireOption } from "../errors.ts";
import type { Schedule } from "../schedules.ts";

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
}

/** What an update gives: the same names, in the same shapes. */
export interface UpdateOutputs {
  readonly parameters: Tensor;
  readonly vectors: OptimizerState;
  /** Equal for every range: they depend on nothing that differs between ranges. */
  readonly scalars: OptimizerState;
}

/** A rule that changes parameters, element by element, as traced code: it can be applied to any range of the layout. */
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
  /** A rate, or a schedule. */
  readonly learningRate: number | Schedule;
  /** Scales the gradient down to this norm where it is longer (PyTorch's clip_grad_norm_). Default: not. */
  readonly clipNorm?: number;
  /** Limits each element of the gradient to +- this, after clipNorm. Default: not. */
  readonly clipValue?: number;
}

/** @throws NnError INVALID_OPTION */
export function requireCommon(owner: string, { learningRate, clipNorm = 1, clipValue = 1 }: CommonOptions): void {
  requireOption(
    typeof learningRate !== "number" || learningRate >= 0,
    owner,
    "learningRate",
    learningRate,
    "at least 0",
  );
  requireOption(clipNorm > 0, owner, "clipNorm", clipNorm, "above 0");
  requireOption(clipValue > 0, owner, "clipValue", clipValue, "above 0");
}

/** The gradient after clipping: by norm with the factor min(1, clipNorm / (norm + 1e-6)), then by value. */
export function clipped({ gradient, gradientNorm }: UpdateInputs, { clipNorm, clipValue }: CommonOptions): Tensor {
  const scaled =
    clipNorm === undefined ? gradient : gradient.mul(gradientNorm.add(1e-6).pow(-1).mul(clipNorm).clamp({ max: 1 }));
  return clipValue === undefined ? scaled : scaled.clamp({ min: -clipValue, max: clipValue });
}
