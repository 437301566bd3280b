import type { Graph, GraphNode, PrimitiveAttributes, PrimitiveName, TensorType, ValueId } from "@tributary/program";
import { KernelError } from "../errors.ts";
import { KERNELS } from "./kernels.ts";
import { allocateValue, type Evaluate, type Precision, type Value } from "./value.ts";

/** A node of one of the primitives named; composites have been expanded before. */
type PrimitiveNode<Names extends PrimitiveName = PrimitiveName> = {
  readonly [Name in Names]: {
    readonly operation: Name;
    readonly attributes: PrimitiveAttributes[Name];
    readonly inputs: readonly ValueId[];
    readonly outputs: readonly TensorType[];
  };
}[Names];

function isPrimitive(node: GraphNode): node is GraphNode & PrimitiveNode {
  return Object.hasOwn(KERNELS, node.operation);
}

/** @throws KernelError UNSUPPORTED_OPERATION when a node, also inside a scan, is no primitive */
export function checkOperations(graph: Graph): void {
  for (const node of graph.nodes) {
    if (!isPrimitive(node)) throw unsupported(node);
    if (node.operation === "scan") checkOperations(node.attributes.body);
  }
}

function unsupported(node: GraphNode): KernelError {
  return new KernelError(
    "UNSUPPORTED_OPERATION",
    `The reference backend has no kernel for ${node.operation}: expand composites before running`,
  );
}

function runNode<Name extends PrimitiveName>(
  node: PrimitiveNode<Name>,
  inputs: readonly Value[],
  outputs: readonly Value[],
  evaluate: Evaluate,
): void {
  KERNELS[node.operation](node.attributes, inputs, outputs, evaluate);
}

/**
 * Computes a graph of primitives, node after node, in float32 (every result rounded as it is stored) or float64.
 * The inputs are borrowed; the results may be the inputs themselves where the graph hands them on.
 */
export function evaluateGraph(graph: Graph, inputs: readonly Value[], precision: Precision): Value[] {
  const values = [...inputs];
  const evaluate: Evaluate = (body, bodyInputs) => evaluateGraph(body, bodyInputs, precision);
  for (const node of graph.nodes) {
    if (!isPrimitive(node)) throw unsupported(node);
    const outputs = node.outputs.map((type) => allocateValue(type, precision));
    runNode(
      node,
      node.inputs.map((id) => values[id]),
      outputs,
      evaluate,
    );
    values.push(...outputs);
  }
  return graph.outputs.map((id) => values[id]);
}
