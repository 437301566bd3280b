import { iota, stack, type Tensor, tensor } from "@tributary/autograd";
import { showShape } from "@tributary/program";
import { NnError } from "../errors.ts";
import { type Initialiser, init } from "../init.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";
import { requireWhole } from "./sample-shape.ts";

/** Wavelengths grow from 2 pi to this many times 2 pi. */
const LONGEST_WAVE = 10_000;

/** Options of {@link LearnedPositions}. */
export interface LearnedPositionsOptions {
  /** Default N(0, 1), as an Embedding's. GPT-2 has N(0, 0.02^2). */
  readonly weightInitialiser?: Initialiser;
}

/** Adds a learned vector for each place: x [M, T, width] -> the same shape. `weight` is [maxLength, width], an Embedding's. */
export class LearnedPositions extends Module {
  readonly weight: Parameter;

  /** @throws NnError INVALID_OPTION */
  constructor(maxLength: number, width: number, options: LearnedPositionsOptions = {}) {
    super();
    requireWhole("LearnedPositions", 1, { maxLength, width });
    this.weight = new Parameter([maxLength, width], options.weightInitialiser ?? init.normal());
  }

  /** @throws NnError SHAPE_MISMATCH for more places than there are vectors */
  override forward(x: Tensor): Tensor {
    const [maxLength = 0, width = 0] = this.weight.shape;
    if (x.ndim < 2 || x.size(-2) > maxLength || x.size(-1) !== width) {
      throw new NnError(
        "SHAPE_MISMATCH",
        `LearnedPositions takes [..., at most ${maxLength}, ${width}], but got ${showShape(x.shape)}: cut the sequence, or make the layer longer`,
      );
    }
    return x.add(this.weight.value.narrow(0, 0, x.size(-2)));
  }
}

/**
 * Sines and cosines of each place: element 2 i is sin(place / 10000^(2 i / width)), element 2 i + 1 the cosine.
 * Source: Vaswani et al. (2017), arXiv:1706.03762, section 3.5.
 * @returns [length, width]  @throws NnError INVALID_OPTION
 */
export function sinusoidalPositions(length: number, width: number): Tensor {
  requireWhole("sinusoidalPositions", 1, { length, width });
  const pairs = Math.ceil(width / 2);
  const rates = Array.from({ length: pairs }, (_, pair) => LONGEST_WAVE ** ((-2 * pair) / width));
  const angles = iota([length, pairs], 0, "float32").mul(tensor(rates));
  const both = stack([angles.sin(), angles.cos()], 2).reshape([length, 2 * pairs]);
  return both.narrow(1, 0, width);
}

/** Adds {@link sinusoidalPositions}: x [..., T, width] -> the same shape. No parameters. */
export class SinusoidalPositions extends Module {
  override forward(x: Tensor): Tensor {
    return x.add(sinusoidalPositions(x.size(-2), x.size(-1)));
  }
}
