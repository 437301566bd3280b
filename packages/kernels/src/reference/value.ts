import type { DType, Graph, Shape, TensorType } from "@tributary/program";
import { ELEMENT_ARRAYS, elementCount } from "@tributary/program";
import type { TensorData } from "../device.ts";
import { fromFloat16Bits, toFloat16Bits } from "./float16.ts";

/** What tensors of dtype float32 are stored and rounded in. */
export type Precision = "float32" | "float64";

/** A tensor with its elements in row-major order; float16 as raw bits. */
export interface Value extends TensorType {
  readonly data: TensorData;
}

/** Computes the values of a graph's outputs from those of its inputs; scan runs its body with it. */
export type Evaluate = (graph: Graph, inputs: readonly Value[]) => Value[];

/** Computes one operation: borrows the inputs, fills the outputs, which are zero before and share no memory with the inputs. */
export type Kernel<Attributes> = (
  attributes: Attributes,
  inputs: readonly Value[],
  outputs: readonly Value[],
  evaluate: Evaluate,
) => void;

/** A zeroed array of `length` elements. */
export function allocateData(dtype: DType, length: number, precision: Precision): TensorData {
  const isDouble = dtype === "float32" && precision === "float64";
  return isDouble ? new Float64Array(length) : new ELEMENT_ARRAYS[dtype](length);
}

/** A zeroed tensor. */
export function allocateValue(type: TensorType, precision: Precision): Value {
  return {
    dtype: type.dtype,
    shape: type.shape,
    data: allocateData(type.dtype, elementCount(type.shape), precision),
  };
}

/** The number that stored element `index` stands for. */
export function numberAt(value: Value, index: number): number {
  return value.dtype === "float16" ? fromFloat16Bits(value.data[index]) : value.data[index];
}

/** How a number of dtype `from` is stored in a tensor of dtype `to`: the rule of the cast operation. */
export function storedNumber(number: number, from: DType, to: DType): number {
  switch (to) {
    case "float32":
      return number;
    case "float16":
      return toFloat16Bits(number);
    case "bool":
      return number !== 0 ? 1 : 0;
    case "int32":
      return from === "float32" || from === "float16" ? saturate(number, -(2 ** 31), 2 ** 31 - 1) : number | 0;
    case "uint32":
      return from === "float32" || from === "float16" ? saturate(number, 0, 2 ** 32 - 1) : number >>> 0;
    case "uint8":
      return from === "float32" || from === "float16" ? saturate(number, 0, 255) : number & 255;
  }
}

function saturate(number: number, lowest: number, highest: number): number {
  return Number.isNaN(number) ? 0 : Math.min(Math.max(Math.trunc(number), lowest), highest);
}

/** Elements between neighbours along each axis of a dense tensor. */
export function denseStrides(shape: Shape): number[] {
  return shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
}

/** Calls `visit` for every index of the shape in row-major order. The index array is reused: copy it to keep it. */
export function forEachIndex(shape: Shape, visit: (index: readonly number[], position: number) => void): void {
  const count = elementCount(shape);
  const index = shape.map(() => 0);
  for (let position = 0; position < count; position += 1) {
    visit(index, position);
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      index[axis] += 1;
      if (index[axis] < shape[axis]) break;
      index[axis] = 0;
    }
  }
}

/** Position of an index in the flat array of a dense tensor. */
export function positionOf(index: readonly number[], strides: readonly number[]): number {
  let position = 0;
  for (let axis = 0; axis < strides.length; axis += 1) position += index[axis] * strides[axis];
  return position;
}
