import type { GraphBuilder, GraphNode, NodeOf, OperationName, ValueId } from "@tributary/program";

/** The nodes of a graph that is being built, by the values they make. */
export class Makers {
  readonly #made = new Map<ValueId, GraphNode>();

  /** Takes note of a node that was added. */
  note(node: GraphNode): void {
    for (const [index] of node.outputs.entries()) this.#made.set(node.firstOutput + index, node);
  }

  /** The node that made a value, if it is of this operation. */
  find<Name extends OperationName>(id: ValueId | undefined, operation: Name): NodeOf<Name> | null {
    const node = id === undefined ? undefined : this.#made.get(id);
    // The name says which of the union's members it is.
    return node?.operation === operation ? (node as NodeOf<Name>) : null;
  }

  /** Whether every element of a value is known to be 0. */
  isZero(id: ValueId | undefined): boolean {
    return this.find(id, "constant")?.attributes.values.every((value) => value === 0) ?? false;
  }

  /** The value that a reshape was given, or the value itself. */
  unshaped(id: ValueId | undefined): ValueId | undefined {
    return this.find(id, "reshape")?.inputs[0] ?? id;
  }
}

/** where(x <= 0, 0, what a pooling of x handed back to the elements that it chose). */
export interface PoolMask {
  readonly scatter: NodeOf<"scatterAdd">;
  /** The pooled values. */
  readonly pooled: ValueId;
}

/**
 * Finds the gradient of a ReLU behind that of a max pooling. What the pooling chose is x there: whether it is above 0 may be asked
 * of the pooled values, of which there are fewer.
 */
export function findPoolMask(makers: Makers, node: GraphNode, inputs: readonly ValueId[]): PoolMask | null {
  if (node.operation !== "where") return null;
  const [condition, zero, spread] = inputs;
  const compare = makers.find(condition, "compare");
  const scatter = makers.find(makers.unshaped(spread), "scatterAdd");
  if (compare?.attributes.comparator !== "lessEqual" || scatter === null) return null;
  if (!makers.isZero(zero) || !makers.isZero(compare.inputs[1])) return null;
  const index = makers.unshaped(scatter.inputs[1]);
  const pool = makers.find(index, "maxPool");
  if (pool === null || index !== pool.firstOutput + 1 || pool.inputs[0] !== compare.inputs[0]) return null;
  return { scatter, pooled: pool.firstOutput };
}

/** Adds the same gradient with the question asked of the pooled values. @returns it */
export function addPoolMask(builder: GraphBuilder, { scatter, pooled }: PoolMask, shape: readonly number[]): ValueId {
  const [updates, index] = scatter.inputs;
  const type = builder.typeOf(updates);
  const zero = builder.add("constant", { ...type, values: [0] }, []);
  const values = builder.add("reshape", { shape: type.shape }, [pooled]);
  const off = builder.add("compare", { comparator: "lessEqual" }, [values, zero]);
  const masked = builder.add("where", {}, [off, zero, updates]);
  return builder.add("reshape", { shape }, [builder.add("scatterAdd", scatter.attributes, [masked, index])]);
}
