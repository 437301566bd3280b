import type { Comparator, DType } from "@tributary/program";
import type { ScalarOperation } from "../../ir.ts";
import type { InstructionName } from "../assembler-instructions.ts";
import type { ModuleServices } from "../context.ts";
import type { VectorCode, Vectors } from "../vector-code.ts";
import { cast } from "./cast.ts";
import { exponential, logarithm } from "./exponential.ts";
import { fromFloat16 } from "./float16.ts";
import { errorFunction, tangentHyperbolic } from "./hyperbolic.ts";
import { integerPower, integerQuotient } from "./integer.ts";
import { power } from "./power.ts";
import { threefry } from "./threefry.ts";
import { cosine, sine } from "./trigonometric.ts";

/** One step of a body with its operands. */
export interface ScalarStep {
  readonly arguments: readonly Vectors[];
  /** dtype of the first argument (for where, of the second): operands of one step are alike. */
  readonly operand: DType;
  readonly result: DType;
}

type Emitter = (v: VectorCode, services: ModuleServices, step: ScalarStep) => Vectors;

const COMPARISONS: Readonly<Record<Comparator, readonly [InstructionName, InstructionName, InstructionName]>> = {
  equal: ["f32x4.eq", "i32x4.eq", "i32x4.eq"],
  notEqual: ["f32x4.ne", "i32x4.ne", "i32x4.ne"],
  less: ["f32x4.lt", "i32x4.lt_s", "i32x4.lt_u"],
  lessEqual: ["f32x4.le", "i32x4.le_s", "i32x4.le_u"],
  greater: ["f32x4.gt", "i32x4.gt_s", "i32x4.gt_u"],
  greaterEqual: ["f32x4.ge", "i32x4.ge_s", "i32x4.ge_u"],
};

/** How each scalar operation is written; dtypes that an operation does not take never get here. */
const EMITTERS: Readonly<Record<ScalarOperation, Emitter>> = {
  neg: (v, _, { arguments: [x], operand }) => v.op(operand === "float32" ? "f32x4.neg" : "i32x4.neg", x),
  abs: (v, _, { arguments: [x], operand }) => v.op(operand === "float32" ? "f32x4.abs" : "i32x4.abs", x),
  sign: (v, _, step) => sign(v, step),
  exp: (v, _, { arguments: [x] }) => exponential(v, x),
  log: (v, _, { arguments: [x] }) => logarithm(v, x),
  sqrt: (v, _, { arguments: [x] }) => v.op("f32x4.sqrt", x),
  tanh: (v, _, { arguments: [x] }) => tangentHyperbolic(v, x),
  erf: (v, _, { arguments: [x] }) => errorFunction(v, x),
  sin: (v, services, { arguments: [x] }) => sine(v, services, x),
  cos: (v, services, { arguments: [x] }) => cosine(v, services, x),
  floor: (v, _, { arguments: [x] }) => v.op("f32x4.floor", x),
  add: binary("f32x4.add", "i32x4.add"),
  sub: binary("f32x4.sub", "i32x4.sub"),
  mul: binary("f32x4.mul", "i32x4.mul"),
  maximum: binary("f32x4.max", "i32x4.max_s", "i32x4.max_u"),
  minimum: binary("f32x4.min", "i32x4.min_s", "i32x4.min_u"),
  div: (v, _, { arguments: [a, b], operand }) =>
    operand === "float32" ? v.op("f32x4.div", a, b) : integerQuotient(v, a, b, operand === "int32"),
  pow: (v, _, { arguments: [a, b], operand }) =>
    operand === "float32" ? power(v, a, b) : integerPower(v, a, b, operand === "int32"),
  equal: comparison("equal"),
  notEqual: comparison("notEqual"),
  less: comparison("less"),
  lessEqual: comparison("lessEqual"),
  greater: comparison("greater"),
  greaterEqual: comparison("greaterEqual"),
  where: (v, _, { arguments: [condition, a, b] }) => v.select(condition, a, b),
  cast: (v, _, { arguments: [x], operand, result }) => cast(v, x, operand, result),
  threefry: (v, _, { arguments: [key0, key1, high, low] }) => threefry(v, key0, key1, high, low),
};

/** Writes one scalar operation for adjacent vectors. */
export function emitOperation(
  v: VectorCode,
  services: ModuleServices,
  operation: ScalarOperation,
  step: ScalarStep,
): Vectors {
  return EMITTERS[operation](v, services, step);
}

function binary(float: InstructionName, signed: InstructionName, unsigned = signed): Emitter {
  return (v, _, { arguments: [a, b], operand }) =>
    v.op(operand === "float32" ? float : operand === "uint32" ? unsigned : signed, a, b);
}

function comparison(comparator: Comparator): Emitter {
  const [float, signed, unsigned] = COMPARISONS[comparator];
  return (v, _, { arguments: [a, b], operand }) => {
    if (operand === "float16") return v.op(float, fromFloat16(v, a), fromFloat16(v, b));
    if (operand === "float32") return v.op(float, a, b);
    // A true bool is all ones: the largest unsigned integer.
    return v.op(operand === "int32" ? signed : unsigned, a, b);
  };
}

/** 1, -1 or 0; a NaN has no sign, as in PyTorch. */
function sign(v: VectorCode, { arguments: [x], operand }: ScalarStep): Vectors {
  if (operand !== "float32") {
    return v.op("i32x4.max_s", v.op("i32x4.min_s", x, v.bits(1)), v.bits(-1));
  }
  const positive = v.op("v128.and", v.op("f32x4.gt", x, v.float(0)), v.float(1));
  const negative = v.op("v128.and", v.op("f32x4.lt", x, v.float(0)), v.float(-1));
  return v.op("v128.or", positive, negative);
}
