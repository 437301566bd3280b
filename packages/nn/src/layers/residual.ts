import type { Tensor } from "@tributary/autograd";
import { shapesEqual, showShape } from "@tributary/program";
import { NnError } from "../errors.ts";
import { Module } from "../module.ts";

/** inner(x) + shortcut(x), where the shortcut is x itself unless one is given. Source: He et al. (2015), arXiv:1512.03385. */
export class Residual extends Module {
  readonly inner: Module;
  readonly shortcut: Module | null;

  /** @param shortcut makes x as large as what `inner` makes of it, such as a 1 x 1 convolution with normalisation */
  constructor(inner: Module, shortcut: Module | null = null) {
    super();
    this.inner = inner;
    this.shortcut = shortcut;
  }

  /** @throws NnError SHAPE_MISMATCH when both ways do not end in one shape */
  override forward(x: Tensor): Tensor {
    const long = this.inner.forward(x);
    const short = this.shortcut === null ? x : this.shortcut.forward(x);
    if (!shapesEqual(long.shape, short.shape)) {
      throw new NnError(
        "SHAPE_MISMATCH",
        `Residual: the inner module makes ${showShape(long.shape)}, but the shortcut ${showShape(short.shape)}: give a shortcut that makes the same`,
      );
    }
    return long.add(short);
  }
}
