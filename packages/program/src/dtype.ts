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
