import { DataError } from "../errors.ts";
import { allocateColumn, type ColumnData, FIELD_LIMITS, type FieldDType } from "../field.ts";

/** An array out of an NPY file. */
export interface NpyArray {
  /** float64 becomes float32; integers of other widths than ours become int32, if they fit. */
  readonly dtype: FieldDType;
  readonly shape: readonly number[];
  /** Rows one after the other, the last dimension fastest, also where the file has Fortran's order. */
  readonly data: ColumnData;
}

interface Header {
  readonly descriptor: string;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
}

type Read = (view: DataView, at: number, littleEndian: boolean) => number;

interface ElementKind {
  readonly dtype: FieldDType;
  readonly bytes: number;
  readonly read: Read;
}

/** A whole number of 64 bits, if int32 holds it; otherwise NaN, which is refused. */
const readInt64: Read = (view, at, littleEndian) => wholeOrNaN(view.getBigInt64(at, littleEndian));
const readUint64: Read = (view, at, littleEndian) => wholeOrNaN(view.getBigUint64(at, littleEndian));

function wholeOrNaN(value: bigint): number {
  return value >= -2_147_483_648n && value <= 2_147_483_647n ? Number(value) : Number.NaN;
}

/** Element kinds by kind letter and width. Source: the NPY format, numpy.lib.format; array interface type strings. */
const ELEMENT_KINDS: ReadonlyMap<string, ElementKind> = new Map<string, ElementKind>([
  ["f2", { dtype: "float16", bytes: 2, read: (view, at, little) => view.getUint16(at, little) }],
  ["f4", { dtype: "float32", bytes: 4, read: (view, at, little) => view.getFloat32(at, little) }],
  ["f8", { dtype: "float32", bytes: 8, read: (view, at, little) => view.getFloat64(at, little) }],
  ["b1", { dtype: "bool", bytes: 1, read: (view, at) => Math.min(1, view.getUint8(at)) }],
  ["u1", { dtype: "uint8", bytes: 1, read: (view, at) => view.getUint8(at) }],
  ["u2", { dtype: "int32", bytes: 2, read: (view, at, little) => view.getUint16(at, little) }],
  ["u4", { dtype: "uint32", bytes: 4, read: (view, at, little) => view.getUint32(at, little) }],
  ["u8", { dtype: "int32", bytes: 8, read: readUint64 }],
  ["i1", { dtype: "int32", bytes: 1, read: (view, at) => view.getInt8(at) }],
  ["i2", { dtype: "int32", bytes: 2, read: (view, at, little) => view.getInt16(at, little) }],
  ["i4", { dtype: "int32", bytes: 4, read: (view, at, little) => view.getInt32(at, little) }],
  ["i8", { dtype: "int32", bytes: 8, read: readInt64 }],
]);

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** Characters of a header that are read at most: NumPy itself reads no more than 10,000 from strangers. */
const HEADER_LIMIT = 10_000;

function refuse(message: string): never {
  throw new DataError("NPY_INVALID", message);
}

/**
 * Reads an NPY file of version 1, 2 or 3. Its header is a Python literal, of which exactly the form that NumPy writes is understood; nothing is
 * ever evaluated, and pickled objects are refused.
 * @param bytes borrowed; the result is new memory
 * @throws DataError NPY_INVALID, NPY_DTYPE, NPY_TRUNCATED
 */
