import { TrainingError } from "./errors.ts";

/**
 * The safetensors format, read and written after its reference (huggingface/safetensors, README and src/tensor.rs): eight bytes
 * of header length, a JSON header, then the tensors' bytes without holes. Stricter than the reference in two places where its README
 * is too: the header starts with "{" at once, and no name stands twice.
 */

/** Bits of one element of every dtype that the format names. */
const BITS_PER_ELEMENT = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
} as const;

/** A dtype as safetensors writes it. */
export type SafetensorsDType = keyof typeof BITS_PER_ELEMENT;

/** A tensor in a file: `bytes` hold the elements in row-major order, little-endian. */
export interface SafetensorsEntry {
  readonly dtype: SafetensorsDType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** What a file holds. A Map, because a tensor may well be called `__proto__`. */
export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, SafetensorsEntry>;
  readonly metadata: ReadonlyMap<string, string>;
}

const LENGTH_BYTES = 8;
/** Limit of the reference implementation on the JSON header, in bytes. */
const HEADER_BYTES_MAX = 100_000_000;
/** The data section starts at a multiple of this, so that readers may map it. */
const ALIGNMENT_BYTES = 8;
const METADATA_NAME = "__metadata__";
const OPENING_BRACE = 0x7b;

/**
 * Writes a file: larger elements first, then by name, as the reference does, so that every tensor is aligned.
 * @returns bytes that belong to the caller
 * @throws TrainingError MODEL_FILE_INVALID if an entry's bytes do not match its shape and dtype
 */
export function encodeSafetensors(file: SafetensorsFile): Uint8Array {
  const entries = [...file.tensors].sort(
    ([nameA, a], [nameB, b]) =>
      BITS_PER_ELEMENT[b.dtype] - BITS_PER_ELEMENT[a.dtype] || (nameA < nameB ? -1 : nameA > nameB ? 1 : 0),
  );
  const parts: string[] = [];
  if (file.metadata.size > 0) {
    parts.push(
      `${JSON.stringify(METADATA_NAME)}:${jsonObject([...file.metadata].map(([key, value]) => [key, JSON.stringify(value)]))}`,
    );
  }
  let offset = 0;
  for (const [name, { dtype, shape, bytes }] of entries) {
    if (name === METADATA_NAME) throw invalid(`${METADATA_NAME} cannot be the name of a tensor: rename it`);
    const expected = entryBytes(name, dtype, shape);
    if (expected !== bytes.byteLength) {
      throw invalid(
        `Tensor ${JSON.stringify(name)} has ${bytes.byteLength} bytes, but ${dtype} [${shape}] takes ${expected}`,
      );
    }
    const end = offset + bytes.byteLength;
    parts.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [offset, end] })}`);
    offset = end;
  }
  return assemble(
    `{${parts.join(",")}}`,
    entries.map(([, entry]) => entry.bytes),
    offset,
  );
}

function assemble(json: string, blocks: readonly Uint8Array[], dataBytes: number): Uint8Array {
  const header = new TextEncoder().encode(json);
  const headerBytes = Math.ceil(header.byteLength / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
  const result = new Uint8Array(LENGTH_BYTES + headerBytes + dataBytes).fill(
    0x20,
    LENGTH_BYTES,
    LENGTH_BYTES + headerBytes,
  );
  new DataView(result.buffer).setBigUint64(0, BigInt(headerBytes), true);
  result.set(header, LENGTH_BYTES);
  let position = LENGTH_BYTES + headerBytes;
  for (const block of blocks) {
    result.set(block, position);
    position += block.byteLength;
  }
  return result;
}

function jsonObject(entries: readonly (readonly [string, string])[]): string {
  return `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(",")}}`;
}

/**
 * Reads a file from a stranger. The entries' bytes are views into `bytes`, which may be unaligned: copy before viewing them as floats.
 * @throws TrainingError MODEL_FILE_INVALID naming what is wrong
 */
export function decodeSafetensors(bytes: Uint8Array): SafetensorsFile {
  const { header, data } = splitFile(bytes);
  const ranges: { name: string; begin: number; end: number }[] = [];
  const tensors = new Map<string, SafetensorsEntry>();
  let metadata = new Map<string, string>();
  for (const [name, value] of Object.entries(header)) {
    if (name === METADATA_NAME) {
      metadata = parseMetadata(value);
      continue;
    }
    const { dtype, shape, begin, end } = parseEntry(name, value);
    const expected = entryBytes(name, dtype, shape);
    if (end - begin !== expected) {
      throw invalid(
        `Tensor ${JSON.stringify(name)} spans ${end - begin} bytes, but ${dtype} [${shape}] takes ${expected}`,
      );
    }
    if (end > data.byteLength) {
      throw invalid(
        `Tensor ${JSON.stringify(name)} ends at byte ${end}, but the data section has ${data.byteLength}: the file is cut off`,
      );
    }
    ranges.push({ name, begin, end });
    tensors.set(name, { dtype, shape, bytes: data.subarray(begin, end) });
  }
  checkContiguous(ranges, data.byteLength);
  return { tensors, metadata };
}

/** Ranges must tile the data section: no hole, no overlap, nothing behind the last. */
function checkContiguous(ranges: { name: string; begin: number; end: number }[], dataBytes: number): void {
  ranges.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let position = 0;
  for (const { name, begin, end } of ranges) {
    if (begin !== position) {
      throw invalid(
        `Tensor ${JSON.stringify(name)} begins at byte ${begin}, but the one before it ends at ${position}: holes and overlaps are not allowed`,
      );
    }
    position = end;
  }
  if (position !== dataBytes) {
    throw invalid(`The tensors take ${position} bytes, but the data section has ${dataBytes}`);
  }
}

function splitFile(bytes: Uint8Array): { header: object; data: Uint8Array } {
  if (bytes.byteLength < LENGTH_BYTES) {
    throw invalid(
      `The file has ${bytes.byteLength} bytes, but ${LENGTH_BYTES} hold the header's length alone: it is cut off or not safetensors`,
    );
  }
  const headerBytes = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(0, true);
  if (headerBytes > BigInt(HEADER_BYTES_MAX)) {
    throw invalid(
      `The header claims ${headerBytes} bytes, at most ${HEADER_BYTES_MAX} are allowed: this is not a safetensors file`,
    );
  }
  const end = LENGTH_BYTES + Number(headerBytes);
  if (end > bytes.byteLength) {
    throw invalid(
      `The header claims ${headerBytes} bytes, but the file has ${bytes.byteLength - LENGTH_BYTES} left: it is cut off`,
    );
  }
  const headerText = bytes.subarray(LENGTH_BYTES, end);
  if (headerText[0] !== OPENING_BRACE)
    throw invalid("The header does not start with {: this is not a safetensors file");
  return { header: parseHeader(headerText), data: bytes.subarray(end) };
}

