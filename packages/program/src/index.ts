export { CodedError } from "./coded-error.ts";
export { COMPOSITES, type CompositeExpansion, expandComposites, isCompositeName } from "./composites.ts";
export { graphCost, type ProgramCost, programCost } from "./cost.ts";
export { createLayout, LAYOUT_ENTRIES_MAX, parseLayout } from "./create-layout.ts";
export { createProgram, type ProgramDescription } from "./create-program.ts";
export {
  BYTES_PER_ELEMENT,
  byteLength,
  DTYPES,
  type DType,
  ELEMENT_ARRAYS,
  type ElementArray,
  type ElementArrayType,
  elementCount,
  type Shape,
  shapesEqual,
  type TensorType,
} from "./dtype.ts";
export { PROGRAM_ERROR_CODES, ProgramError, type ProgramErrorCode } from "./errors.ts";
export { type Graph, type GraphNode, type NodeOf, type ValueId, valueTypes } from "./graph.ts";
export { GraphBuilder } from "./graph-builder.ts";
export { DIMENSION_MAX, RANK_MAX, showShape, showType } from "./inference/checks.ts";
export { inferOutputs, isOperationName, OPERATION_NAMES } from "./inference.ts";
export { PROGRAM_LIMITS, type ProgramLimits } from "./limits.ts";
export {
  type CountTable,
  finishCounts,
  finishMetric,
  type MetricForm,
  type MetricForms,
  metricSumCount,
  metricSumNames,
} from "./metric-forms.ts";
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
export {
  type BufferDescription,
  type LayoutDescription,
  type LayoutEntry,
  type LayoutJson,
  type LayoutRange,
  type ParameterDescription,
  ParameterLayout,
} from "./parameter-layout.ts";
export type { Program, ProgramInput, ProgramOutput } from "./program.ts";
export { decodeProgram, encodeProgram, programHash } from "./program-bytes.ts";
export { PROGRAM_FORMAT_VERSION } from "./program-format.ts";
export {
  addSums,
  type CheckpointEvent,
  countEntries,
  type EpochEvent,
  type ErrorEvent,
  type FinishedEvent,
  type ListeningEvent,
  meansOf,
  metricKey,
  metricMeans,
  type ReissuedEvent,
  type RunCommand,
  type RunEvent,
  type RunSums,
  type StepEvent,
  type WaitingEvent,
  type WorkerEvent,
} from "./run-events.ts";
export {
  LAYOUT_ALIGNMENT,
  LAYOUT_FLOATS_MAX,
  SEGMENT_ALIGNMENT,
  SEGMENT_FLOATS_MAX,
  type Segment,
} from "./segments.ts";
export { validateProgram } from "./validate-program.ts";
