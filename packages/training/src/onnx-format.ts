import type { DType, Shape } from "@tributary/program";
import { bytesField, floatField, stringField, varintField } from "./protobuf.ts";

/** Messages of ONNX files as bytes. Source: onnx/onnx.proto (onnx.ai), whose field numbers these are. */

/** Version of the operators' meaning that is written. */
const ONNX_OPSET = 17;
/** Version of the file's form that goes with it. */
const IR_VERSION = 8;

const ELEMENT_TYPES: Readonly<Record<DType | "int64", number>> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  uint32: 12,
};

/** An attribute's value. Whole numbers are written as such; use `{ float }` for a number that is not one by type. */
export type AttributeValue = number | readonly number[] | { readonly float: number };

/** One operator applied. */
export interface OnnxNode {
  readonly operator: string;
  /** Names of values; "" leaves an optional input out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}

/** A named tensor with its elements. */
export interface OnnxTensor {
  readonly name: string;
  readonly dtype: DType | "int64";
  readonly shape: Shape;
  /** Elements in row-major order, little-endian. */
  readonly bytes: Uint8Array;
}

/** A value at the edge of a graph. */
export interface OnnxValue {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

/** A whole graph. */
export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** Number of ONNX's element type. */
export function elementType(dtype: DType | "int64"): number {
  return ELEMENT_TYPES[dtype];
}

function attribute(name: string, value: AttributeValue): number[] {
  if (typeof value === "number") return [...stringField(1, name), ...varintField(3, value), ...varintField(20, 2)];
  if ("float" in value) return [...stringField(1, name), ...floatField(2, value.float), ...varintField(20, 1)];
  return [...stringField(1, name), ...value.flatMap((item) => varintField(8, item)), ...varintField(20, 7)];
}

function node({ operator, inputs, outputs, attributes = {} }: OnnxNode): number[] {
  return [
    ...inputs.flatMap((name) => stringField(1, name)),
    ...outputs.flatMap((name) => stringField(2, name)),
    ...stringField(4, operator),
    ...Object.entries(attributes).flatMap(([name, value]) => bytesField(5, attribute(name, value))),
  ];
}

function tensor({ name, dtype, shape, bytes }: OnnxTensor): number[] {
  return [
    ...shape.flatMap((dimension) => varintField(1, dimension)),
    ...varintField(2, elementType(dtype)),
    ...stringField(8, name),
    ...bytesField(9, bytes),
  ];
}

function value({ name, dtype, shape }: OnnxValue): number[] {
  const dimensions = shape.flatMap((dimension) => bytesField(1, varintField(1, dimension)));
  const tensorType = [...varintField(1, elementType(dtype)), ...bytesField(2, dimensions)];
  return [...stringField(1, name), ...bytesField(2, bytesField(1, tensorType))];
}

/** A model file that holds one graph. */
export function encodeOnnx(graph: OnnxGraph): Uint8Array {
  const graphBytes = [
    ...graph.nodes.flatMap((item) => bytesField(1, node(item))),
    ...stringField(2, graph.name),
    ...graph.initializers.flatMap((item) => bytesField(5, tensor(item))),
    ...graph.inputs.flatMap((item) => bytesField(11, value(item))),
    ...graph.outputs.flatMap((item) => bytesField(12, value(item))),
  ];
  return Uint8Array.from([
    ...varintField(1, IR_VERSION),
    ...stringField(2, "tributary"),
    ...bytesField(7, graphBytes),
    ...bytesField(8, [...stringField(1, ""), ...varintField(2, ONNX_OPSET)]),
  ]);
}