function parseHeader(bytes: Uint8Array): object {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) throw invalid("The header is not a JSON object");
    const twice = repeatedName(text);
    if (twice !== null) throw invalid(`The header has the name ${JSON.stringify(twice)} twice`);
    return value;
  } catch (error) {
    if (error instanceof TrainingError) throw error;
    throw invalid("The header is not JSON in UTF-8", error);
  }
}

/** JSON.parse keeps the last of two equal keys silently; this finds the first name that stands twice in valid JSON, at any depth. */
function repeatedName(json: string): string | null {
  const scopes: Set<string>[] = [];
  const tokens = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}]/gs;
  for (let token = tokens.exec(json); token !== null; token = tokens.exec(json)) {
    if (token[0] === "{") scopes.push(new Set());
    else if (token[0] === "}") scopes.pop();
    else if (token[1] !== undefined) {
      const name: unknown = JSON.parse(token[0].slice(0, -token[1].length));
      const scope = scopes.at(-1);
      if (typeof name !== "string" || scope === undefined) continue;
      if (scope.has(name)) return name;
      scope.add(name);
    }
  }
  return null;
}

function parseMetadata(value: unknown): Map<string, string> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw invalid("__metadata__ is not an object of strings");
  return new Map(
    Object.entries(value).map(([key, text]: [string, unknown]) => {
      if (typeof text !== "string") throw invalid(`__metadata__ has ${JSON.stringify(key)}, which is not a string`);
      return [key, text];
    }),
  );
}

function parseEntry(
  name: string,
  value: unknown,
): { dtype: SafetensorsDType; shape: number[]; begin: number; end: number } {
  const shown = JSON.stringify(name);
  if (typeof value !== "object" || value === null) throw invalid(`Tensor ${shown} is not described by an object`);
  const dtype: unknown = "dtype" in value ? value.dtype : undefined;
  if (!isDType(dtype)) throw invalid(`Tensor ${shown} has the unknown dtype ${JSON.stringify(dtype)}`);
  const shape = naturals("shape" in value ? value.shape : undefined);
  const offsets = naturals("data_offsets" in value ? value.data_offsets : undefined);
  const [begin, end] = offsets ?? [];
  if (shape === null) throw invalid(`Tensor ${shown} has a shape that is not a list of whole numbers of at least 0`);
  if (begin === undefined || end === undefined || offsets?.length !== 2 || begin > end) {
    throw invalid(`Tensor ${shown} has data_offsets that are not [begin, end] with 0 <= begin <= end`);
  }
  return { dtype, shape, begin, end };
}

function isDType(value: unknown): value is SafetensorsDType {
  return typeof value === "string" && Object.hasOwn(BITS_PER_ELEMENT, value);
}

function naturals(value: unknown): number[] | null {
  if (!Array.isArray(value)) return null;
  const numbers = value.filter((item): item is number => Number.isSafeInteger(item) && item >= 0);
  return numbers.length === value.length ? numbers : null;
}

/** Bytes of a tensor, computed without rounding: 2^40 x 2^40 is refused, not wrapped. */
function entryBytes(name: string, dtype: SafetensorsDType, shape: readonly number[]): number {
  const bits = shape.reduce((product, dimension) => product * BigInt(dimension), BigInt(BITS_PER_ELEMENT[dtype]));
  if (bits % 8n !== 0n || bits / 8n > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw invalid(
      `Tensor ${JSON.stringify(name)}, ${dtype} [${shape}], takes ${bits} bits, which is not a size that a file can have`,
    );
  }
  return Number(bits / 8n);
}

function invalid(message: string, cause?: unknown): TrainingError {
  return new TrainingError("MODEL_FILE_INVALID", message, cause === undefined ? undefined : { cause });
}
