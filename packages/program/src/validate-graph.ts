import { type AttributeForm, attributeForms } from "./attribute-forms.ts";
import { DTYPES, elementCount, shapesEqual, type TensorType } from "./dtype.ts";
import { ProgramError } from "./errors.ts";
import type { Graph, GraphNode } from "./graph.ts";
import { isIntegerIn, requireShape, showType, showTypes } from "./inference/checks.ts";
import { inferOutputs, isOperationName } from "./inference.ts";
import type { ProgramLimits } from "./limits.ts";
import { COMPARATORS } from "./operations.ts";

function malformed(what: string): ProgramError {
  return new ProgramError("GRAPH_MALFORMED", `${what}: build graphs with GraphBuilder`);
}

function isArrayOf(value: unknown, isEntry: (entry: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isEntry);
}

function isInteger(value: unknown): boolean {
  return isIntegerIn(value, 0, Number.MAX_SAFE_INTEGER);
}

function isPair(value: unknown): boolean {
  return isArrayOf(value, isInteger) && (value as readonly unknown[]).length === 2;
}

/** What a value of each form is; graphs are looked into by {@link validateGraph}. */
const IS_FORM: Readonly<Record<AttributeForm, (value: unknown) => boolean>> = {
  integer: isInteger,
  number: (value) => typeof value === "number",
  boolean: (value) => typeof value === "boolean",
  dtype: (value) => DTYPES.some((dtype) => dtype === value),
  comparator: (value) => COMPARATORS.some((comparator) => comparator === value),
  integers: (value) => isArrayOf(value, isInteger),
  numbers: (value) => isArrayOf(value, (entry) => typeof entry === "number"),
  pair: isPair,
  pairs: (value) => isArrayOf(value, isPair) && (value as readonly unknown[]).length === 2,
  graph: (value) => typeof value === "object" && value !== null,
};

function requireForms(node: GraphNode): void {
  const attributes: unknown = node.attributes;
  if (typeof attributes !== "object" || attributes === null) {
    throw new ProgramError("ATTRIBUTE_INVALID", `${node.operation}: attributes must be an object: see operations.ts`);
  }
  const forms = attributeForms(node.operation);
  for (const [field, form] of forms) {
    if (Object.hasOwn(attributes, field) && IS_FORM[form]((attributes as Record<string, unknown>)[field])) continue;
    throw new ProgramError(
      "ATTRIBUTE_INVALID",
      `${node.operation}: the attribute ${field} must be of the form ${form}: see operations.ts`,
    );
  }
  const surplus = Object.keys(attributes).filter((key) => !forms.some(([field]) => field === key));
  if (surplus.length > 0) {
    throw new ProgramError(
      "ATTRIBUTE_INVALID",
      `${node.operation}: there is no attribute ${JSON.stringify((surplus[0] ?? "").slice(0, 64))}: leave it out`,
    );
  }
}

function isType(value: unknown): value is TensorType {
  if (typeof value !== "object" || value === null) return false;
  const { dtype, shape } = value as Partial<Record<keyof TensorType, unknown>>;
  return IS_FORM.dtype(dtype) && IS_FORM.integers(shape);
}

/** Walks a graph and the bodies of its scans, counting against the limits. */
class GraphValidation {
  readonly #limits: ProgramLimits;
  #nodeCount = 0;
  #valueCount = 0;

  constructor(limits: ProgramLimits) {
    this.#limits = limits;
  }

  graph(graph: Graph, depth: number): void {
    const { depth: depthMax } = this.#limits;
    if (depth > depthMax) {
      throw new ProgramError("LIMIT_DEPTH", `Scans are nested more than ${depthMax} deep: flatten the loops`);
    }
    if (![graph.inputs, graph.nodes, graph.outputs].every(Array.isArray)) {
      throw malformed("A graph has inputs, nodes and outputs that are not all arrays");
    }
    this.#countNodes(graph.nodes.length);
    const types: TensorType[] = [];
    for (const type of graph.inputs) types.push(this.#value(type, `Input ${types.length}`));
    for (const node of graph.nodes) this.#node(node, types, depth);
    for (const id of graph.outputs) requireValue("The outputs", id, types);
  }

  #countNodes(count: number): void {
    this.#nodeCount += count;
    if (this.#nodeCount > this.#limits.nodes) {
      throw new ProgramError(
        "LIMIT_NODES",
        `There are ${this.#nodeCount} or more operations, above ${this.#limits.nodes}: trace a smaller model`,
      );
    }
  }

  /** Checks a declared type on its own. */
  #value(type: TensorType, what: string): TensorType {
    if (!isType(type)) throw malformed(`${what} has no dtype and shape as in dtype.ts`);
    requireShape(what, type.shape);
    this.#valueCount += 1;
    const { values, tensorElements } = this.#limits;
    if (this.#valueCount > values) {
      throw new ProgramError("LIMIT_NODES", `There are more than ${values} values: trace a smaller model`);
    }
    if (elementCount(type.shape) > tensorElements) {
      throw new ProgramError(
        "LIMIT_ELEMENTS",
        `${what} is ${showType(type)}, above ${tensorElements} elements: use a smaller microbatch`,
      );
    }
    return type;
  }

  #node(node: GraphNode, types: TensorType[], depth: number): void {
    const operation: unknown = typeof node === "object" && node !== null ? node.operation : null;
    if (typeof operation !== "string" || !isOperationName(operation)) {
      throw new ProgramError(
        "OPERATION_UNKNOWN",
        `There is no operation ${String(operation).slice(0, 64)}: see OPERATION_NAMES`,
      );
    }
    requireForms(node);
    if (node.firstOutput !== types.length || !Array.isArray(node.inputs) || !Array.isArray(node.outputs)) {
      throw malformed(`The ${operation} after ${types.length} values numbers its outputs from ${node.firstOutput}`);
    }
    const inputs = node.inputs.map((id) => requireValue(operation, id, types));
    if (node.operation === "scan") this.graph(node.attributes.body, depth + 1);
    const inferred = inferOutputs(node.operation, node.attributes, inputs);
    node.outputs.forEach((type, place) => {
      this.#value(type, `Output ${place} of ${operation}`);
    });
    requireDeclared(operation, node.outputs, inferred);
    types.push(...inferred);
  }
}

function requireValue(what: string, id: unknown, types: readonly TensorType[]): TensorType {
  const type = typeof id === "number" ? types[id] : undefined;
  if (type !== undefined) return type;
  throw new ProgramError(
    "VALUE_UNKNOWN",
    `${what}: there is no value ${String(id).slice(0, 64)} among the ${types.length} before: use earlier values`,
  );
}

function requireDeclared(operation: string, declared: readonly TensorType[], inferred: readonly TensorType[]): void {
  const same =
    declared.length === inferred.length &&
    declared.every(({ dtype, shape }, place) => {
      const other = inferred[place];
      return other !== undefined && dtype === other.dtype && shapesEqual(shape, other.shape);
    });
  if (same) return;
  throw new ProgramError(
    "TYPE_FORGED",
    `${operation}: declares the outputs ${showTypes(declared)}, but its inputs give ${showTypes(inferred)}: trace the program again`,
  );
}

/**
 * Checks a graph of any origin: known operations, attributes well-formed and in range, each input an earlier value,
 * declared types equal to the inferred ones, limits on nodes, values, depth and the elements of each tensor.
 * @throws ProgramError
 */
export function validateGraph(graph: Graph, limits: ProgramLimits): void {
  new GraphValidation(limits).graph(graph, 0);
}
