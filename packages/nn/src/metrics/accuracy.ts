import type { Tensor } from "@tributary/autograd";
import { shapesEqual, showShape } from "@tributary/program";
import { NnError } from "../errors.ts";

/**
 * 1 where the largest logit is the target's, else 0; for outputs [M, C, ...] and targets [M, ...] the mean over a sample's places.
 * @throws NnError SHAPE_MISMATCH
 */
export function accuracy(outputs: Tensor, targets: Tensor): Tensor {
  const [samples = 0, , ...rest] = outputs.shape;
  if (outputs.ndim < 2 || !shapesEqual(targets.shape, [samples, ...rest])) {
    throw new NnError(
      "SHAPE_MISMATCH",
      `accuracy takes logits [M, C, ...] and class indices [M, ...], but got ${showShape(outputs.shape)} and ${showShape(targets.shape)}: put the classes into dimension 1`,
    );
  }
  const hits = outputs.argmax(1).eq(targets.to("int32")).to("float32");
  return hits.ndim === 1 ? hits : hits.flatten(1).mean(1);
}
