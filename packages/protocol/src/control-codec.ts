import { scanControl } from "./control-scan.ts";
import { ProtocolError } from "./errors.ts";
import { CONTROL_BYTES_MAX, CONTROL_DEPTH_MAX } from "./limits.ts";
import { type PlainValue, packMessage, unpackMessage } from "./message-pack.ts";

/**
 * MessagePack of a plain value whose outermost layer is an object. The caller owns the result.
 * @throws ProtocolError CONTROL_NOT_ENCODABLE for anything but null, booleans, finite or infinite numbers, strings,
 *   Uint8Array, arrays and plain objects. FRAME_TOO_LARGE over CONTROL_BYTES_MAX
 */
export function encodeControl(value: object): Uint8Array {
  requireEncodable(value, 1);
  const packed = packMessage(value);
  if (packed.byteLength > CONTROL_BYTES_MAX) {
    throw new ProtocolError(
      "FRAME_TOO_LARGE",
      `A message has ${packed.byteLength} bytes, but the most is ${CONTROL_BYTES_MAX}: send tensors as chunks`,
    );
  }
  return packed;
}

function requireEncodable(value: unknown, depth: number): asserts value is PlainValue {
  if (value === null || typeof value === "boolean" || typeof value === "number" || typeof value === "string") return;
  if (typeof value === "object" && depth <= CONTROL_DEPTH_MAX) {
    if (value instanceof Uint8Array) return;
    const plain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
    if (plain && !ArrayBuffer.isView(value)) {
      for (const item of Object.values(value)) requireEncodable(item, depth + 1);
      return;
    }
  }
  const what = typeof value === "object" ? value.constructor.name : typeof value;
  throw new ProtocolError(
    "CONTROL_NOT_ENCODABLE",
    `A message holds a value of type ${what} at depth ${depth}: use plain objects, arrays and Uint8Array down to depth ${CONTROL_DEPTH_MAX}`,
  );
}

/**
 * The plain value of a control part. Binary values are views into `bytes`.
 * @throws ProtocolError with a CONTROL_ code, FRAME_TOO_LARGE
 */
export function decodeControl(bytes: Uint8Array): unknown {
  if (bytes.byteLength > CONTROL_BYTES_MAX) {
    throw new ProtocolError(
      "FRAME_TOO_LARGE",
      `A control part has ${bytes.byteLength} bytes, at most ${CONTROL_BYTES_MAX}`,
    );
  }
  scanControl(bytes);
  try {
    return unpackMessage(bytes);
  } catch (cause) {
    throw new ProtocolError("CONTROL_DECODE", `MessagePack of ${bytes.byteLength} bytes could not be decoded`, {
      cause,
    });
  }
}
