import { DTYPES, type DType, shapesEqual, type TensorType } from "../dtype.ts";
import {
  type BINARY_OPERATIONS,
  type BinaryName,
  COMPARATORS,
  type PrimitiveAttributes,
  type UnaryName,
} from "../operations.ts";
import {
  type InferenceRule,
  requireAttribute,
  requireDType,
  requireOne,
  requireSameDType,
  requireShapes,
  requireThree,
  requireTwo,
} from "./checks.ts";

const FLOAT: readonly DType[] = ["float32"];
const SIGNED: readonly DType[] = ["float32", "int32"];
const NUMERIC: readonly DType[] = ["float32", "int32", "uint32"];

const EQUAL = "must have one shape: broadcast or reshape one of them";

function unary(operation: UnaryName, dtypes: readonly DType[] = FLOAT): InferenceRule<unknown> {
  return (inputs) => {
    const x = requireOne(operation, inputs);
    requireDType(operation, "the input", x, dtypes);
    return [x];
  };
}

function alike(operation: string, a: TensorType, b: TensorType): void {
  requireSameDType(operation, a, b);
  requireShapes(operation, [a, b], shapesEqual(a.shape, b.shape), EQUAL);
}

function binary(operation: BinaryName): InferenceRule<unknown> {
  return (inputs) => {
    const [a, b] = requireTwo(operation, inputs);
    requireDType(operation, "the first input", a, NUMERIC);
    alike(operation, a, b);
    return [a];
  };
}

function inferCompare(inputs: readonly TensorType[], attributes: PrimitiveAttributes["compare"]): TensorType[] {
  const [a, b] = requireTwo("compare", inputs);
  requireAttribute(
    "compare",
    COMPARATORS.includes(attributes.comparator),
    () => `there is no comparator ${attributes.comparator}: use ${COMPARATORS.join(", ")}`,
  );
  alike("compare", a, b);
  return [{ dtype: "bool", shape: a.shape }];
}

function inferWhere(inputs: readonly TensorType[]): TensorType[] {
  const [condition, a, b] = requireThree("where", inputs);
  requireDType("where", "the condition", condition, ["bool"]);
  requireSameDType("where", a, b);
  requireShapes("where", inputs, shapesEqual(condition.shape, a.shape) && shapesEqual(a.shape, b.shape), EQUAL);
  return [a];
}

function inferCast(inputs: readonly TensorType[], attributes: PrimitiveAttributes["cast"]): TensorType[] {
  const x = requireOne("cast", inputs);
  requireAttribute(
    "cast",
    DTYPES.includes(attributes.dtype),
    () => `there is no dtype ${attributes.dtype}: use ${DTYPES.join(", ")}`,
  );
  return [{ dtype: attributes.dtype, shape: x.shape }];
}

/** Element i of the output depends on element i of each input alone. */
export const ELEMENTWISE_INFERENCE = {
  neg: unary("neg", SIGNED),
  exp: unary("exp"),
  log: unary("log"),
  sqrt: unary("sqrt"),
  tanh: unary("tanh"),
  erf: unary("erf"),
  sin: unary("sin"),
  cos: unary("cos"),
  abs: unary("abs", SIGNED),
  sign: unary("sign", SIGNED),
  floor: unary("floor"),
  add: binary("add"),
  sub: binary("sub"),
  mul: binary("mul"),
  div: binary("div"),
  pow: binary("pow"),
  maximum: binary("maximum"),
  minimum: binary("minimum"),
  compare: inferCompare,
  where: inferWhere,
  cast: inferCast,
} satisfies Record<UnaryName | (typeof BINARY_OPERATIONS)[number] | "compare" | "where" | "cast", InferenceRule<never>>;
