import { type AttributeForm, attributeForms } from "./attribute-forms.ts";
import { ByteReader } from "./byte-reader.ts";
import { DTYPES, type TensorType } from "./dtype.ts";
import { ProgramError } from "./errors.ts";
import type { Graph, GraphNode } from "./graph.ts";
import { RANK_MAX } from "./inference/checks.ts";
import { isOperationName, OPERATION_NAMES } from "./inference.ts";
import type { ProgramLimits } from "./limits.ts";
import { COMPARATORS, type OperationName } from "./operations.ts";
import type { Program, ProgramInput } from "./program.ts";
import { NAME_LENGTH_MAX, PROGRAM_FORMAT_VERSION, PROGRAM_MAGIC } from "./program-format.ts";

/** Fewest bytes of an encoded type: a dtype and a rank. */
const TYPE_BYTES_MIN = 2;

/** Fewest bytes of an encoded node: operation, number of inputs, number of outputs. */
const NODE_BYTES_MIN = 3;

/** One pass over the bytes, which counts what it makes against the limits before it makes it. */
class ProgramReading {
  readonly #reader: ByteReader;
  readonly #limits: ProgramLimits;
  #operations: readonly OperationName[] = [];
  #nodeCount = 0;
  #valueCount = 0;

  constructor(bytes: Uint8Array, limits: ProgramLimits) {
    this.#reader = new ByteReader(bytes);
    this.#limits = limits;
  }

  program(): Program {
    const reader = this.#reader;
    this.#header();
    const name = reader.ascii(NAME_LENGTH_MAX);
    const operationCount = reader.count(OPERATION_NAMES.length, 1);
    this.#operations = Array.from({ length: operationCount }, () => this.#operationName());
    const graph = this.#graph(0);
    const inputs = graph.inputs.map((type) => ({ ...type, name: reader.ascii(NAME_LENGTH_MAX) }));
    const types = [...graph.inputs, ...graph.nodes.flatMap((node) => node.outputs)];
    const outputs = graph.outputs.map((id) => {
      const type = reader.choose(types, id, "output value");
      const name = reader.ascii(NAME_LENGTH_MAX);
      return { ...type, name, replaces: this.#replaces(inputs) };
    });
    if (reader.remaining > 0) {
      throw new ProgramError("BYTES_TRAILING", `${reader.remaining} bytes follow the program: fetch it again`);
    }
    return { name, graph, inputs, outputs };
  }

  #header(): void {
    const magic = PROGRAM_MAGIC.map(() => this.#reader.uint8());
    if (!magic.every((byte, place) => byte === PROGRAM_MAGIC[place])) {
      throw new ProgramError(
        "BYTES_MAGIC",
        `The bytes begin with ${magic.join(" ")}, not with "TBPG": pass an encoded program`,
      );
    }
    const version = this.#reader.uint16();
    if (version !== PROGRAM_FORMAT_VERSION) {
      throw new ProgramError(
        "BYTES_VERSION",
        `The program has format version ${version}, but this side knows ${PROGRAM_FORMAT_VERSION}: update the older side`,
      );
    }
  }

  #operationName(): OperationName {
    const name = this.#reader.ascii(NAME_LENGTH_MAX);
    if (isOperationName(name)) return name;
    throw new ProgramError(
      "OPERATION_UNKNOWN",
      `The program uses the operation ${JSON.stringify(name)}, which this version does not know: update it`,
    );
  }

