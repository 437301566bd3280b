import {
  createProgram,
  type Graph,
  GraphBuilder,
  type OperationAttributes,
  type OperationName,
  type Program,
  type ValueId,
  valueTypes,
} from "@tributary/program";
import type { GivenTensor } from "./random.ts";

/**
 * How far a backend's float32 may be from the float64 reference; integers, bools and float16 are always equal.
 * exact: equal. elementwise: 1e-6 + 1e-5 |reference|. contraction: 1e-6 times the same operation on absolute values.
 * composed: 1e-6 + 1e-5 times the whole graph on absolute values. norm: norm of the difference at most 1e-5 times the norm.
 */
export type Tolerance = "exact" | "elementwise" | "contraction" | "composed" | "norm";

/** One program with its inputs; what it must compute is what the reference makes of it. */
export interface ConformanceCase {
  readonly name: string;
  readonly program: Program;
  /** In the order of the program's inputs. */
  readonly inputs: readonly GivenTensor[];
  readonly tolerance: Tolerance;
}

/** Cases that are tested, and reported, together. */
export interface ConformanceGroup {
  readonly name: string;
  readonly cases: readonly ConformanceCase[];
}

/** What beside the inputs makes a case of a graph. */
export interface GraphCaseOptions {
  readonly name: string;
  readonly inputs: readonly GivenTensor[];
  readonly tolerance: Tolerance;
  /** For each output the number of the input that it replaces, or null; all null when left out. */
  readonly replaces?: readonly (number | null)[];
}

/** A case whose graph `build` makes: it gets the ids of the inputs and returns those of the outputs. */
export function graphCase(
  options: GraphCaseOptions,
  build: (builder: GraphBuilder, inputs: readonly ValueId[]) => readonly ValueId[],
): ConformanceCase {
  const builder = new GraphBuilder();
  const ids = options.inputs.map((input) => builder.input({ dtype: input.dtype, shape: input.shape }));
  return programCase(options, builder.build(build(builder, ids)));
}

/** A case of a graph that is there already. */
export function programCase(options: GraphCaseOptions, graph: Graph): ConformanceCase {
  const program = createProgram({
    name: "conformance",
    graph,
    inputs: graph.inputs.map((_, i) => `input${i}`),
    outputs: graph.outputs.map((_, i) => {
      const replaced = options.replaces?.[i] ?? null;
      return { name: `output${i}`, replaces: replaced === null ? null : `input${replaced}` };
    }),
  });
  return { name: options.name, program, inputs: options.inputs, tolerance: options.tolerance };
}

/** A case of one operation; all its outputs are outputs of the program. */
export function operationCase<Name extends OperationName>(
  operation: Name,
  attributes: OperationAttributes[Name],
  inputs: readonly GivenTensor[],
  tolerance: Tolerance,
): ConformanceCase {
  const types = inputs.map((input) => `${input.dtype}[${input.shape}]`).join(" ");
  const name = `${operation} ${types} ${showAttributes(attributes)}`.trim();
  return graphCase({ name, inputs, tolerance }, (builder, ids) => {
    const first = builder.add(operation, attributes, ids);
    const count = valueTypes(builder.build([])).length - ids.length;
    return Array.from({ length: count }, (_, i) => first + i);
  });
}

/** Longest text of the attributes in a case's name, in characters. */
const ATTRIBUTES_SHOWN_MAX = 120;

function showAttributes(attributes: object): string {
  return Object.keys(attributes).length === 0 ? "" : JSON.stringify(attributes).slice(0, ATTRIBUTES_SHOWN_MAX);
}
