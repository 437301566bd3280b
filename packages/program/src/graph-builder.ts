import type { TensorType } from "./dtype.ts";
import { ProgramError } from "./errors.ts";
import type { Graph, GraphNode, ValueId } from "./graph.ts";
import { requireShape } from "./inference/checks.ts";
import { inferOutputs } from "./inference.ts";
import type { OperationAttributes, OperationName } from "./operations.ts";

/**
 * Builds a graph operation by operation; types are inferred, so that what it builds is valid.
 * All inputs are declared before the first operation is added.
 */
export class GraphBuilder {
  readonly #types: TensorType[] = [];
  readonly #nodes: GraphNode[] = [];
  #inputCount = 0;

  /** Declares the next input. @throws ProgramError INPUT_AFTER_NODE, SHAPE_INVALID */
  input(type: TensorType): ValueId {
    if (this.#nodes.length > 0) {
      throw new ProgramError(
        "INPUT_AFTER_NODE",
        `Input ${this.#inputCount} comes after ${this.#nodes.length} operations: declare all inputs first`,
      );
    }
    requireShape("input", type.shape);
    this.#types.push({ dtype: type.dtype, shape: [...type.shape] });
    this.#inputCount += 1;
    return this.#types.length - 1;
  }

  /**
   * Adds an operation. Further outputs (maxPool, scan) have the ids that follow.
   * @returns the first output
   * @throws ProgramError VALUE_UNKNOWN, and those of {@link inferOutputs}
   */
  add<Name extends OperationName>(
    operation: Name,
    attributes: OperationAttributes[Name],
    inputs: readonly ValueId[],
  ): ValueId {
    const outputs = inferOutputs(
      operation,
      attributes,
      inputs.map((id) => this.typeOf(id)),
    );
    const firstOutput = this.#types.length;
    // The cast pairs a name with its attributes, which the parameters of this method have already tied together.
    this.#nodes.push({ operation, attributes, inputs: [...inputs], firstOutput, outputs } as unknown as GraphNode);
    this.#types.push(...outputs);
    return firstOutput;
  }

  /** @throws ProgramError VALUE_UNKNOWN */
  typeOf(id: ValueId): TensorType {
    const type = this.#types[id];
    if (type === undefined) {
      throw new ProgramError(
        "VALUE_UNKNOWN",
        `There is no value ${id} among the ${this.#types.length} of this graph: use ids that this builder returned`,
      );
    }
    return type;
  }

  /** The graph so far; the builder can go on. @throws ProgramError VALUE_UNKNOWN */
  build(outputs: readonly ValueId[]): Graph {
    for (const id of outputs) this.typeOf(id);
    return { inputs: this.#types.slice(0, this.#inputCount), nodes: [...this.#nodes], outputs: [...outputs] };
  }
}
