import {
  elementCount,
  type Graph,
  GraphBuilder,
  type OperationAttributes,
  showType,
  type ValueId,
} from "@tributary/program";
import { AutogradError } from "./errors.ts";
import { constant } from "./primitives.ts";
import { collect, differentiatedParts, regionOf, resolve } from "./recording.ts";
import { closeTrace, type Trace } from "./replay.ts";
import { simplify } from "./simplification.ts";
import { isOperation, type OperationOrigin, placeholder, record, type Value } from "./value.ts";

/** Most elements of an array that a traced function may capture: they become literals of the program. */
export const CAPTURED_ELEMENTS_MAX = 4096;

/** Names an operation with its operands: two of equal key compute the same. */
function keyOf(operation: string, attributes: object, inputs: readonly ValueId[]): string {
  const literal = (_: string, value: unknown): unknown =>
    typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))
      ? `number ${Object.is(value, -0) ? "-0" : value}`
      : value;
  return `${operation} ${inputs.join(",")} ${JSON.stringify(attributes, literal)}`;
}

/** Attributes of a scan without the stacks that nobody reads, and the position of each output that is left. */
function withoutUnusedStacks(
  origin: OperationOrigin<"scan">,
  used: ReadonlySet<Value>,
): { readonly attributes: OperationAttributes["scan"]; readonly kept: readonly number[] } {
  const { attributes } = origin;
  const kept = origin.outputs.flatMap((output, position) =>
    position < attributes.carries || used.has(output) ? [position] : [],
  );
  if (kept.length === origin.outputs.length) return { attributes, kept };
  const inputs = attributes.body.inputs.map((type) => placeholder(type, "body"));
  const outputs = inlineGraph(attributes.body, inputs);
  const body = buildGraph(
    inputs,
    kept.flatMap((position) => outputs[position] ?? []),
  );
  return { attributes: { ...attributes, body }, kept };
}

class Conversion {
  readonly #builder = new GraphBuilder();
  readonly #ids = new Map<Value, ValueId>();
  readonly #known = new Map<string, ValueId>();

  input(value: Value): void {
    this.#ids.set(resolve(value), this.#builder.input(value));
  }

  id(value: Value): ValueId {
    const id = this.#ids.get(resolve(value));
    if (id === undefined) throw new RangeError(`A value of type ${showType(value)} was used before it was recorded`);
    return id;
  }

  add(origin: OperationOrigin, used: ReadonlySet<Value>): void {
    const inputs = origin.inputs.map((input) => this.id(input));
    let attributes = origin.attributes;
    let kept = origin.outputs.map((_, position) => position);
    if (isOperation(origin, "scan")) {
      const trimmed = withoutUnusedStacks(origin, used);
      attributes = trimmed.attributes;
      kept = [...trimmed.kept];
    }
    const key = keyOf(origin.operation, attributes, inputs);
    const first = this.#known.get(key) ?? this.#builder.add(origin.operation, attributes, inputs);
    this.#known.set(key, first);
    kept.forEach((position, index) => {
      const output = origin.outputs[position];
      if (output !== undefined) this.#ids.set(output, first + index);
    });
  }

  /** Elements that were captured become literals. */
  capture(leaf: Value): void {
    const { origin } = leaf;
    if (origin.kind !== "data") {
      throw new AutogradError(
        "INVALID_TRACE",
        `A value of type ${showType(leaf)} belongs to another trace: use only the inputs of the function that is traced`,
      );
    }
    if (elementCount(leaf.shape) > CAPTURED_ELEMENTS_MAX) {
      throw new AutogradError(
        "CONSTANT_TOO_LARGE",
        `An array of type ${showType(leaf)} was captured, but at most ${CAPTURED_ELEMENTS_MAX} elements may be: make it an input of the program`,
      );
    }
    const { origin: literal } = constant({ dtype: leaf.dtype, shape: leaf.shape, values: [...origin.elements] });
    if (isOperation(literal, "constant")) {
      const key = keyOf("constant", literal.attributes, []);
      const id = this.#known.get(key) ?? this.#builder.add("constant", literal.attributes, []);
      this.#known.set(key, id);
      this.#ids.set(leaf, id);
    }
  }

