import type { TensorType } from "./dtype.ts";
import type { Graph, GraphNode, ValueId } from "./graph.ts";
import { GraphBuilder } from "./graph-builder.ts";
import { inferOutputs } from "./inference.ts";
import type { CompositeAttributes, CompositeName } from "./operations.ts";

/** Writes a composite in primitives into the builder and returns its output. The inputs are of the types that the composite takes. */
export type CompositeExpansion<Name extends CompositeName> = (
  builder: GraphBuilder,
  inputs: readonly ValueId[],
  attributes: CompositeAttributes[Name],
) => ValueId;

/** Adds `x` reduced over its last axis and stretched to its shape again. */
function reducedOverLastAxis(builder: GraphBuilder, operation: "sum" | "max", x: ValueId): ValueId {
  const { shape } = builder.typeOf(x);
  const reduced = builder.add(operation, { axes: [shape.length - 1] }, [x]);
  const column = builder.add("reshape", { shape: [...shape.slice(0, -1), 1] }, [reduced]);
  return builder.add("broadcast", { shape }, [column]);
}

/** The row's largest element becomes 0, because exp overflows float32 above 88.7. */
function shifted(builder: GraphBuilder, x: ValueId): ValueId {
  return builder.add("sub", {}, [x, reducedOverLastAxis(builder, "max", x)]);
}

function softmax(builder: GraphBuilder, x: ValueId): ValueId {
  const exponentials = builder.add("exp", {}, [shifted(builder, x)]);
  return builder.add("div", {}, [exponentials, reducedOverLastAxis(builder, "sum", exponentials)]);
}

function logSoftmax(builder: GraphBuilder, x: ValueId): ValueId {
  const low = shifted(builder, x);
  const sums = reducedOverLastAxis(builder, "sum", builder.add("exp", {}, [low]));
  return builder.add("sub", {}, [low, builder.add("log", {}, [sums])]);
}

function asColumn(builder: GraphBuilder, x: ValueId): ValueId {
  const { shape } = builder.typeOf(x);
  return builder.add("reshape", { shape: [...shape, 1] }, [x]);
}

/** -log p of each row's target; gather gives 0 for a target out of range. Source: Bishop (2006), eq. 4.108. */
function softmaxCrossEntropy(builder: GraphBuilder, logits: ValueId, targets: ValueId): ValueId {
  const { shape } = builder.typeOf(targets);
  const picked = builder.add("gather", {}, [logSoftmax(builder, logits), asColumn(builder, targets)]);
  return builder.add("neg", {}, [builder.add("reshape", { shape }, [picked])]);
}

/** Whether each target is one of the classes, as bool of the logits' type. */
function targetInRange(builder: GraphBuilder, targets: ValueId, type: TensorType): ValueId {
  const bound = (value: number): ValueId =>
    builder.add("constant", { dtype: "int32", shape: type.shape, values: [value] }, []);
  const notNegative = builder.add("compare", { comparator: "greaterEqual" }, [targets, bound(0)]);
  const below = builder.add("compare", { comparator: "less" }, [targets, bound(type.shape[1] ?? 0)]);
  const no = builder.add("constant", { dtype: "bool", shape: type.shape, values: [0] }, []);
  return builder.add("where", {}, [notNegative, below, no]);
}

/** (softmax - onehot) dloss. Rows out of range are chosen away, not multiplied by 0, so that a NaN there does not count. */
function softmaxCrossEntropyGradient(
  builder: GraphBuilder,
  logits: ValueId,
  targets: ValueId,
  dloss: ValueId,
): ValueId {
  const type = builder.typeOf(logits);
  const { shape } = type;
  const wide = builder.add("broadcast", { shape }, [asColumn(builder, targets)]);
  const classes = builder.add("iota", { dtype: "int32", shape, axis: 1 }, []);
  const hit = builder.add("compare", { comparator: "equal" }, [classes, wide]);
  const onehot = builder.add("cast", { dtype: "float32" }, [hit]);
  const difference = builder.add("sub", {}, [softmax(builder, logits), onehot]);
  const scale = builder.add("broadcast", { shape }, [asColumn(builder, dloss)]);
  const gradient = builder.add("mul", {}, [difference, scale]);
  const zero = builder.add("constant", { dtype: "float32", shape, values: [0] }, []);
  return builder.add("where", {}, [targetInRange(builder, wide, type), gradient, zero]);
}

/** Checks the inputs as the composite's own inference does, then hands them to the expansion one by one. */
function expansion<Name extends CompositeName>(
  name: Name,
  expand: (builder: GraphBuilder, a: ValueId, b: ValueId, c: ValueId) => ValueId,
): CompositeExpansion<Name> {
  return (builder, inputs, attributes) => {
    inferOutputs(
      name,
      attributes,
      inputs.map((id) => builder.typeOf(id)),
    );
    const [a = 0, b = 0, c = 0] = inputs;
    return expand(builder, a, b, c);
  };
}

/** How each composite is written in primitives: without an entry for each, this does not compile. */
export const COMPOSITES: { readonly [Name in CompositeName]: CompositeExpansion<Name> } = {
  softmax: expansion("softmax", softmax),
  logSoftmax: expansion("logSoftmax", logSoftmax),
  softmaxCrossEntropy: expansion("softmaxCrossEntropy", softmaxCrossEntropy),
  softmaxCrossEntropyGradient: expansion("softmaxCrossEntropyGradient", softmaxCrossEntropyGradient),
};

/** Whether an operation is a composite. */
export function isCompositeName(name: string): name is CompositeName {
  return Object.hasOwn(COMPOSITES, name);
}

function addExpanded(
  builder: GraphBuilder,
  node: GraphNode,
  inputs: readonly ValueId[],
  keep: ReadonlySet<CompositeName>,
): ValueId {
  if (node.operation === "scan") {
    return builder.add("scan", { ...node.attributes, body: expandComposites(node.attributes.body, keep) }, inputs);
  }
  if (isCompositeName(node.operation) && !keep.has(node.operation)) {
    return COMPOSITES[node.operation](builder, inputs, {});
  }
  return builder.add(node.operation, node.attributes, inputs);
}

/**
 * The same graph with its composites written in primitives, in the bodies of scans too.
 * @param keep composites that stay whole
 * @throws ProgramError when the graph is not valid
 */
export function expandComposites(graph: Graph, keep: ReadonlySet<CompositeName> = new Set()): Graph {
  const builder = new GraphBuilder();
  const renamed: ValueId[] = graph.inputs.map((type) => builder.input(type));
  // An id that the graph does not have maps to -1, which the builder refuses.
  const rename = (id: ValueId): ValueId => renamed[id] ?? -1;
  for (const node of graph.nodes) {
    const first = addExpanded(builder, node, node.inputs.map(rename), keep);
    node.outputs.forEach((_, place) => {
      renamed.push(first + place);
    });
  }
  return builder.build(graph.outputs.map(rename));
}
