import {
  BINARY_OPERATIONS,
  type Graph,
  GraphBuilder,
  type GraphNode,
  type NodeOf,
  type OperationAttributes,
  type OperationName,
  UNARY_OPERATIONS,
  type ValueId,
} from "@tributary/program";
import { addPoolMask, findPoolMask, Makers } from "./pool-mask.ts";

/** Constants with more values than this are not compared with each other. */
const COMPARED_VALUES_MAX = 64;

/** A concatenation of more pieces than this is not split. */
const PIECES_MAX = 256;

const ELEMENTWISE: ReadonlySet<OperationName> = new Set<OperationName>([
  ...UNARY_OPERATIONS,
  ...BINARY_OPERATIONS,
  "cast",
]);

/** Operations of which something is looked for behind what they make. */
const MATCHED: ReadonlySet<OperationName> = new Set(["maxPool", "reshape", "compare", "constant", "scatterAdd"]);

/**
 * The same outputs from fewer operations: what no output needs is left out, what is computed twice is computed once, joined
 * tensors are joined at once, padded ones that do not overlap are joined rather than added, elementwise work on a concatenation is done on its pieces (so that it can be fused into what produces them), the
 * mask of a ReLU behind a pooling is applied to the pooled values.
 */
export function simplify(graph: Graph): Graph {
  return withoutDeadNodes(new Rebuild(withoutDeadNodes(graph)).run());
}

/** Leaves out nodes of which no output is needed. */
function withoutDeadNodes(graph: Graph): Graph {
  const live = new Set(graph.outputs);
  const kept: GraphNode[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((_, index) => live.has(node.firstOutput + index))) continue;
    for (const input of node.inputs) live.add(input);
    kept.unshift(node);
  }
  const renamed = new Map<ValueId, ValueId>(graph.inputs.map((_, id) => [id, id]));
  let next = graph.inputs.length;
  const nodes = kept.map((node) => {
    const inputs = node.inputs.map((id) => renamed.get(id) ?? id);
    const moved: GraphNode = { ...node, inputs, firstOutput: next };
    for (const [index] of node.outputs.entries()) renamed.set(node.firstOutput + index, next + index);
    next += node.outputs.length;
    return moved;
  });
  return { inputs: graph.inputs, nodes, outputs: graph.outputs.map((id) => renamed.get(id) ?? id) };
}

/** A tensor that is 0 but for pieces along one axis, in ascending order. */
interface Pieces {
  readonly axis: number;
  readonly pieces: readonly { readonly start: number; readonly end: number; readonly value: ValueId }[];
}

class Rebuild {
  readonly #graph: Graph;
  readonly #builder = new GraphBuilder();
  readonly #renamed = new Map<ValueId, ValueId>();
  readonly #known = new Map<string, ValueId>();
  readonly #uses: number[];
  /** Nodes of the new graph that made a value, for concatenations that may be split. */
  readonly #splittable = new Map<ValueId, NodeOf<"concat">>();

  readonly #makers = new Makers();