  build(outputs: readonly Value[]): Graph {
    return this.#builder.build(outputs.map((output) => this.id(output)));
  }
}

/**
 * The graph that computes `outputs` from `inputs`, without what nobody needs and with equal operations merged.
 * The same recording gives the same graph, node for node.
 * @throws AutogradError INVALID_TRACE, CONSTANT_TOO_LARGE
 */
export function buildGraph(inputs: readonly Value[], outputs: readonly Value[]): Graph {
  const boundary = new Set(inputs.map(resolve));
  const isBoundary = (value: Value): boolean => boundary.has(value);
  const results = simplify(outputs, isBoundary);
  const { origins, leaves, used } = collect(results, isBoundary);
  const conversion = new Conversion();
  for (const input of inputs) conversion.input(input);
  for (const leaf of leaves) if (!boundary.has(leaf)) conversion.capture(leaf);
  for (const origin of origins) conversion.add(origin, used);
  return conversion.build(results);
}

/** Records the operations of a graph again, on `inputs`. @returns the values of its outputs */
function inlineGraph(graph: Graph, inputs: readonly Value[]): Value[] {
  const values: Value[] = [...inputs];
  const operands = (ids: readonly ValueId[]): Value[] => ids.flatMap((id) => values[id] ?? []);
  for (const node of graph.nodes) {
    const operandsOfNode = operands(node.inputs);
    const outputs =
      node.operation === "scan"
        ? recordScan(node.attributes, operandsOfNode)
        : record(node.operation, node.attributes, operandsOfNode);
    values.push(...outputs.slice(0, node.outputs.length));
  }
  return operands(graph.outputs);
}

/** A loop without its body. */
export type LoopForm = Omit<OperationAttributes["scan"], "body">;

/** What each recorded loop does in a turn, as values: unlike the body, they know of stopped gradients and of those of its own. */
const turns = new WeakMap<OperationAttributes["scan"], Trace>();

/** One turn of a recorded loop: an input for each of the body's, an output for each of the loop's. */
export function turnOf(attributes: OperationAttributes["scan"]): Trace {
  const turn = turns.get(attributes);
  if (turn === undefined) throw new RangeError("A loop was recorded without what it does in a turn: use recordLoop");
  return turn;
}

/** Values of a turn that change from turn to turn, without the slices, which are in the arrays. */
function changing({ inputs, outputs }: Trace, { carries, sliced }: LoopForm): Value[] {
  const own = new Set(inputs);
  const inside = new Set(inputs.slice(0, carries + sliced));
  const found = inputs.slice(0, carries);
  for (const value of regionOf(outputs, (each) => own.has(each), differentiatedParts)) {
    if (!differentiatedParts(value).some((part) => inside.has(part))) continue;
    inside.add(value);
    found.push(value);
  }
  return found;
}

/**
 * Records a loop whose stacks hold, beside its own, every carry as it came into each turn and all that a turn computes:
 * its gradient takes from them what it needs. What nobody reads is left out of the program again.
 * @param turn one turn: inputs for carries, slices and what all turns see; outputs for carries and stacks
 */
export function recordLoop(form: LoopForm, operands: readonly Value[], turn: Trace): readonly Value[] {
  const { inputs, outputs } = closeTrace(turn);
  const stacked = new Set(outputs.slice(form.carries));
  const all = [...outputs, ...changing({ inputs, outputs }, form).filter((value) => !stacked.has(value))];
  const attributes = { ...form, body: buildGraph(inputs, all) };
  turns.set(attributes, { inputs, outputs: all });
  return record("scan", attributes, operands);
}

/** Records a loop of which only the graph of its body is known. */
export function recordScan(attributes: OperationAttributes["scan"], inputs: readonly Value[]): readonly Value[] {
  if (turns.has(attributes)) return record("scan", attributes, inputs);
  const { body, ...form } = attributes;
  const own = body.inputs.map((type) => placeholder(type, "body"));
  return recordLoop(form, inputs, { inputs: own, outputs: inlineGraph(body, own) });
}
