import type { Comparator, DType } from "@tributary/program";
import type { ScalarOperation } from "../../ir.ts";
import type { RoutineSink } from "../kernel-code.ts";
import { cast } from "./cast.ts";
import { EXPONENTIAL, LOGARITHM } from "./exponential.ts";
import { comparison, MAXIMUM, MINIMUM, OPERATORS, SIGN, SQUARE_ROOT } from "./float-bits.ts";
import { FROM_FLOAT16 } from "./float16.ts";
import { ERF, TANH } from "./hyperbolic.ts";
import { SIGNED_POWER, THREEFRY, UNSIGNED_POWER } from "./integer.ts";
import { POWER } from "./power.ts";
import { addRoutine, call, type Routine } from "./routine.ts";
import { COSINE, SINE } from "./trigonometric.ts";

/** A value in a register of its dtype's type. */
export interface Operand {
  /** An expression that may stand in several places: a name, or something as cheap. */
  readonly text: string;
  readonly dtype: DType;
}

/** One step of a body with its operands. */
interface ScalarStep {
  readonly args: readonly string[];
  /** dtype of the first argument: operands of one step are alike. */
  readonly operand: DType;
  readonly result: DType;
}

type Emitter = (sink: RoutineSink, step: ScalarStep) => string;

/** How each scalar operation is written; dtypes that an operation does not take never get here. */
const EMITTERS: Readonly<Record<ScalarOperation, Emitter>> = {
  neg: (_, { args: [x] }) => `(-(${x}))`,
  abs: (_, { args: [x] }) => `abs(${x})`,
  sign: (sink, { args: [x], operand }) => (operand === "float32" ? call(sink, SIGN, x) : `sign(${x})`),
  exp: routine(EXPONENTIAL),
  log: routine(LOGARITHM),
  sqrt: routine(SQUARE_ROOT),
  tanh: routine(TANH),
  erf: routine(ERF),
  sin: routine(SINE),
  cos: routine(COSINE),
  floor: (_, { args: [x] }) => `floor(${x})`,
  add: operator("+"),
  sub: operator("-"),
  mul: operator("*"),
  div: quotient,
  pow: power,
  maximum: (sink, { args, operand }) =>
    operand === "float32" ? call(sink, MAXIMUM, ...args) : `max(${args.join(", ")})`,
  minimum: (sink, { args, operand }) =>
    operand === "float32" ? call(sink, MINIMUM, ...args) : `min(${args.join(", ")})`,
  equal: compare("equal"),
  notEqual: compare("notEqual"),
  less: compare("less"),
  lessEqual: compare("lessEqual"),
  greater: compare("greater"),
  greaterEqual: compare("greaterEqual"),
  where: (_, { args: [condition, a, b] }) => `select(${b}, ${a}, ${condition} != 0u)`,
  cast: (sink, { args: [x], operand, result }) => cast(sink, x, operand, result),
  threefry: routine(THREEFRY),
};

/**
 * One scalar operation as a WGSL expression.
 * @param dtype of the result
 * @returns an expression of the dtype's register type; the routines it calls have been added to the sink
 */
export function scalarCode(
  sink: RoutineSink,
  operation: ScalarOperation,
  dtype: DType,
  args: readonly Operand[],
): string {
  const operand = args[0]?.dtype ?? dtype;
  return EMITTERS[operation](sink, { args: args.map(({ text }) => text), operand, result: dtype });
}

/** Adds the maximum of two f32 in which a NaN wins. @returns the name of its function */
export function maximumRoutine(sink: RoutineSink): string {
  return addRoutine(sink, MAXIMUM);
}

function routine(of: Routine): Emitter {
  return (sink, { args }) => call(sink, of, ...args);
}

function operator(symbol: string): Emitter {
  return (_, { args: [a, b] }) => `(${a} ${symbol} ${b})`;
}

/** Integers are truncated, and x / 0 is 0. WGSL has -2^31 / -1 as -2^31, which is what wrapping makes of it. */
function quotient(_: RoutineSink, { args: [a, b], operand }: ScalarStep): string {
  if (operand === "float32") return `(${a} / ${b})`;
  const type = operand === "int32" ? "i" : "u";
  return `select(${a} / ${b}, 0${type}, ${b} == 0${type})`;
}

function power(sink: RoutineSink, { args, operand }: ScalarStep): string {
  if (operand === "float32") return call(sink, POWER, ...args);
  return call(sink, operand === "int32" ? SIGNED_POWER : UNSIGNED_POWER, ...args);
}

function compare(comparator: Comparator): Emitter {
  return (sink, { args: [a, b], operand }) => {
    const holds = (): string => {
      if (operand === "float32") return call(sink, comparison(comparator), a, b);
      if (operand !== "float16") return `(${a}) ${OPERATORS[comparator]} (${b})`;
      return call(sink, comparison(comparator), call(sink, FROM_FLOAT16, a), call(sink, FROM_FLOAT16, b));
    };
    return `select(0u, 1u, ${holds()})`;
  };
}
