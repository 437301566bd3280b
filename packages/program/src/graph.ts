import type { TensorType } from "./dtype.ts";
import type { OperationAttributes, OperationName } from "./operations.ts";

/** A value of a graph: its inputs come first (0, 1, ...), then the outputs of its nodes in order. */
export type ValueId = number;

/** One operation applied. Its outputs are the values firstOutput, firstOutput + 1, ... */
export type GraphNode = {
  readonly [Name in OperationName]: {
    readonly operation: Name;
    readonly attributes: OperationAttributes[Name];
    /** Values with an id below firstOutput: a graph is acyclic by construction. */
    readonly inputs: readonly ValueId[];
    readonly firstOutput: ValueId;
    /** Types of the outputs; a single one except for maxPool and scan. */
    readonly outputs: readonly TensorType[];
  };
}[OperationName];

/** The node of one operation. */
export type NodeOf<Name extends OperationName> = Extract<GraphNode, { operation: Name }>;

/** Operations in an order in which each comes after what it needs. */
export interface Graph {
  readonly inputs: readonly TensorType[];
  readonly nodes: readonly GraphNode[];
  readonly outputs: readonly ValueId[];
}

/** Type of every value of a graph, by id. */
export function valueTypes(graph: Graph): TensorType[] {
  return [...graph.inputs, ...graph.nodes.flatMap((node) => node.outputs)];
}