export function parseNpy(bytes: Uint8Array): NpyArray {
  if (bytes.byteLength < 10 || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    refuse(`The ${bytes.byteLength} bytes are no NPY file, which begins with 93 "NUMPY": check the file's name`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint8(6);
  if (version < 1 || version > 3) refuse(`The NPY file has version ${version}: write it again with numpy.save`);
  const prefix = version === 1 ? 10 : 12;
  if (bytes.byteLength < prefix) refuse("The NPY file ends in its header: get it again");
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > HEADER_LIMIT || prefix + length > bytes.byteLength) {
    refuse(
      `The NPY file's header has ${length} bytes, of ${bytes.byteLength} in all and at most ${HEADER_LIMIT}: get it again`,
    );
  }
  const header = parseHeader(latin1(bytes.subarray(prefix, prefix + length)));
  return readElements(
    header,
    new DataView(bytes.buffer, bytes.byteOffset + prefix + length, bytes.byteLength - prefix - length),
  );
}

function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

/** {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), } with its keys in any order. */
function parseHeader(text: string): Header {
  const body =
    text.match(/^\{(.*)\}\s*$/s)?.[1] ??
    refuse(`The NPY header is ${JSON.stringify(text.slice(0, 80))}, no dictionary: get the file again`);
  const entry = /\s*'(descr|fortran_order|shape)'\s*:\s*(?:'([^']*)'|(True|False)|\(([\d\s,]*)\)|(\[))\s*(?:,|$)/gy;
  const found = new Map<string, RegExpExecArray>();
  let end = 0;
  for (let match = entry.exec(body); match !== null; match = entry.exec(body)) {
    found.set(match[1] ?? "", match);
    end = entry.lastIndex;
  }
  if (found.get("descr")?.[5] !== undefined || /'descr'\s*:\s*\[/.test(body)) {
    throw new DataError(
      "NPY_DTYPE",
      "The NPY file holds records of several fields: save each field as an array of its own",
    );
  }
  const descriptor = found.get("descr")?.[2];
  const order = found.get("fortran_order")?.[3];
  const shape = found.get("shape")?.[4];
  if (
    descriptor === undefined ||
    order === undefined ||
    shape === undefined ||
    body.slice(end).trim() !== "" ||
    found.size !== 3
  ) {
    refuse(
      `The NPY header is ${JSON.stringify(text.trim().slice(0, 80))}, not as NumPy writes it: write the file again with numpy.save`,
    );
  }
  const dimensions = shape
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  if (dimensions.length > FIELD_LIMITS.rank + 1 || !dimensions.every((part) => /^\d+$/.test(part))) {
    refuse(`The NPY array has the shape (${shape.slice(0, 80)}): use at most ${FIELD_LIMITS.rank + 1} dimensions`);
  }
  return { descriptor, fortranOrder: order === "True", shape: dimensions.map(Number) };
}

function readElements({ descriptor, fortranOrder, shape }: Header, view: DataView): NpyArray {
  const [, byteOrder = "", name = ""] = descriptor.match(/^([<>|=]?)([a-zA-Z]\d*)$/) ?? [];
  const kind = ELEMENT_KINDS.get(name);
  if (kind === undefined) {
    const what =
      name === "O"
        ? "pickled Python objects, which are never read"
        : `elements of type ${JSON.stringify(descriptor.slice(0, 20))}`;
    throw new DataError("NPY_DTYPE", `The NPY file holds ${what}: convert the array, with astype("float32") say`);
  }
  const count = shape.reduce((product, dimension) => product * dimension, 1);
  if (count * kind.bytes !== view.byteLength) {
    throw new DataError(
      "NPY_TRUNCATED",
      `The NPY file describes (${shape.join(", ")}), ${count * kind.bytes} bytes, but has ${view.byteLength}: get it again`,
    );
  }
  const data = allocateColumn(kind.dtype, count);
  for (let i = 0; i < count; i += 1) data[i] = readElement(kind, view, i, byteOrder !== ">");
  return { dtype: kind.dtype, shape, data: fortranOrder && shape.length > 1 ? fromFortranOrder(data, shape) : data };
}

function readElement(kind: ElementKind, view: DataView, index: number, littleEndian: boolean): number {
  const value = kind.read(view, index * kind.bytes, littleEndian);
  if (kind.dtype === "int32" && Number.isNaN(value)) {
    throw new DataError(
      "NPY_DTYPE",
      `Element ${index} of the NPY array does not fit into 32 bits: convert the array, to float32 say`,
    );
  }
  return value;
}

/** The same array with its last dimension fastest, where the first one was. */
function fromFortranOrder(data: ColumnData, shape: readonly number[]): ColumnData {
  const result = data.slice();
  const steps = shape.map((_, axis) => shape.slice(0, axis).reduce((product, dimension) => product * dimension, 1));
  const position = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < result.length; to += 1) {
    result[to] = data[from] ?? 0;
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      const next = (position[axis] ?? 0) + 1;
      from += steps[axis] ?? 0;
      if (next < (shape[axis] ?? 0)) {
        position[axis] = next;
        break;
      }
      from -= (steps[axis] ?? 0) * next;
      position[axis] = 0;
    }
  }
  return result;
}