  #replaces(inputs: readonly ProgramInput[]): string | null {
    const place = this.#reader.varint();
    return place === 0 ? null : this.#reader.choose(inputs, place - 1, "replaced input").name;
  }

  #graph(depth: number): Graph {
    const { depth: depthMax, nodes: nodesMax } = this.#limits;
    if (depth > depthMax) {
      throw new ProgramError("LIMIT_DEPTH", `Scans are nested more than ${depthMax} deep: flatten the loops`);
    }
    const inputs = this.#types();
    const nodeCount = this.#reader.count(Number.MAX_SAFE_INTEGER, NODE_BYTES_MIN);
    this.#nodeCount += nodeCount;
    if (this.#nodeCount > nodesMax) {
      throw new ProgramError(
        "LIMIT_NODES",
        `There are ${this.#nodeCount} or more operations, above ${nodesMax}: trace a smaller model`,
      );
    }
    const nodes: GraphNode[] = [];
    let valueCount = inputs.length;
    for (let place = 0; place < nodeCount; place += 1) {
      const node = this.#node(valueCount, depth);
      valueCount += node.outputs.length;
      nodes.push(node);
    }
    return { inputs, nodes, outputs: this.#integers(valueCount) };
  }

  #node(firstOutput: number, depth: number): GraphNode {
    const reader = this.#reader;
    const operation = reader.choose(this.#operations, reader.varint(), "operation");
    // Values are earlier ones by construction: a distance of 0, or beyond the first value, is no distance.
    const inputs = this.#integers(this.#limits.values).map((distance) => {
      if (distance < 1 || distance > firstOutput)
        throw reader.invalid(`an input ${distance} values back of ${firstOutput}`);
      return firstOutput - distance;
    });
    const attributes: Record<string, unknown> = {};
    for (const [field, form] of attributeForms(operation)) attributes[field] = this.#attribute(form, depth);
    const node = { operation, attributes, inputs, firstOutput, outputs: this.#types() };
    // Each attribute has the form that ATTRIBUTE_FORMS gives its field, and ATTRIBUTE_FORMS compiles.
    return node as unknown as GraphNode;
  }

  #attribute(form: AttributeForm, depth: number): unknown {
    const reader = this.#reader;
    switch (form) {
      case "integer":
        return reader.varint();
      case "number":
        return reader.float64();
      case "boolean":
        return reader.choose([false, true], reader.uint8(), "boolean");
      case "dtype":
        return reader.choose(DTYPES, reader.varint(), "dtype");
      case "comparator":
        return reader.choose(COMPARATORS, reader.varint(), "comparator");
      case "integers":
        return this.#integers(RANK_MAX);
      case "numbers":
        return this.#numbers();
      case "pair":
        return this.#pair();
      case "pairs":
        return [this.#pair(), this.#pair()];
      case "graph":
        return this.#graph(depth + 1);
      default:
        return form satisfies never;
    }
  }

  #types(): TensorType[] {
    const count = this.#reader.count(Number.MAX_SAFE_INTEGER, TYPE_BYTES_MIN);
    this.#valueCount += count;
    if (this.#valueCount > this.#limits.values) {
      throw new ProgramError(
        "LIMIT_NODES",
        `There are ${this.#valueCount} or more values, above ${this.#limits.values}: trace a smaller model`,
      );
    }
    return Array.from({ length: count }, () => {
      const dtype = this.#reader.choose(DTYPES, this.#reader.varint(), "dtype");
      return { dtype, shape: this.#integers(RANK_MAX) };
    });
  }

  #integers(max: number): number[] {
    return Array.from({ length: this.#reader.count(max, 1) }, () => this.#reader.varint());
  }

  #numbers(): number[] {
    return Array.from({ length: this.#reader.count(Number.MAX_SAFE_INTEGER, 8) }, () => this.#reader.float64());
  }

  #pair(): [number, number] {
    return [this.#reader.varint(), this.#reader.varint()];
  }
}

/**
 * A program from bytes of any origin, which it borrows. Its form is right; whether it makes sense is for
 * {@link validateProgram} to say.
 * @throws ProgramError BYTES_*, OPERATION_UNKNOWN, LIMIT_NODES, LIMIT_DEPTH
 */
export function readProgram(bytes: Uint8Array, limits: ProgramLimits): Program {
  return new ProgramReading(bytes, limits).program();
}
