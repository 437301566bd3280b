import type { BinaryName, Comparator, DType, None, PrimitiveAttributes, UnaryName } from "@tributary/program";
import { erf } from "./erf.ts";
import { type Kernel, numberAt, storedNumber } from "./value.ts";

/** The functions of one argument, in float64; storing the result rounds it, and wraps integers. */
const UNARY: Readonly<Record<UnaryName, (x: number) => number>> = {
  neg: (x) => -x,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  tanh: Math.tanh,
  erf,
  sin: Math.sin,
  cos: Math.cos,
  abs: Math.abs,
  // As in PyTorch, a NaN has no sign: 0.
  sign: (x) => (x > 0 ? 1 : x < 0 ? -1 : 0),
  floor: Math.floor,
};

/** The functions of two floats, in float64. Math.max and Math.min hand on a NaN. */
const BINARY_FLOAT: Readonly<Record<BinaryName, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  pow: power,
  maximum: Math.max,
  minimum: Math.min,
};

/** The functions of two integers, exact modulo 2 ** 32; storing the result wraps it. */
const BINARY_INTEGER: Readonly<Record<BinaryName, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: Math.imul,
  div: (a, b) => (b === 0 ? 0 : Math.trunc(a / b)),
  pow: integerPower,
  maximum: Math.max,
  minimum: Math.min,
};

const COMPARE: Readonly<Record<Comparator, (a: number, b: number) => boolean>> = {
  equal: (a, b) => a === b,
  notEqual: (a, b) => a !== b,
  less: (a, b) => a < b,
  lessEqual: (a, b) => a <= b,
  greater: (a, b) => a > b,
  greaterEqual: (a, b) => a >= b,
};

/** x ** y as IEEE 754-2019 has it: 1 for x = 1 or y = 0 whatever the other is, where JavaScript gives NaN. */
function power(x: number, y: number): number {
  if (x === 1 || (x === -1 && Math.abs(y) === Number.POSITIVE_INFINITY)) return 1;
  return x ** y;
}

/** Wrapping power by repeated squaring; a negative exponent gives 1 / base ** -exponent, truncated, and 0 for base 0. */
function integerPower(base: number, exponent: number): number {
  if (exponent < 0) {
    if (base === 1) return 1;
    if (base === -1) return exponent % 2 === 0 ? 1 : -1;
    return 0;
  }
  let result = 1;
  let square = base;
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = Math.imul(result, square);
    square = Math.imul(square, square);
  }
  return result;
}

/** The kernel of a function of one argument. */
export function unary(name: UnaryName): Kernel<None> {
  const apply = UNARY[name];
  return (_, [x], [output]) => {
    for (let i = 0; i < output.data.length; i += 1) output.data[i] = apply(x.data[i]);
  };
}

/** The kernel of a function of two arguments. */
export function binary(name: BinaryName): Kernel<None> {
  return (_, [a, b], [output]) => {
    const apply = output.dtype === "float32" ? BINARY_FLOAT[name] : BINARY_INTEGER[name];
    for (let i = 0; i < output.data.length; i += 1) output.data[i] = apply(a.data[i], b.data[i]);
  };
}

/** Compares as JavaScript does, which is IEEE 754's way with NaN; float16 by the numbers its bits stand for. */
export const compare: Kernel<PrimitiveAttributes["compare"]> = ({ comparator }, [a, b], [output]) => {
  const holds = COMPARE[comparator];
  for (let i = 0; i < output.data.length; i += 1) output.data[i] = holds(numberAt(a, i), numberAt(b, i)) ? 1 : 0;
};

/** Copies elements as they are stored, so that float16 bits stay the same. */
export const where: Kernel<None> = (_, [condition, a, b], [output]) => {
  for (let i = 0; i < output.data.length; i += 1) output.data[i] = condition.data[i] !== 0 ? a.data[i] : b.data[i];
};

/** Rounds, truncates, saturates or wraps by the rule of {@link storedNumber}. */
export const cast: Kernel<PrimitiveAttributes["cast"]> = ({ dtype }, [x], [output]) => {
  const from: DType = x.dtype;
  for (let i = 0; i < output.data.length; i += 1) output.data[i] = storedNumber(numberAt(x, i), from, dtype);
};
