import { type Comparator, DTYPES, showType } from "@tributary/program";
import { AutogradError } from "../errors.ts";
import * as op from "../primitives.ts";
import { only, recordCustom, type Value } from "../value.ts";
import { asFloat, broadcastShapes, type Scalar, unify } from "./promotion.ts";

type Operand = Value | Scalar;
type Binary = (a: Value, b: Value) => Value;

/** A binary primitive with broadcasting and promotion. */
export function binary(name: string, primitive: Binary, a: Operand, b: Operand): Value {
  return primitive(...unify(name, a, b));
}

/** True division: integers become float32 first, as in PyTorch. */
export function divide(a: Operand, b: Operand): Value {
  const asDividend = (operand: Operand): Operand => (typeof operand === "object" ? asFloat("div", operand) : operand);
  return op.div(...unify("div", asDividend(a), asDividend(b)));
}

/** Comparison of any one dtype. */
export function compare(comparator: Comparator, a: Operand, b: Operand): Value {
  return op.compare(comparator, ...unify(comparator, a, b, DTYPES));
}

/** Elements of a where the condition holds, else of b, with broadcasting over all three. */
export function where(condition: Value, a: Operand, b: Operand): Value {
  if (condition.dtype !== "bool") {
    throw new AutogradError(
      "DTYPE_MISMATCH",
      `where: the condition is ${showType(condition)}, but must be bool: compare it, as in x.ne(0)`,
    );
  }
  const [left, right] = unify("where", a, b, DTYPES);
  const shape = broadcastShapes("where", condition.shape, left.shape);
  return op.where(op.broadcast(condition, shape), op.broadcast(left, shape), op.broadcast(right, shape));
}

/** x to the power b. Exponents 2, 1, 0.5 and -1 become cheaper operations with the same derivative. */
export function power(x: Operand, exponent: Operand): Value {
  if (typeof x === "object" && typeof exponent === "number") {
    if (exponent === 1) return x;
    if (exponent === 2) return op.mul(x, x);
    if (exponent === 0.5) return op.sqrt(asFloat("pow", x));
    if (exponent === -1) return divide(1, x);
  }
  return binary("pow", op.pow, x, exponent);
}

/** A unary primitive of float32. */
export function unary(name: string, primitive: (x: Value) => Value, x: Value): Value {
  return primitive(asFloat(name, x));
}

/** x where it is above 0, else 0; NaN stays NaN. Its derivative at 0 is 0. */
export function relu(x: Value): Value {
  const zero = op.full(x.shape, 0, x.dtype);
  return op.where(op.compare("lessEqual", x, zero), zero, x);
}

/** 1 / (1 + e^-x). The exponential is taken of a number that is not positive, so that it does not overflow. */
export function sigmoid(x: Value): Value {
  const float = asFloat("sigmoid", x);
  const one = op.full(x.shape, 1);
  const positive = op.compare("greaterEqual", float, op.full(x.shape, 0));
  const small = op.exp(op.where(positive, op.neg(float), float));
  const result = op.div(op.where(positive, one, small), op.add(one, small));
  // dx = y (1 - y) dy needs the output alone, so that neither x nor an exponential is kept or computed again.
  return only(
    recordCustom([float], [result], ({ outputs: [y], cotangents: [dy] }) =>
      y === undefined || !dy ? [null] : [op.mul(dy, op.mul(y, op.sub(one, y)))],
    ),
  );
}

/** x Phi(x) with the normal distribution Phi(x) = (1 + erf(x / sqrt 2)) / 2. Source: Hendrycks and Gimpel (2016), arXiv:1606.08415. */
export function gelu(x: Value): Value {
  const float = asFloat("gelu", x);
  const half = op.full(x.shape, 0.5);
  const bell = op.erf(op.mul(float, op.full(x.shape, Math.SQRT1_2)));
  const share = op.add(half, op.mul(half, bell));
  // dx = (Phi(x) + x e^(-x^2 / 2) / sqrt(2 pi)) dy: beside x only Phi(x) is kept.
  return only(
    recordCustom([float, share], [op.mul(float, share)], ({ inputs: [input, phi], cotangents: [dy] }) => {
      if (input === undefined || phi === undefined || !dy) return [];
      const density = op.mul(op.exp(op.mul(op.mul(input, input), op.neg(half))), gaussianPeak(input));
      return [op.mul(dy, op.add(phi, op.mul(input, density))), null];
    }),
  );
}

/** 1 / sqrt(2 pi), in the shape of a value. */
function gaussianPeak(x: Value): Value {
  return op.full(x.shape, 1 / Math.sqrt(2 * Math.PI));
}

/** x between two limits; the derivative is 1 inside and at the limits, as in PyTorch. */
export function clamp(x: Value, { min, max }: { readonly min?: number; readonly max?: number }): Value {
  const floored = min === undefined ? x : where(compare("less", x, min), min, x);
  return max === undefined ? floored : where(compare("greater", floored, max), max, floored);
}

/** Booleans: the other one. */
export function logicalNot(x: Value): Value {
  return compare("equal", x, false);
}

/** Whether neither infinite nor NaN: only then is x - x 0. */
export function finite(x: Value): Value {
  return op.compare("equal", op.sub(x, x), op.full(x.shape, 0, x.dtype));
}
