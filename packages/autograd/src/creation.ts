import type { TensorData } from "@tributary/kernels";
import { type DType, elementCount, type Shape, showShape } from "@tributary/program";
import { AutogradError } from "./errors.ts";
import * as op from "./primitives.ts";
import { Tensor } from "./tensor.ts";
import { Value } from "./value.ts";

/** Numbers, or lists of lists of them, as deep as the tensor has dimensions. */
export type Nested = number | boolean | readonly Nested[];

/** Options of {@link tensor}. */
export interface TensorOptions {
  /** Default: that of the typed array; for lists float32, and bool when all elements are booleans. */
  readonly dtype?: DType;
  /** Default: that of the list; one dimension for a typed array. */
  readonly shape?: Shape;
}

function shapeOf(data: Nested): number[] {
  if (typeof data !== "object") return [];
  const [first] = data;
  if (first === undefined) return [0];
  const inner = shapeOf(first);
  const odd = data.find((item) => shapeOf(item).join() !== inner.join());
  if (odd === undefined) return [data.length, ...inner];
  throw new AutogradError(
    "SHAPE_MISMATCH",
    `tensor: a list holds parts of shape ${showShape(inner)} and ${showShape(shapeOf(odd))}, but they must be alike: pad the shorter ones`,
  );
}

function flat(data: Nested): (number | boolean)[] {
  return typeof data === "object" ? data.flatMap(flat) : [data];
}

function isTypedArray(data: Nested | TensorData): data is TensorData {
  return ArrayBuffer.isView(data);
}

function dtypeOf(data: TensorData): DType {
  if (data instanceof Int32Array) return "int32";
  if (data instanceof Uint32Array) return "uint32";
  if (data instanceof Uint16Array) return "float16";
  if (data instanceof Uint8Array) return "uint8";
  return "float32";
}

/** Elements as a buffer of the dtype; a copy, so that the caller's array can change. @throws AutogradError DTYPE_MISMATCH */
function elementsOf(data: ArrayLike<number>, dtype: DType): TensorData {
  switch (dtype) {
    case "float32":
      return data instanceof Float64Array ? data.slice() : Float32Array.from(data);
    case "int32":
      return Int32Array.from(data);
    case "uint32":
      return Uint32Array.from(data);
    case "uint8":
      return Uint8Array.from(data);
    case "bool":
      return Uint8Array.from(data, (element) => (element === 0 ? 0 : 1));
    case "float16":
      if (data instanceof Uint16Array) return data.slice();
      throw new AutogradError(
        "DTYPE_MISMATCH",
        'tensor: float16 takes its raw bits as a Uint16Array: make a float32 tensor and convert it with .to("float16")',
      );
    default:
      return dtype satisfies never;
  }
}

/**
 * A tensor of given elements, which are copied: `tensor([[1, 2], [3, 4]])`. A Float64Array keeps its precision where the
 * float64 reference computes, and is rounded to float32 elsewhere.
 * @throws AutogradError SHAPE_MISMATCH, DTYPE_MISMATCH
 */
export function tensor(data: Nested | TensorData, options: TensorOptions = {}): Tensor {
  const list = isTypedArray(data) ? null : flat(data);
  const elements = isTypedArray(data) ? data : flat(data).map(Number);
  const allBooleans = list !== null && list.length > 0 && list.every((element) => typeof element === "boolean");
  const dtype = options.dtype ?? (isTypedArray(data) ? dtypeOf(data) : allBooleans ? "bool" : "float32");
  const shape = options.shape ?? (isTypedArray(data) ? [data.length] : shapeOf(data));
  if (elementCount(shape) !== elements.length) {
    throw new AutogradError(
      "SHAPE_MISMATCH",
      `tensor: ${elements.length} elements do not fill ${showShape(shape)}, which has ${elementCount(shape)}: mend the shape`,
    );
  }
  return new Tensor(new Value({ dtype, shape: [...shape] }, { kind: "data", elements: elementsOf(elements, dtype) }));
}

/** A tensor filled with one number. */
export function full(shape: Shape, fill: number, dtype: DType = "float32"): Tensor {
  return new Tensor(op.full(shape, fill, dtype));
}

/** A tensor of zeros. */
export function zeros(shape: Shape, dtype: DType = "float32"): Tensor {
  return full(shape, 0, dtype);
}

/** A tensor of ones. */
export function ones(shape: Shape, dtype: DType = "float32"): Tensor {
  return full(shape, 1, dtype);
}

/** Each element is its index along `dim`. dtype: float32, int32 or uint32. */
export function iota(shape: Shape, dim: number, dtype: DType = "int32"): Tensor {
  return new Tensor(op.iota(shape, dim, dtype));
}

/** 0, 1, ... length - 1. */
export function arange(length: number, dtype: DType = "int32"): Tensor {
  return iota([length], 0, dtype);
}
