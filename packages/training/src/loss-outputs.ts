import { Tensor } from "@tributary/autograd";
import type { Loss, SampleLosses } from "@tributary/nn";
import { shapesEqual, showShape, showType } from "@tributary/program";
import { TrainingError } from "./errors.ts";

const REMEDY =
  "return { values, weights } of shape [M], as the losses that come along do, for example mseLoss(outputs, targets)";

/**
 * What a loss gives for a microbatch, if it is a loss and a weight for each sample.
 * @param samples size of the microbatch, M
 * @throws TrainingError RUN_SHAPE; and what the loss throws
 */
export function lossesOf(loss: Loss, outputs: Tensor, targets: Tensor, samples: number): SampleLosses {
  const given: unknown = loss(outputs, targets);
  if (given instanceof Tensor) {
    throw new TrainingError("RUN_SHAPE", `The loss gives one tensor, ${showType(given)}: ${REMEDY}`);
  }
  const { values, weights } = isPair(given) ? given : { values: undefined, weights: undefined };
  for (const [name, tensor] of Object.entries({ values, weights })) {
    if (!(tensor instanceof Tensor)) {
      throw new TrainingError("RUN_SHAPE", `The loss gives no tensor ${name}: ${REMEDY}`);
    }
    if (shapesEqual(tensor.shape, [samples]) && tensor.dtype === "float32") continue;
    throw new TrainingError(
      "RUN_SHAPE",
      `The loss gives ${name} of ${showType(tensor)}, but must give one number a sample, float32 ${showShape([samples])} here: neither sum nor average over the samples, and flatten(1).sum(1) what each one has more`,
    );
  }
  if (!(values instanceof Tensor && weights instanceof Tensor)) throw new Error("loss-outputs: no tensors");
  return { values, weights };
}

function isPair(given: unknown): given is { readonly values: unknown; readonly weights: unknown } {
  return typeof given === "object" && given !== null && "values" in given && "weights" in given;
}
