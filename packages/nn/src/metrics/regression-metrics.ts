import { concat, ones, stack, type Tensor } from "@tributary/autograd";
import { showShape } from "@tributary/program";
import { NnError, requireOption } from "../errors.ts";
import { type CrossEntropyOptions, crossEntropy } from "../losses/cross-entropy.ts";
import type { SampleLosses } from "../losses/loss.ts";
import { maeLoss, mseLoss } from "../losses/regression.ts";
import type { SummedMetric } from "./metric.ts";

/** Options of {@link r2}. */
export interface R2Options {
  /** Numbers the model makes for each sample. Default 1. */
  readonly outputs?: number;
  /**
   * A number near the targets' mean, from which they are counted: sums of squares are float32, and lose digits when the mean is
   * much larger than the deviation. Default 0.
   */
  readonly around?: number;
}

/** [M, 2]: what a loss adds to its sum and to its divisor. */
function columns({ values, weights }: SampleLosses): Tensor {
  return stack([values, weights], 1);
}

/** Mean absolute error over all elements, of outputs and targets of one shape. */
export const mae: SummedMetric = {
  form: { kind: "ratio" },
  sums: (outputs, targets) => columns(maeLoss(outputs, targets)),
};

/** Root of the mean squared error over all elements, of outputs and targets of one shape. */
export const rmse: SummedMetric = {
  form: { kind: "ratio", transform: "sqrt" },
  sums: (outputs, targets) => columns(mseLoss(outputs, targets)),
};

/** e^loss for {@link crossEntropy} with the same options: over how many equally likely tokens the model hesitates. */
export function perplexity(options: CrossEntropyOptions = {}): SummedMetric {
  return {
    form: { kind: "ratio", transform: "exp" },
    sums: (outputs, targets) => columns(crossEntropy(outputs, targets, options)),
  };
}

/**
 * Coefficient of determination: 1 - the squared error over the squared deviation of the targets from their mean; over several
 * outputs its mean, as scikit-learn's r2_score. @throws NnError INVALID_OPTION; when traced, SHAPE_MISMATCH
 */
export function r2({ outputs: count = 1, around = 0 }: R2Options = {}): SummedMetric {
  requireOption(Number.isInteger(count) && count > 0, "r2", "outputs", count, "a whole number above 0");
  return {
    form: { kind: "r2", outputs: count },
    sums: (outputs, targets) => {
      const samples = outputs.size(0);
      if (outputs.numel() !== samples * count || targets.numel() !== samples * count) {
        throw new NnError(
          "SHAPE_MISMATCH",
          `r2 was made for ${count} outputs a sample, but got ${showShape(outputs.shape)} and ${showShape(targets.shape)}: say how many there are`,
        );
      }
      const wanted = targets.to("float32").reshape([samples, count]);
      const deviations = wanted.sub(around);
      const errors = wanted.sub(outputs.reshape([samples, count]));
      return concat([errors.square(), deviations, deviations.square(), ones([samples, 1])], 1);
    },
  };
}
