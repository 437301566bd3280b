import type { BinaryName, UnaryName } from "@tributary/program";
import * as op from "../primitives.ts";
import { isDifferentiable, isOperation, type Value } from "../value.ts";
import { oneInput, type Rows, threeInputs, twoInputs } from "./rule.ts";

/** A literal in the shape of a value. */
function like(x: Value, literal: number): Value {
  return op.full(x.shape, literal);
}

function halved(x: Value): Value {
  return op.mul(x, like(x, 0.5));
}

/** dy, but 0 where `own` has lost and half at a tie; a NaN on either side passes dy on, as in PyTorch. */
function winnersShare(dy: Value, lost: "less" | "greater", own: Value, other: Value): Value {
  const kept = op.where(op.compare(lost, own, other), like(dy, 0), dy);
  return op.where(op.compare("equal", own, other), halved(dy), kept);
}

/**
 * Whether `where(condition, a, b)` is relu as `Tensor.relu` writes it: where(x <= 0, 0, x). Its condition can then be
 * asked of the output, so that a backward pass needs y alone and not x: y <= 0 exactly where x <= 0, NaN included.
 */
function isRelu(condition: Value, a: Value, b: Value): boolean {
  const { origin } = condition;
  if (op.fillOf(a) !== 0 || !isOperation(origin, "compare")) return false;
  const [left, right] = origin.inputs;
  if (left !== b || right === undefined) return false;
  return origin.attributes.comparator === "lessEqual" && op.fillOf(right) === 0;
}

const UNARY: Rows<UnaryName> = {
  // d(-x) = -dx
  neg: oneInput(op.neg, ({ dy }) => op.neg(dy)),
  // d(e^x) = e^x dx
  exp: oneInput(op.exp, ({ dy, y }) => op.mul(dy, y)),
  // d(ln x) = dx / x
  log: oneInput(op.log, ({ dy, x }) => op.div(dy, x)),
  // d(sqrt x) = dx / (2 sqrt x); infinite at 0, as in PyTorch
  sqrt: oneInput(op.sqrt, ({ dy, y }) => op.div(dy, op.mul(like(y, 2), y))),
  // d(tanh x) = (1 - tanh(x)^2) dx
  tanh: oneInput(op.tanh, ({ dy, y }) => op.mul(dy, op.sub(like(y, 1), op.mul(y, y)))),
  // d(erf x) = 2 / sqrt(pi) e^(-x^2) dx
  erf: oneInput(op.erf, ({ dy, x }) =>
    op.mul(dy, op.mul(like(x, 2 / Math.sqrt(Math.PI)), op.exp(op.neg(op.mul(x, x))))),
  ),
  // d(sin x) = cos(x) dx
  sin: oneInput(op.sin, ({ dy, x }) => op.mul(dy, op.cos(x))),
  // d(cos x) = -sin(x) dx
  cos: oneInput(op.cos, ({ dy, x }) => op.neg(op.mul(dy, op.sin(x)))),
  // d|x| = sign(x) dx, 0 at 0
  abs: oneInput(op.abs, ({ dy, x }) => op.mul(dy, op.sign(x))),
  // Steps: 0 wherever they have a derivative.
  sign: oneInput(op.sign, () => null),
  floor: oneInput(op.floor, () => null),
};

const BINARY: Rows<BinaryName> = {
  // d(a + b) = da + db
  add: twoInputs(op.add, ({ dy }) => [dy, dy]),
  // d(a - b) = da - db
  sub: twoInputs(op.sub, ({ dy }) => [dy, op.neg(dy)]),
  // d(a b) = b da + a db
  mul: twoInputs(op.mul, ({ dy, a, b }) => [op.mul(dy, b), op.mul(dy, a)]),
  // d(a / b) = da / b - (a / b) db / b
  div: twoInputs(op.div, ({ dy, b, y }) => {
    const da = op.div(dy, b);
    return [da, op.neg(op.mul(da, y))];
  }),
  // d(a^b) = b a^(b - 1) da, 0 where b = 0;  a^b ln(a) db, 0 where a = 0 and b >= 0 (PyTorch's pow_backward)
  pow: twoInputs(op.pow, ({ dy, a, b, y }) => {
    const zero = like(dy, 0);
    const slope = op.mul(b, op.pow(a, op.sub(b, like(b, 1))));
    const da = op.where(op.compare("equal", b, zero), zero, op.mul(dy, slope));
    const flat = op.where(op.compare("equal", a, zero), op.compare("greaterEqual", b, zero), falseLike(a));
    return [da, op.where(flat, zero, op.mul(dy, op.mul(y, op.log(a))))];
  }),
  // To the larger one; half each at a tie.
  maximum: twoInputs(op.maximum, ({ dy, a, b }) => [winnersShare(dy, "less", a, b), winnersShare(dy, "less", b, a)]),
  // To the smaller one; half each at a tie.
  minimum: twoInputs(op.minimum, ({ dy, a, b }) => [
    winnersShare(dy, "greater", a, b),
    winnersShare(dy, "greater", b, a),
  ]),
};

function falseLike(x: Value): Value {
  return op.full(x.shape, 0, "bool");
}

/** Operations of one element each. */
export const ELEMENTWISE: Rows<UnaryName | BinaryName | "compare" | "where" | "cast"> = {
  ...UNARY,
  ...BINARY,
  compare: twoInputs(
    (a, b, { comparator }) => op.compare(comparator, a, b),
    () => [null, null],
  ),
  // da = dy where the condition holds, else 0; db the other way round
  where: threeInputs(op.where, ({ dy, a: condition, b: a, c: b, y }) => {
    const zero = like(dy, 0);
    const held = isRelu(condition, a, b) ? op.compare("lessEqual", y, like(y, 0)) : condition;
    return [null, op.where(held, dy, zero), op.where(held, zero, dy)];
  }),
  // Between float32 and float16 the cotangent, which is float32 for both, passes; every other cast is a step.
  cast: oneInput(
    (x, { dtype }) => op.cast(x, dtype),
    ({ dy, x, y }) => (isDifferentiable(x) && isDifferentiable(y) ? dy : null),
  ),
};
