/**
 * The little of protocol buffers' wire format that event files need: fields are written in the order of the calls.
 * Source: protobuf.dev, "Encoding".
 */

const WIRE_VARINT = 0;
const WIRE_FIXED64 = 1;
const WIRE_BYTES = 2;
const WIRE_FIXED32 = 5;

function varint(value: number): number[] {
  if (value < 0) return negativeVarint(value);
  const bytes: number[] = [];
  let rest = value;
  // Division, not shifts: steps may pass 2^31.
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return bytes;
}

/** Negative numbers are written in two's complement of 64 bits: ten groups of seven. */
function negativeVarint(value: number): number[] {
  const complement = BigInt.asUintN(64, BigInt(value));
  return Array.from({ length: 10 }, (_, group) => {
    const bits = Number((complement >> BigInt(7 * group)) & 0x7fn);
    return group < 9 ? bits | 0x80 : bits;
  });
}

function key(field: number, wireType: number): number[] {
  return varint(field * 8 + wireType);
}

/** A field of type int64, uint32, bool or enum; the value is a whole number of at most 53 bits. */
export function varintField(field: number, value: number): number[] {
  return [...key(field, WIRE_VARINT), ...varint(value)];
}

/** A field of type double. */
export function doubleField(field: number, value: number): number[] {
  return [...key(field, WIRE_FIXED64), ...new Uint8Array(Float64Array.of(value).buffer)];
}

/** A field of type float. */
export function floatField(field: number, value: number): number[] {
  return [...key(field, WIRE_FIXED32), ...new Uint8Array(Float32Array.of(value).buffer)];
}

/** A field of type bytes, or a message inside. */
export function bytesField(field: number, bytes: ArrayLike<number>): number[] {
  return [...key(field, WIRE_BYTES), ...varint(bytes.length), ...Array.from(bytes)];
}

/** A field of type string. */
export function stringField(field: number, text: string): number[] {
  return bytesField(field, new TextEncoder().encode(text));
}
