import { type AttributeForm, attributeForms } from "./attribute-forms.ts";
import { ByteWriter } from "./byte-writer.ts";
import { DTYPES, type Shape, type TensorType } from "./dtype.ts";
import { ProgramError } from "./errors.ts";
import type { Graph, GraphNode } from "./graph.ts";
import { COMPARATORS, type OperationName } from "./operations.ts";
import type { Program } from "./program.ts";
import { PROGRAM_FORMAT_VERSION, PROGRAM_MAGIC } from "./program-format.ts";

type OperationPlaces = ReadonlyMap<OperationName, number>;

function collectOperations(graph: Graph, names: Set<OperationName>): void {
  for (const node of graph.nodes) {
    names.add(node.operation);
    if (node.operation === "scan") collectOperations(node.attributes.body, names);
  }
}

function writePlace<Entry>(writer: ByteWriter, entries: readonly Entry[], entry: Entry): void {
  // A missing entry is -1, which a varint refuses.
  writer.varint(entries.indexOf(entry));
}

function writeIntegers(writer: ByteWriter, integers: readonly number[]): void {
  writer.varint(integers.length);
  for (const integer of integers) writer.varint(integer);
}

function writeType(writer: ByteWriter, type: { readonly dtype: TensorType["dtype"]; readonly shape: Shape }): void {
  writePlace(writer, DTYPES, type.dtype);
  writeIntegers(writer, type.shape);
}

function writeTypes(writer: ByteWriter, types: readonly TensorType[]): void {
  writer.varint(types.length);
  for (const type of types) writeType(writer, type);
}

function writeNumbers(writer: ByteWriter, numbers: readonly number[]): void {
  writer.varint(numbers.length);
  for (const number of numbers) writer.float64(number);
}

function writePair(writer: ByteWriter, pair: readonly number[]): void {
  for (const integer of pair) writer.varint(integer);
}

/**
 * Writes one attribute of each form. The casts are safe where ATTRIBUTE_FORMS compiles: it ties each form to its field's
 * type.
 */
const ATTRIBUTE_WRITERS: Readonly<
  Record<AttributeForm, (writer: ByteWriter, value: unknown, places: OperationPlaces) => void>
> = {
  integer: (writer, value) => writer.varint(value as number),
  number: (writer, value) => writer.float64(value as number),
  boolean: (writer, value) => writer.uint8(value === true ? 1 : 0),
  dtype: (writer, value) => writePlace<unknown>(writer, DTYPES, value),
  comparator: (writer, value) => writePlace<unknown>(writer, COMPARATORS, value),
  integers: (writer, value) => writeIntegers(writer, value as readonly number[]),
  numbers: (writer, value) => writeNumbers(writer, value as readonly number[]),
  pair: (writer, value) => writePair(writer, value as readonly number[]),
  pairs: (writer, value) => {
    for (const pair of value as readonly (readonly number[])[]) writePair(writer, pair);
  },
  graph: (writer, value, places) => writeGraph(writer, value as Graph, places),
};

function writeNode(writer: ByteWriter, node: GraphNode, places: OperationPlaces): void {
  writer.varint(places.get(node.operation) ?? -1);
  writeIntegers(
    writer,
    node.inputs.map((id) => node.firstOutput - id),
  );
  const attributes: ReadonlyMap<string, unknown> = new Map(Object.entries(node.attributes));
  for (const [field, form] of attributeForms(node.operation)) {
    ATTRIBUTE_WRITERS[form](writer, attributes.get(field), places);
  }
  writeTypes(writer, node.outputs);
}

function writeGraph(writer: ByteWriter, graph: Graph, places: OperationPlaces): void {
  writeTypes(writer, graph.inputs);
  writer.varint(graph.nodes.length);
  for (const node of graph.nodes) writeNode(writer, node, places);
  writeIntegers(writer, graph.outputs);
}

function replacedPlace(program: Program, replaces: string | null): number {
  if (replaces === null) return 0;
  const place = program.inputs.findIndex((input) => input.name === replaces);
  if (place < 0) {
    throw new ProgramError(
      "REPLACES_INVALID",
      `${program.name}: an output replaces ${replaces}, which is no input: mend it`,
    );
  }
  return 1 + place;
}

/** The bytes of a valid program, in the form that program-format.ts describes. @throws ProgramError when it is not valid */
export function writeProgram(program: Program): Uint8Array {
  const writer = new ByteWriter();
  for (const byte of PROGRAM_MAGIC) writer.uint8(byte);
  writer.uint16(PROGRAM_FORMAT_VERSION);
  writer.ascii(program.name);
  const used = new Set<OperationName>();
  collectOperations(program.graph, used);
  const names = [...used].sort();
  writer.varint(names.length);
  for (const name of names) writer.ascii(name);
  writeGraph(writer, program.graph, new Map(names.map((name, place) => [name, place])));
  for (const { name } of program.inputs) writer.ascii(name);
  for (const { name, replaces } of program.outputs) {
    writer.ascii(name);
    writer.varint(replacedPlace(program, replaces));
  }
  return writer.finish();
}
