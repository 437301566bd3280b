import type { Tensor } from "@tributary/autograd";
import { type Shape, shapesEqual, showShape } from "@tributary/program";
import { NnError } from "./errors.ts";
import type { Initialiser } from "./init.ts";
import { requireScope, type Scope } from "./scope.ts";

function boundIn(scope: Scope, owner: Parameter | Buffer): Tensor {
  const bound = scope.tensors.get(owner);
  if (bound !== undefined) return bound;
  throw new NnError(
    "TENSOR_MISSING",
    `A tensor of shape ${showShape(owner.shape)} is used, but is no part of the model that is bound: keep it in a property of a module`,
  );
}

/** A tensor that training changes: a shape and how it starts. Its value belongs to the run, not to the model. All are float32. */
export class Parameter {
  readonly shape: Shape;
  readonly initialiser: Initialiser;
  /** False freezes it: it keeps its value, and has no place in the gradient. */
  requiresGrad: boolean;

  constructor(shape: Shape, initialiser: Initialiser, options: { readonly requiresGrad?: boolean } = {}) {
    this.shape = shape;
    this.initialiser = initialiser;
    this.requiresGrad = options.requiresGrad ?? true;
  }

  /** The tensor to which it is bound. @throws NnError UNBOUND, TENSOR_MISSING */
  get value(): Tensor {
    return boundIn(requireScope(`A parameter of shape ${showShape(this.shape)}`), this);
  }
}

/** A tensor that a layer keeps and changes itself, without a gradient, such as a running mean. */
export class Buffer {
  readonly shape: Shape;
  readonly initialiser: Initialiser;

  constructor(shape: Shape, initialiser: Initialiser) {
    this.shape = shape;
    this.initialiser = initialiser;
  }

  /** The tensor to which it is bound: its value before this step. @throws NnError UNBOUND, TENSOR_MISSING */
  get value(): Tensor {
    return boundIn(requireScope(`A buffer of shape ${showShape(this.shape)}`), this);
  }

  /** What it becomes when the step is done. The last call counts. @throws NnError UNBOUND, SHAPE_MISMATCH */
  update(next: Tensor): void {
    if (!shapesEqual(next.shape, this.shape)) {
      throw new NnError(
        "SHAPE_MISMATCH",
        `A buffer of shape ${showShape(this.shape)} cannot become ${showShape(next.shape)}: keep its shape`,
      );
    }
    requireScope(`A buffer of shape ${showShape(this.shape)}`).updates.set(this, next.detach());
  }
}
