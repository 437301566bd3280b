import { ProtocolError } from "./errors.ts";
import { CONTROL_DEPTH_MAX, CONTROL_NODES_MAX } from "./limits.ts";

const KEY_LENGTH_MAX = 64;

/** Where the scan is; a control part is small, so recursion to CONTROL_DEPTH_MAX is enough. */
interface Cursor {
  readonly bytes: Uint8Array;
  position: number;
  nodes: number;
}

/**
 * Walks over MessagePack bytes without building anything, and lets through only what messages are made of: nil, bool,
 * integers up to 32 bits, floats, strings, binary, arrays and maps with unique short ASCII keys. A decoder that knows
 * more types (extensions, references, records) then never sees them.
 * @throws ProtocolError with a CONTROL_ code
 */
export function scanControl(bytes: Uint8Array): void {
  const first = bytes[0];
  if (first === undefined || !((first >= 0x80 && first <= 0x8f) || first === 0xde)) {
    throw new ProtocolError("CONTROL_NOT_A_MAP", `A control part begins with ${hex(first)}, but must begin with a map`);
  }
  const cursor: Cursor = { bytes, position: 0, nodes: 0 };
  scanValue(cursor, 0);
  if (cursor.position !== bytes.byteLength) {
    throw new ProtocolError(
      "CONTROL_TRAILING",
      `A message ends after ${cursor.position} bytes, but its control part has ${bytes.byteLength}`,
    );
  }
}

function hex(byte: number | undefined): string {
  return byte === undefined ? "nothing" : `0x${byte.toString(16).padStart(2, "0")}`;
}

function scanValue(cursor: Cursor, depth: number): void {
  countNode(cursor);
  const type = takeUnsigned(cursor, 1);
  if (type >= 0x80 && type <= 0x8f) scanMap(cursor, type & 0x0f, depth + 1);
  else if (type === 0xde) scanMap(cursor, takeUnsigned(cursor, 2), depth + 1);
  else if (type >= 0x90 && type <= 0x9f) scanArray(cursor, type & 0x0f, depth + 1);
  else if (type === 0xdc) scanArray(cursor, takeUnsigned(cursor, 2), depth + 1);
  else skip(cursor, payloadBytes(cursor, type));
}

/** Bytes that follow the type byte (and the length, where there is one) of a value that contains no others. */
function payloadBytes(cursor: Cursor, type: number): number {
  if (type <= 0x7f || type >= 0xe0) return 0;
  if (type >= 0xa0 && type <= 0xbf) return type & 0x1f;
  switch (type) {
    case 0xc0: // nil
    case 0xc2: // false
    case 0xc3: // true
      return 0;
    case 0xc4: // bin 8 and str 8
    case 0xd9:
      return takeUnsigned(cursor, 1);
    case 0xc5: // bin 16 and str 16
    case 0xda:
      return takeUnsigned(cursor, 2);
    case 0xcc: // uint 8 and int 8
    case 0xd0:
      return 1;
    case 0xcd: // uint 16 and int 16
    case 0xd1:
      return 2;
    case 0xca: // float 32, uint 32 and int 32
    case 0xce:
    case 0xd2:
      return 4;
    case 0xcb: // float 64
      return 8;
    default:
      throw new ProtocolError(
        "CONTROL_TYPE",
        `A control part holds MessagePack type ${hex(type)} at byte ${cursor.position - 1}, which no message uses`,
      );
  }
}

function countNode(cursor: Cursor): void {
  cursor.nodes += 1;
  if (cursor.nodes > CONTROL_NODES_MAX) {
    throw new ProtocolError("CONTROL_NODES", `A control part holds more than ${CONTROL_NODES_MAX} values`);
  }
}

function checkDepth(depth: number): void {
  if (depth > CONTROL_DEPTH_MAX) {
    throw new ProtocolError("CONTROL_DEPTH", `A control part is nested deeper than ${CONTROL_DEPTH_MAX}`);
  }
}

function skip(cursor: Cursor, length: number): void {
  cursor.position += length;
  if (cursor.position > cursor.bytes.byteLength) {
    throw new ProtocolError(
      "CONTROL_TRUNCATED",
      `A value of a control part would end at byte ${cursor.position}, but there are ${cursor.bytes.byteLength}`,
    );
  }
}

/** Reads `length` (1 or 2) bytes, big-endian. */
function takeUnsigned(cursor: Cursor, length: 1 | 2): number {
  const start = cursor.position;
  skip(cursor, length);
  const high = cursor.bytes[start] ?? 0;
  return length === 1 ? high : (high << 8) | (cursor.bytes[start + 1] ?? 0);
}

function scanArray(cursor: Cursor, count: number, depth: number): void {
  checkDepth(depth);
  for (let index = 0; index < count; index++) scanValue(cursor, depth);
}

function scanMap(cursor: Cursor, count: number, depth: number): void {
  checkDepth(depth);
  const keys = new Set<string>();
  for (let index = 0; index < count; index++) {
    const key = takeKey(cursor);
    if (keys.has(key)) throw new ProtocolError("CONTROL_KEY", `A map has the key "${key}" twice`);
    keys.add(key);
    scanValue(cursor, depth);
  }
}

/** Keys are fixstr or str 8: printable ASCII, so that what is compared here is what the decoder makes of it. */
function takeKey(cursor: Cursor): string {
  countNode(cursor);
  const type = takeUnsigned(cursor, 1);
  const length = type >= 0xa0 && type <= 0xbf ? type & 0x1f : type === 0xd9 ? takeUnsigned(cursor, 1) : 0;
  if (length === 0 || length > KEY_LENGTH_MAX) {
    throw new ProtocolError(
      "CONTROL_KEY",
      `A key of a map is no string of 1 to ${KEY_LENGTH_MAX} bytes (${hex(type)})`,
    );
  }
  const start = cursor.position;
  skip(cursor, length);
  const codes = cursor.bytes.subarray(start, cursor.position);
  if (codes.some((code) => code < 0x21 || code > 0x7e)) {
    throw new ProtocolError("CONTROL_KEY", `A key of a map at byte ${start} is not printable ASCII`);
  }
  const key = String.fromCharCode(...codes);
  if (key === "__proto__") throw new ProtocolError("CONTROL_KEY", "A map has the key __proto__");
  return key;
}