  /** Values of the new graph that are zeros around pieces, and that one node alone uses. */
  readonly #padded = new Map<ValueId, Pieces>();

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#uses = [];
    for (const node of graph.nodes) for (const id of node.inputs) this.#uses[id] = (this.#uses[id] ?? 0) + 1;
    for (const id of graph.outputs) this.#uses[id] = (this.#uses[id] ?? 0) + 1;
  }

  run(): Graph {
    for (const [id, type] of this.#graph.inputs.entries()) this.#renamed.set(id, this.#builder.input(type));
    for (const node of this.#graph.nodes) this.#rebuild(node);
    return this.#builder.build(this.#graph.outputs.map((id) => this.#rename(id)));
  }

  #rename(id: ValueId): ValueId {
    return this.#renamed.get(id) ?? id;
  }

  #rebuild(node: GraphNode): void {
    const inputs = node.operation === "concat" ? this.#pieces(node) : node.inputs.map((id) => this.#rename(id));
    const output =
      this.#joinPieces(node, inputs) ??
      this.#pieceByPiece(node, inputs) ??
      this.#maskPooled(node, inputs) ??
      this.#addNode(node, inputs);
    this.#notePad(node, inputs, output);
    if (MATCHED.has(node.operation)) this.#makers.note({ ...node, inputs, firstOutput: output });
    for (const [index] of node.outputs.entries()) this.#renamed.set(node.firstOutput + index, output + index);
    if (node.operation === "concat" && this.#uses[node.firstOutput] === 1) {
      this.#splittable.set(output, { ...node, inputs });
    }
  }

  /** The mask of a ReLU goes before the scattering of a pooling's gradient, which then is of use to nobody else. */
  #maskPooled(node: GraphNode, inputs: readonly ValueId[]): ValueId | null {
    const found = findPoolMask(this.#makers, node, inputs);
    const spread = node.inputs[2];
    if (found === null || this.#uses[spread] !== 1) return null;
    return addPoolMask(this.#builder, found, node.outputs[0].shape);
  }

  /** Pieces of a concatenation; one that nobody else needs and is joined along the same axis gives its own pieces. */
  #pieces(node: NodeOf<"concat">): readonly ValueId[] {
    return node.inputs.flatMap((id) => {
      const piece = this.#rename(id);
      const inner = this.#splittable.get(piece);
      return inner?.attributes.axis === node.attributes.axis ? inner.inputs : [piece];
    });
  }

  #addNode(node: GraphNode, inputs: readonly ValueId[]): ValueId {
    if (node.operation === "scan") {
      return this.#builder.add("scan", { ...node.attributes, body: simplify(node.attributes.body) }, inputs);
    }
    return this.#add(node, inputs);
  }

  /** Adds a node unless there is one like it. */
  #add(node: { operation: OperationName; attributes: GraphNode["attributes"] }, inputs: readonly ValueId[]): ValueId {
    const key = nodeKey(node, inputs);
    const known = key === null ? undefined : this.#known.get(key);
    if (known !== undefined) return known;
    const output = addAny(this.#builder, node.operation, node.attributes, inputs);
    if (key !== null) this.#known.set(key, output);
    return output;
  }

  #notePad(node: GraphNode, inputs: readonly ValueId[], output: ValueId): void {
    if (node.operation !== "pad" || node.attributes.value !== 0 || this.#uses[node.firstOutput] !== 1) return;
    const { low, high, interior } = node.attributes;
    const padded = [...low.keys()].filter((axis) => low[axis] + high[axis] + interior[axis] > 0);
    const [axis] = padded;
    if (padded.length !== 1 || interior[axis] > 0) return;
    const [value] = inputs;
    const end = low[axis] + this.#builder.typeOf(value).shape[axis];
    this.#padded.set(output, { axis, pieces: [{ start: low[axis], end, value }] });
  }

  /** Tensors whose pieces do not overlap are added by putting the pieces side by side: the gradient of a tensor's slices. */
  #joinPieces(node: GraphNode, [a, b]: readonly ValueId[]): ValueId | null {
    const left = this.#padded.get(a);
    const right = this.#padded.get(b);
    if (node.operation !== "add" || left === undefined || right === undefined || left.axis !== right.axis) return null;
    const { axis } = left;
    const pieces = [...left.pieces, ...right.pieces].sort((one, other) => one.start - other.start);
    if (pieces.some(({ end }, index) => end > (pieces[index + 1]?.start ?? end))) return null;
    const type = this.#builder.typeOf(a);
    const parts: ValueId[] = [];
    const fill = (start: number, end: number): void => {
      if (start === end) return;
      const shape = type.shape.map((size, position) => (position === axis ? end - start : size));
      parts.push(this.#add({ operation: "constant", attributes: { dtype: type.dtype, shape, values: [0] } }, []));
    };
    let covered = 0;
    for (const { start, end, value } of pieces) {
      fill(covered, start);
      parts.push(value);
      covered = end;
    }
    fill(covered, type.shape[axis]);
    const output = this.#builder.add("concat", { axis }, parts);
    if (this.#uses[node.firstOutput] === 1) this.#padded.set(output, { axis, pieces });
    return output;
  }

  #pieceByPiece(node: GraphNode, inputs: readonly ValueId[]): ValueId | null {
    if (!ELEMENTWISE.has(node.operation)) return null;
    const concat = inputs.map((id) => this.#splittable.get(id)).find((found) => found !== undefined);
    if (concat === undefined || concat.inputs.length > PIECES_MAX) return null;
    const { axis } = concat.attributes;
    let start = 0;
    const pieces: ValueId[] = [];
    for (const piece of concat.inputs) {
      const end = start + this.#builder.typeOf(piece).shape[axis];
      const parts = inputs.map((id) =>
        this.#splittable.get(id) === concat ? piece : this.#slice(id, axis, start, end),
      );
      pieces.push(this.#add(node, parts));
      start = end;
    }
    const output = this.#builder.add("concat", { axis }, pieces);
    if (this.#uses[node.firstOutput] === 1) {
      this.#splittable.set(output, { ...concat, inputs: pieces, firstOutput: output });
    }
    return output;
  }

  #slice(id: ValueId, axis: number, start: number, end: number): ValueId {
    const { shape } = this.#builder.typeOf(id);
    const attributes = {
      starts: shape.map((_, position) => (position === axis ? start : 0)),
      ends: shape.map((size, position) => (position === axis ? end : size)),
      strides: shape.map(() => 1),
    };
    return this.#add({ operation: "slice", attributes }, [id]);
  }
}

/** The builder's `add` for a name and attributes that come from one node and so belong together. */
function addAny(
  builder: GraphBuilder,
  operation: OperationName,
  attributes: GraphNode["attributes"],
  inputs: readonly ValueId[],
): ValueId {
  return builder.add(operation, attributes as OperationAttributes[typeof operation], inputs);
}

/** Equal for nodes that compute the same; null for those that are not compared. */
function nodeKey(
  node: { operation: OperationName; attributes: GraphNode["attributes"] },
  inputs: readonly ValueId[],
): string | null {
  if (node.operation === "scan") return null;
  const { attributes } = node;
  if ("values" in attributes && attributes.values.length > COMPARED_VALUES_MAX) return null;
  // JSON writes -0 as 0, and NaN and infinities as null.
  const written = JSON.stringify(attributes, (_, value) =>
    typeof value === "number" && (Object.is(value, -0) || !Number.isFinite(value)) ? String(1 / value) + value : value,
  );
  return `${node.operation} ${inputs.join()} ${written}`;
}
