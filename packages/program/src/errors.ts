import { CodedError } from "./coded-error.ts";

/** Every code of a {@link ProgramError}: what it means and how to mend it. */
export const PROGRAM_ERROR_CODES = {
  OPERATION_UNKNOWN: "No operation has this name: use one of OPERATION_NAMES, or update the side that does not know it",
  INPUT_COUNT: "An operation got too many or too few inputs: see its documentation in operations.ts",
  DTYPE_UNSUPPORTED: "The operation is not defined for this dtype: cast its input first",
  DTYPE_MISMATCH: "Inputs that must share a dtype do not: cast one of them",
  SHAPE_MISMATCH: "Shapes do not go together: broadcast, reshape or permute one of the inputs",
  SHAPE_INVALID:
    "A shape has a dimension that is not an integer from 0 to 2^31 - 1, or too many dimensions: mend the shape",
  ATTRIBUTE_INVALID: "An attribute has the wrong form or is out of range: see its documentation in operations.ts",
  SCAN_BODY_MISMATCH:
    "The body of a scan does not agree with the scan's inputs, carries or slices: compare both types in the message",
  VALUE_UNKNOWN: "A value id is not that of an earlier value of the same graph: use ids that this graph handed out",
  INPUT_AFTER_NODE: "An input was declared after the first operation: declare all inputs first",
  TYPE_FORGED:
    "A declared output type differs from the one its inputs give: the program is damaged or forged; trace it again",
  GRAPH_MALFORMED: "A graph or one of its nodes does not have the form of graph.ts: build graphs with GraphBuilder",
  NAME_INVALID:
    "A name must match ^[A-Za-z][A-Za-z0-9_.-]{0,63}$ and not be a property of every object: choose another name",
  NAME_REPEATED: "Two inputs, two outputs, or two entries of a layout have one name: rename one of them",
  EDGE_MISMATCH:
    "A program's named inputs or outputs do not agree in number or type with its graph: name each edge once, in order",
  REPLACES_INVALID:
    "An output replaces an input that is missing, of another type, or already replaced: mend `replaces`",
  LIMIT_NODES: "The program has more operations than the limit: trace a smaller model",
  LIMIT_ELEMENTS:
    "A tensor, or all tensors written in one run, have more elements than the limit: use a smaller microbatch",
  LIMIT_BYTES: "The values alive at once need more memory than the limit: use a smaller microbatch",
  LIMIT_FLOPS: "One run needs more floating-point operations than the limit: use a smaller microbatch",
  LIMIT_DEPTH: "Scans are nested deeper than the limit: flatten the loops",
  LIMIT_PROGRAM_BYTES: "The encoded program is longer than the limit: pass large constants as inputs",
  BYTES_MAGIC: "The bytes do not begin with the magic of a program: they are something else",
  BYTES_VERSION: "The program was written in a format version that this side does not know: update the older side",
  BYTES_TRUNCATED:
    "The bytes end inside a field, or a declared length is longer than what follows: fetch the program again",
  BYTES_TRAILING: "Bytes follow the end of the program: fetch the program again",
  BYTES_INVALID: "A field of the encoded program has an impossible value: fetch the program again",
  BYTES_NOT_CANONICAL: "The bytes decode, but are not the ones that encoding gives: write programs with encodeProgram",
  LAYOUT_INVALID: "A parameter layout does not have the documented form: create layouts with createLayout",
  LAYOUT_ROW_TOO_LARGE: "One row of a tensor is larger than a segment of 128 MiB: split the tensor",
} as const;

/** Names one kind of failure of this package. */
export type ProgramErrorCode = keyof typeof PROGRAM_ERROR_CODES;

/** Thrown by everything in this package: a program, graph, layout or encoding that is not what it must be. */
export class ProgramError extends CodedError<ProgramErrorCode> {
  override readonly name = "ProgramError";
}
