import { DataError } from "./errors.ts";
import type { FieldDType } from "./field.ts";

/** An array out of an IDX file. */
export interface IdxArray {
  /** uint8 as it is; signed integers of 1, 2 and 4 bytes as int32; float and double as float32. */
  readonly dtype: Extract<FieldDType, "uint8" | "int32" | "float32">;
  /** Outermost dimension first: of a dataset, the number of samples. */
  readonly shape: readonly number[];
  readonly data: Uint8Array | Int32Array | Float32Array;
}

/**
 * Unpacks gzip; comes from outside, because this package has no platform: Node's zlib, or a DecompressionStream in a tab.
 * @param limitBytes the function must fail, rather than return more
 */
export type Gunzip = (bytes: Uint8Array, limitBytes: number) => Promise<Uint8Array>;

/** What an IDX file may describe. */
export const IDX_LIMITS = {
  /** Dimensions. */
  rank: 8,
  /** Bytes of an unpacked file, 1 GiB. */
  fileBytes: 1_073_741_824,
} as const;

interface ElementKind {
  readonly dtype: IdxArray["dtype"];
  readonly bytes: number;
  readonly read: (view: DataView, byteOffset: number) => number;
}

/** Element kinds by the third byte of the file. Elements are big-endian. Source: LeCun, "The MNIST database", file formats. */
const ELEMENT_KINDS: ReadonlyMap<number, ElementKind> = new Map([
  [0x08, { dtype: "uint8", bytes: 1, read: (view, at) => view.getUint8(at) }],
  [0x09, { dtype: "int32", bytes: 1, read: (view, at) => view.getInt8(at) }],
  [0x0b, { dtype: "int32", bytes: 2, read: (view, at) => view.getInt16(at) }],
  [0x0c, { dtype: "int32", bytes: 4, read: (view, at) => view.getInt32(at) }],
  [0x0d, { dtype: "float32", bytes: 4, read: (view, at) => view.getFloat32(at) }],
  [0x0e, { dtype: "float32", bytes: 8, read: (view, at) => view.getFloat64(at) }],
]);

function hexadecimal(bytes: Uint8Array): string {
  return Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

/**
 * Reads an unpacked IDX file: two zero bytes, the kind of elements, the number of dimensions, the dimensions, the elements.
 * @param bytes borrowed; the result is new memory
 * @throws DataError IDX_MAGIC, IDX_TRUNCATED, IDX_TOO_LARGE, and IDX_GZIP when the file is still packed
 */
export function parseIdx(bytes: Uint8Array): IdxArray {
  if (isGzip(bytes)) {
    throw new DataError("IDX_GZIP", "The IDX file is packed with gzip: unpack it first, or pass a gunzip function");
  }
  const kind = bytes[0] === 0 && bytes[1] === 0 ? ELEMENT_KINDS.get(bytes[2] ?? 0) : undefined;
  const rank = bytes[3] ?? 0;
  if (kind === undefined || rank === 0 || rank > IDX_LIMITS.rank) {
    throw new DataError(
      "IDX_MAGIC",
      `The file begins with ${hexadecimal(bytes) || "nothing"}, no IDX file (00 00, kind 08 to 0e, 1 to ${IDX_LIMITS.rank} ` +
        "dimensions): check the file's name",
    );
  }
  const headerBytes = 4 + 4 * rank;
  if (bytes.byteLength < headerBytes) {
    throw new DataError(
      "IDX_TRUNCATED",
      `The IDX file ends in its header, after ${bytes.byteLength} bytes: get it again`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const elements = shape.reduce((product, dimension) => product * dimension, 1);
  const expected = headerBytes + elements * kind.bytes;
  if (expected > IDX_LIMITS.fileBytes) {
    throw new DataError(
      "IDX_TOO_LARGE",
      `The IDX file describes [${shape.join(", ")}], ${expected} bytes, more than ${IDX_LIMITS.fileBytes}: split the file`,
    );
  }
  if (bytes.byteLength !== expected) {
    throw new DataError(
      "IDX_TRUNCATED",
      `The IDX file describes [${shape.join(", ")}], ${expected} bytes, but has ${bytes.byteLength}: get it again`,
    );
  }
  return { dtype: kind.dtype, shape, data: readElements(kind, view, headerBytes, elements) };
}

function readElements(kind: ElementKind, view: DataView, start: number, count: number): IdxArray["data"] {
  if (kind.dtype === "uint8") return new Uint8Array(view.buffer, view.byteOffset + start, count).slice();
  const data = kind.dtype === "int32" ? new Int32Array(count) : new Float32Array(count);
  for (let i = 0; i < count; i += 1) data[i] = kind.read(view, start + i * kind.bytes);
  return data;
}

/** Whether bytes begin as a gzip file does. Source: RFC 1952, 2.3.1. */
function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Reads an IDX file, packed with gzip or not.
 * @throws DataError IDX_GZIP when it is packed and cannot be unpacked; otherwise as {@link parseIdx}
 */
export async function readIdx(bytes: Uint8Array, gunzip?: Gunzip): Promise<IdxArray> {
  if (!isGzip(bytes) || gunzip === undefined) return parseIdx(bytes);
  let unpacked: Uint8Array;
  try {
    unpacked = await gunzip(bytes, IDX_LIMITS.fileBytes);
  } catch (cause) {
    throw new DataError(
      "IDX_GZIP",
      `The gzip file of ${bytes.byteLength} bytes is broken, or holds more than ${IDX_LIMITS.fileBytes}: get it again`,
      { cause },
    );
  }
  return parseIdx(unpacked);
}

/** The four files of a dataset of images. */
export interface IdxNames {
  readonly trainImages: string;
  readonly trainLabels: string;
  readonly testImages: string;
  readonly testLabels: string;
}

/** How MNIST and the datasets made after it name their files; some copies write a point for the second hyphen. */
const IDX_NAME_PATTERNS: Readonly<Record<keyof IdxNames, RegExp>> = {
  trainImages: /^train-images[-.]idx3-ubyte(\.gz)?$/,
  trainLabels: /^train-labels[-.]idx1-ubyte(\.gz)?$/,
  testImages: /^t10k-images[-.]idx3-ubyte(\.gz)?$/,
  testLabels: /^t10k-labels[-.]idx1-ubyte(\.gz)?$/,
};

/**
 * Finds the four files among the names in a folder, by name alone; an unpacked file goes before a packed one.
 * @returns undefined when there is none of the four
 * @throws DataError IDX_FILES_MISSING when there are some of the four
 */
export function findIdxNames(names: readonly string[]): IdxNames | undefined {
  const find = (part: keyof IdxNames) =>
    names.filter((name) => IDX_NAME_PATTERNS[part].test(name)).toSorted((a, b) => a.length - b.length)[0];
  const [trainImages, trainLabels] = [find("trainImages"), find("trainLabels")];
  const [testImages, testLabels] = [find("testImages"), find("testLabels")];
  if (trainImages !== undefined && trainLabels !== undefined && testImages !== undefined && testLabels !== undefined) {
    return { trainImages, trainLabels, testImages, testLabels };
  }
  const found = [trainImages, trainLabels, testImages, testLabels].filter((name) => name !== undefined);
  if (found.length === 0) return undefined;
  throw new DataError(
    "IDX_FILES_MISSING",
    `Of the four IDX files there are only ${found.join(", ")}: put train-images-idx3-ubyte, train-labels-idx1-ubyte, ` +
      "t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte (each perhaps with .gz) into the folder",
  );
}
