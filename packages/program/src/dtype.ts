/** The element types a tensor can have. float16 is storage only: it can be moved, compared and cast, not computed with. */
export const DTYPES = ["float32", "float16", "int32", "uint32", "uint8", "bool"] as const;

/** One of {@link DTYPES}. bool is one byte an element, 0 or 1. */
export type DType = (typeof DTYPES)[number];

/** Bytes of one element of each dtype. */
export const BYTES_PER_ELEMENT: Readonly<Record<DType, number>> = {
  float32: 4,
  float16: 2,
  int32: 4,
  uint32: 4,
  uint8: 1,
  bool: 1,
};

/** Elements of a tensor as they lie in memory: float16 as raw bits, bool as bytes 0 and 1. */
export type ElementArray = Float32Array | Int32Array | Uint32Array | Uint16Array | Uint8Array;

/** Makes an array of zeros, or one over memory that is there (borrowed, not copied). */
export interface ElementArrayType {
  readonly name: string;
  new (length: number): ElementArray;
  new (memory: ArrayBufferLike, byteOffset?: number, length?: number): ElementArray;
}

/** The arrays that elements of each dtype lie in. */
export const ELEMENT_ARRAYS: Readonly<Record<DType, ElementArrayType>> = {
  float32: Float32Array,
  float16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

/** Dimensions of a tensor, outermost first; [] is a scalar. A dimension may be 0. */
export type Shape = readonly number[];

/** What is known of a value before it is computed. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** Product of the dimensions: 1 for a scalar. */
export function elementCount(shape: Shape): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}

/** Bytes of a tensor of this type, stored densely. */
export function byteLength(type: TensorType): number {
  return elementCount(type.shape) * BYTES_PER_ELEMENT[type.dtype];
}

/** Whether two shapes have the same rank and dimensions. */
export function shapesEqual(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dimension, axis) => dimension === b[axis]);
}
