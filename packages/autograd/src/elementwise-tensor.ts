import type { DType } from "@tributary/program";
import * as elementwise from "./functions/elementwise.ts";
import * as op from "./primitives.ts";
import { TensorHandle } from "./tensor-handle.ts";
import { stop, type Value } from "./value.ts";

/** What a binary operation of tensors takes beside a tensor. */
export type OperandOf<Self extends TensorHandle> = Self | number | boolean;

function valueFrom(operand: TensorHandle | number | boolean): Value | number | boolean {
  return typeof operand === "object" ? operand.value : operand;
}

/** The methods of a tensor that go element by element. `Self` is the tensor that they give. */
export abstract class ElementwiseTensor<Self extends TensorHandle> extends TensorHandle {
  /** A tensor on a recorded value. */
  protected abstract recorded(value: Value): Self;

  /** Converted: float to integer truncates and saturates, NaN becomes 0; anything to bool is x != 0. */
  to(dtype: DType): Self {
    return this.recorded(op.cast(this.value, dtype));
  }

  /** The same values, through which no gradient flows. */
  detach(): Self {
    return this.recorded(stop(this.value));
  }

  /** Sum. */
  add(other: OperandOf<Self>): Self {
    return this.recorded(elementwise.binary("add", op.add, this.value, valueFrom(other)));
  }

  /** Difference. */
  sub(other: OperandOf<Self>): Self {
    return this.recorded(elementwise.binary("sub", op.sub, this.value, valueFrom(other)));
  }

  /** Product. */
  mul(other: OperandOf<Self>): Self {
    return this.recorded(elementwise.binary("mul", op.mul, this.value, valueFrom(other)));
  }

  /** Quotient; of integers too it is float32. */
  div(other: OperandOf<Self>): Self {
    return this.recorded(elementwise.divide(this.value, valueFrom(other)));
  }

  /** Power; a negative base with a fraction gives NaN. */
  pow(exponent: OperandOf<Self>): Self {
    return this.recorded(elementwise.power(this.value, valueFrom(exponent)));
  }

  /** The larger of two; at a tie the derivative is half each. */
  maximum(other: OperandOf<Self>): Self {
    return this.recorded(elementwise.binary("maximum", op.maximum, this.value, valueFrom(other)));
  }

  /** The smaller of two; at a tie the derivative is half each. */
  minimum(other: OperandOf<Self>): Self {
    return this.recorded(elementwise.binary("minimum", op.minimum, this.value, valueFrom(other)));
  }

  /** -x. */
  neg(): Self {
    return this.recorded(op.neg(this.value));
  }

  /** Absolute value; its derivative at 0 is 0. */
  abs(): Self {
    return this.recorded(op.abs(this.value));
  }

  /** -1, 0 or 1; its derivative is 0. */
  sign(): Self {
    return this.recorded(op.sign(this.value));
  }

  /** e^x. */
  exp(): Self {
    return this.recorded(elementwise.unary("exp", op.exp, this.value));
  }

  /** Natural logarithm. */
  log(): Self {
    return this.recorded(elementwise.unary("log", op.log, this.value));
  }

  /** Square root; its derivative at 0 is infinite. */
  sqrt(): Self {
    return this.recorded(elementwise.unary("sqrt", op.sqrt, this.value));
  }

  /** Hyperbolic tangent. */
  tanh(): Self {
    return this.recorded(elementwise.unary("tanh", op.tanh, this.value));
  }

  /** Error function. */
  erf(): Self {
    return this.recorded(elementwise.unary("erf", op.erf, this.value));
  }

  /** Sine of radians. */
  sin(): Self {
    return this.recorded(elementwise.unary("sin", op.sin, this.value));
  }

  /** Cosine of radians. */
  cos(): Self {
    return this.recorded(elementwise.unary("cos", op.cos, this.value));
  }

  /** Largest integer that is not larger; its derivative is 0. */
  floor(): Self {
    return this.recorded(elementwise.unary("floor", op.floor, this.value));
  }

  /** x where it is above 0, else 0; its derivative at 0 is 0. */
  relu(): Self {
    return this.recorded(elementwise.relu(this.value));
  }

  /** 1 / (1 + e^-x). */
  sigmoid(): Self {
    return this.recorded(elementwise.sigmoid(this.value));
  }

  /** x Phi(x), exact (with erf). */
  gelu(): Self {
    return this.recorded(elementwise.gelu(this.value));
  }

  /** Between two limits; the derivative is 1 at the limits. */
  clamp(limits: { readonly min?: number; readonly max?: number }): Self {
    return this.recorded(elementwise.clamp(this.value, limits));
  }

  /** x x. */
  square(): Self {
    return this.recorded(op.mul(this.value, this.value));
  }

  /** Whether equal, as bool. */
  eq(other: OperandOf<Self>): Self {
    return this.recorded(elementwise.compare("equal", this.value, valueFrom(other)));
  }

  /** Whether different, as bool; true for NaN. */
  ne(other: OperandOf<Self>): Self {
    return this.recorded(elementwise.compare("notEqual", this.value, valueFrom(other)));
  }

  /** Whether less, as bool. */
  lt(other: OperandOf<Self>): Self {
    return this.recorded(elementwise.compare("less", this.value, valueFrom(other)));
  }

  /** Whether less or equal, as bool. */
  le(other: OperandOf<Self>): Self {
    return this.recorded(elementwise.compare("lessEqual", this.value, valueFrom(other)));
  }

  /** Whether greater, as bool. */
  gt(other: OperandOf<Self>): Self {
    return this.recorded(elementwise.compare("greater", this.value, valueFrom(other)));
  }

  /** Whether greater or equal, as bool. */
  ge(other: OperandOf<Self>): Self {
    return this.recorded(elementwise.compare("greaterEqual", this.value, valueFrom(other)));
  }

  /** Whether NaN, as bool. */
  isnan(): Self {
    return this.recorded(op.compare("notEqual", this.value, this.value));
  }

  /** Whether neither infinite nor NaN, as bool. */
  isfinite(): Self {
    return this.recorded(elementwise.finite(this.value));
  }

  /** The other boolean. */
  logicalNot(): Self {
    return this.recorded(elementwise.logicalNot(this.value));
  }

  /** Of this bool tensor: a where true, else b. */
  where(a: OperandOf<Self>, b: OperandOf<Self>): Self {
    return this.recorded(elementwise.where(this.value, valueFrom(a), valueFrom(b)));
  }
}
