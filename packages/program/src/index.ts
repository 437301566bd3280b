export {
  BYTES_PER_ELEMENT,
  byteLength,
  DTYPES,
  type DType,
  elementCount,
  type Shape,
  shapesEqual,
  type TensorType,
} from "./dtype.ts";
export { type Graph, type GraphNode, type NodeOf, type ValueId, valueTypes } from "./graph.ts";
export {
  BINARY_OPERATIONS,
  type BinaryName,
  COMPARATORS,
  type Comparator,
  type CompositeAttributes,
  type CompositeName,
  type ConvolutionAttributes,
  type None,
  type OperationAttributes,
  type OperationName,
  type PrimitiveAttributes,
  type PrimitiveName,
  UNARY_OPERATIONS,
  type UnaryName,
} from "./operations.ts";
export type { Program, ProgramInput, ProgramOutput } from "./program.ts";
