import { addExtension, Packr, Unpackr } from "msgpackr";
import { scanControl } from "./control-scan.ts";
import { ProtocolError } from "./errors.ts";
import { CONTROL_BYTES_MAX, CONTROL_DEPTH_MAX } from "./limits.ts";

// msgpackr decodes these extension types (undefined, BigInt, Error, references, Set, typed arrays, RegExp, Date) even
// with `moreTypes: false`. The scan refuses all extensions already; this is the second lock on the same door.
const DANGEROUS_EXTENSIONS = [0x00, 0x42, 0x62, 0x65, 0x69, 0x70, 0x73, 0x74, 0x78, 0xff];
for (const type of DANGEROUS_EXTENSIONS) {
  addExtension({
    type,
    unpack() {
      throw new ProtocolError(
        "CONTROL_TYPE",
        `A control part holds MessagePack extension ${type}, which no message uses`,
      );
    },
  });
}

const OPTIONS = {
  useRecords: false,
  structuredClone: false,
  moreTypes: false,
  mapsAsObjects: true,
  int64AsType: "number",
  // Maps in the fewest bytes, so that equal messages have equal bytes.
  variableMapSize: true,
} as const;

const packr = new Packr(OPTIONS);
const unpackr = new Unpackr(OPTIONS);

/**
 * MessagePack of a plain value whose outermost layer is an object. The caller owns the result.
 * @throws ProtocolError CONTROL_NOT_ENCODABLE for anything but null, booleans, finite or infinite numbers, strings,
 *   Uint8Array, arrays and plain objects: msgpackr writes other views wrongly. FRAME_TOO_LARGE over CONTROL_BYTES_MAX
 */
export function encodeControl(value: object): Uint8Array {
  checkEncodable(value, 1);
  const packed = packr.pack(value);
  if (packed.byteLength > CONTROL_BYTES_MAX) {
    throw new ProtocolError(
      "FRAME_TOO_LARGE",
      `A message has ${packed.byteLength} bytes, but the most is ${CONTROL_BYTES_MAX}: send tensors as chunks`,
    );
  }
  return packed;
}

function checkEncodable(value: unknown, depth: number): void {
  if (value === null || typeof value === "boolean" || typeof value === "number" || typeof value === "string") return;
  if (typeof value === "object" && depth <= CONTROL_DEPTH_MAX) {
    if (value instanceof Uint8Array) return;
    const plain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
    if (plain && !ArrayBuffer.isView(value)) {
      for (const item of Object.values(value)) checkEncodable(item, depth + 1);
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
    const value: unknown = unpackr.unpack(bytes);
    return value;
  } catch (cause) {
    throw new ProtocolError("CONTROL_DECODE", `MessagePack of ${bytes.byteLength} bytes could not be decoded`, {
      cause,
    });
  }
}
