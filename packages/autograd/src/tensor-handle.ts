import type { TensorData } from "@tributary/kernels";
import { type DType, elementCount, type Shape, showType } from "@tributary/program";
import { notANumber, notSingle } from "./asked-values.ts";
import { evaluate } from "./evaluation.ts";
import { sizeOf } from "./functions/movement.ts";
import type { Value } from "./value.ts";

/** What a tensor is, before anything is done with it: its dtype, its shape and, when asked for, its elements. */
export abstract class TensorHandle {
  /** The recorded value; two tensors may share one. */
  readonly value: Value;

  constructor(value: Value) {
    this.value = value;
  }

  get dtype(): DType {
    return this.value.dtype;
  }

  /** Dimensions, outermost first; [] is a scalar. */
  get shape(): Shape {
    return this.value.shape;
  }

  /** Number of dimensions. */
  get ndim(): number {
    return this.shape.length;
  }

  /** Size of one dimension. @throws AutogradError INVALID_AXIS */
  size(dim: number): number {
    return sizeOf(this.value, dim);
  }

  /** Number of elements. */
  numel(): number {
    return elementCount(this.shape);
  }

  /**
   * The elements in row-major order, computed if they have not been; the array belongs to the caller.
   * @throws AutogradError VALUE_IN_TRACE inside a traced function
   */
  data(): Promise<TensorData> {
    return evaluate(this.value).then((elements) => elements.slice());
  }

  /** The element of a tensor that has one. @throws AutogradError INVALID_ARGUMENT, VALUE_IN_TRACE */
  item(): Promise<number> {
    if (this.numel() !== 1) throw notSingle(this.value);
    return evaluate(this.value).then(([element]) => element ?? 0);
  }

  /** Called by the operators of the language, which see no elements. @throws AutogradError NOT_A_NUMBER */
  valueOf(): never {
    throw notANumber(this.value);
  }

  toString(): string {
    return `Tensor ${showType(this.value)}`;
  }
}
