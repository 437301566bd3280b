import {
  type DType,
  elementCount,
  GraphBuilder,
  type OperationAttributes,
  type PrimitiveName,
  type Shape,
} from "@tributary/program";
import { evaluateGraph } from "./interpreter.ts";
import { allocateValue, type Precision, type Value } from "./value.ts";

/** A tensor with these elements. */
export function value(
  dtype: DType,
  shape: Shape,
  elements: readonly number[],
  precision: Precision = "float64",
): Value {
  const made = allocateValue({ dtype, shape }, precision);
  if (elements.length !== elementCount(shape)) throw new Error(`${elements.length} elements for [${shape}]`);
  made.data.set(elements);
  return made;
}

/** A float32 tensor, kept in float64. */
export function floats(shape: Shape, elements: readonly number[]): Value {
  return value("float32", shape, elements);
}

/** An int32 tensor. */
export function ints(shape: Shape, elements: readonly number[]): Value {
  return value("int32", shape, elements);
}

/** Elements of every output of one operation, computed in float64 unless told. */
export function compute<Name extends PrimitiveName>(
  operation: Name,
  attributes: OperationAttributes[Name],
  inputs: readonly Value[],
  precision: Precision = "float64",
): number[][] {
  const builder = new GraphBuilder();
  const first = builder.add(
    operation,
    attributes,
    inputs.map((input) => builder.input(input)),
  );
  const count = operation === "maxPool" ? 2 : 1;
  const graph = builder.build(Array.from({ length: count }, (_, i) => first + i));
  return evaluateGraph(graph, inputs, precision).map((output) => [...output.data]);
}

/** x[i] = (i * a mod b) - c for i from 1: small whole numbers that PyTorch can be given too. */
export function pattern(shape: Shape, [a, b, c]: readonly [number, number, number]): number[] {
  return Array.from({ length: elementCount(shape) }, (_, i) => (((i + 1) * a) % b) - c);
}
