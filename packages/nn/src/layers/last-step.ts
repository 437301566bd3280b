import type { Tensor } from "@tributary/autograd";
import { Module } from "../module.ts";

/** The last time of a sequence: [M, T, ...] -> [M, ...]. @param dim the dimension of time  @throws AutogradError INVALID_AXIS */
export function lastStep(sequence: Tensor, dim = 1): Tensor {
  return sequence.select(dim, sequence.size(dim) - 1);
}

/** {@link lastStep} as a layer, to put behind a recurrent one. */
export class LastStep extends Module {
  readonly dim: number;

  /** @param dim the dimension of time; 1 behind a layer with batchFirst, 0 without */
  constructor(dim = 1) {
    super();
    this.dim = dim;
  }

  override forward(sequence: Tensor): Tensor {
    return lastStep(sequence, this.dim);
  }
}
