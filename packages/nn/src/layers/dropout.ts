import { foldIn, iota, type Tensor, threefry, uniformFrom, where } from "@tributary/autograd";
import { showShape } from "@tributary/program";
import { NnError, requireOption } from "../errors.ts";
import { Module } from "../module.ts";
import { requireScope } from "../scope.ts";

/**
 * Zeroes each element with probability p and divides the others by 1 - p, in training; passes them on in evaluation.
 * The first dimension is the sample. Element e of sample s is dropped by the word at the counter (s, e) under a key made
 * of seed, layer and step: the mask does not depend on who computes it, nor on how samples are put together.
 */
export class Dropout extends Module {
  readonly p: number;

  /** @throws NnError INVALID_OPTION */
  constructor(p = 0.5) {
    super();
    requireOption(p >= 0 && p <= 1, "Dropout", "p", p, "from 0 to 1");
    this.p = p;
  }

  /** @throws NnError UNBOUND, SHAPE_MISMATCH */
  override forward(x: Tensor): Tensor {
    if (!this.training || this.p === 0) return x;
    if (this.p === 1) return x.mul(0);
    return where(this.#words(x).ge(this.p), x.mul(1 / (1 - this.p)), 0);
  }

  #words(x: Tensor): Tensor {
    const { randomness, layerIds } = requireScope("A Dropout in training");
    if (randomness === null) {
      throw new NnError(
        "UNBOUND",
        "A Dropout in training draws numbers: give bindModel the randomness (seed, step, indices)",
      );
    }
    const { seed, step, indices } = randomness;
    if (x.shape[0] !== indices.shape[0]) {
      throw new NnError(
        "SHAPE_MISMATCH",
        `Dropout takes [${indices.shape[0]}, ...], a row for each sample index, but got ${showShape(x.shape)}: keep the sample in the first dimension`,
      );
    }
    const key = foldIn(foldIn(seed, layerIds.get(this) ?? 0), step);
    const shape = [x.size(0), x.numel() / x.size(0)];
    const sample = indices.unsqueeze(1).expand(shape);
    return uniformFrom(threefry(key, sample, iota(shape, 1, "uint32"))).reshape(x.shape);
  }
}
