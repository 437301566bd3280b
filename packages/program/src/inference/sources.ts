import { DTYPES, elementCount, shapesEqual, type TensorType } from "../dtype.ts";
import type { PrimitiveAttributes } from "../operations.ts";
import {
  requireAttribute,
  requireAxis,
  requireDType,
  requireLiteral,
  requireNone,
  requireShape,
  requireShapes,
  requireThree,
  showCount,
} from "./checks.ts";

function inferThreefry(inputs: readonly TensorType[]): TensorType[] {
  const [key, high, low] = requireThree("threefry", inputs);
  for (const [role, type] of [
    ["the key", key],
    ["counterHigh", high],
    ["counterLow", low],
  ] as const) {
    requireDType("threefry", role, type, ["uint32"]);
  }
  requireShapes("threefry", inputs, shapesEqual(key.shape, [2]), "the key must have shape [2]: slice it");
  requireShapes(
    "threefry",
    inputs,
    shapesEqual(high.shape, low.shape),
    "the two counters must have one shape: broadcast one of them",
  );
  return [{ dtype: "uint32", shape: high.shape }];
}

function requireKnownDType(operation: string, dtype: PrimitiveAttributes["constant"]["dtype"]): void {
  requireAttribute(operation, DTYPES.includes(dtype), () => `there is no dtype ${dtype}: use ${DTYPES.join(", ")}`);
}

function inferConstant(inputs: readonly TensorType[], attributes: PrimitiveAttributes["constant"]): TensorType[] {
  requireNone("constant", inputs);
  const { dtype, shape, values } = attributes;
  requireKnownDType("constant", dtype);
  requireShape("constant", shape);
  const type = { dtype, shape };
  requireAttribute(
    "constant",
    values.length === 1 || values.length === elementCount(shape),
    () => `there are ${values.length} values for ${showCount(type)}: give one an element, or a single one for all`,
  );
  for (const value of values) requireLiteral("constant", dtype, value);
  return [type];
}

function inferIota(inputs: readonly TensorType[], attributes: PrimitiveAttributes["iota"]): TensorType[] {
  requireNone("iota", inputs);
  const { dtype, shape, axis } = attributes;
  requireKnownDType("iota", dtype);
  requireShape("iota", shape);
  const type = { dtype, shape };
  requireDType("iota", "the output", type, ["float32", "int32", "uint32"]);
  requireAxis("iota", type, axis);
  return [type];
}

/** Values that do not come from other values, or look as if they did not. */
export const SOURCE_INFERENCE = { threefry: inferThreefry, constant: inferConstant, iota: inferIota };
