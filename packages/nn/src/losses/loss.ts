import { ones, type Tensor, zeros } from "@tributary/autograd";
import { elementCount, shapesEqual, showShape } from "@tributary/program";
import { NnError } from "../errors.ts";

/**
 * A loss before it is reduced. The mean of a batch is sum(values) / sum(weights) over its samples, whoever computed which:
 * both sums add up over microbatches and workers. Padding is left out by the run, which multiplies both with 0.
 */
export interface SampleLosses {
  /** float32 [M]: each sample's loss, class weights included, summed over its parts (tokens, pixels). */
  readonly values: Tensor;
  /** float32 [M]: what each sample adds to the divisor: 1, its number of tokens or elements, or its class weight. */
  readonly weights: Tensor;
}

/** A loss as a run takes it, traced. @param outputs what the model made [M, ...]  @param targets the data's field [M, ...] */
export type Loss = (outputs: Tensor, targets: Tensor) => SampleLosses;

/** Adds up all dimensions but the first. [M, ...] -> [M] */
export function perSample(x: Tensor): Tensor {
  return x.ndim === 1 ? x : x.flatten(1).sum(1);
}

/** Targets of the outputs' shape, as float32. @throws NnError SHAPE_MISMATCH */
export function requireAlike(owner: string, outputs: Tensor, targets: Tensor): Tensor {
  if (shapesEqual(outputs.shape, targets.shape) && outputs.ndim > 0) return targets.to("float32");
  throw new NnError(
    "SHAPE_MISMATCH",
    `${owner} takes outputs and targets of one shape [M, ...], but got ${showShape(outputs.shape)} and ${showShape(targets.shape)}: reshape one of them`,
  );
}

/** The mean over all elements of all samples: values [M, ...], each with the weight 1 in the divisor. */
export function elementLosses(elements: Tensor): SampleLosses {
  const [samples = 0, ...rest] = elements.shape;
  const count = elementCount(rest);
  return {
    values: count === 0 ? zeros([samples]) : perSample(elements),
    weights: ones([samples]).mul(count),
  };
}

/** Numbers of which each belongs to one index of dimension 1 of x, in a shape that broadcasts to x. @throws NnError SHAPE_MISMATCH */
export function alongClasses(owner: string, x: Tensor, numbers: Tensor): Tensor {
  const classes = x.ndim < 2 ? 1 : x.size(1);
  if (numbers.numel() === classes)
    return x.ndim < 2 ? numbers : numbers.reshape([classes, ...x.shape.slice(2).map(() => 1)]);
  throw new NnError(
    "SHAPE_MISMATCH",
    `${owner} got ${numbers.numel()} weights for ${showShape(x.shape)}: give one for each of the ${classes} in dimension 1`,
  );
}
