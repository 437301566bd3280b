/** A plain value. */
export type Plain =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly Plain[]
  | { readonly [key: string]: Plain };

/** MessagePack of a value, written after the format's specification: small counts, 32-bit integers and float 64 only. */
export function messagePack(value: Plain): Uint8Array {
  return new Uint8Array(bytesOf(value));
}

function bytesOf(value: Plain): number[] {
  if (value === null) return [0xc0];
  if (typeof value === "boolean") return [value ? 0xc3 : 0xc2];
  if (typeof value === "number") return numberBytes(value);
  if (typeof value === "string") {
    const text = [...new TextEncoder().encode(value)];
    return [...lengthBytes(text.length, 0xa0, 31, 0xda), ...text];
  }
  if (value instanceof Uint8Array) return [0xc5, value.length >> 8, value.length & 0xff, ...value];
  if (isList(value)) return [...lengthBytes(value.length, 0x90, 15, 0xdc), ...value.flatMap(bytesOf)];
  const entries = Object.entries(value);
  return [
    ...lengthBytes(entries.length, 0x80, 15, 0xde),
    ...entries.flatMap(([key, item]) => [...bytesOf(key), ...bytesOf(item)]),
  ];
}

function isList(value: readonly Plain[] | { readonly [key: string]: Plain }): value is readonly Plain[] {
  return Array.isArray(value);
}

function lengthBytes(length: number, small: number, smallMost: number, large: number): number[] {
  return length <= smallMost ? [small + length] : [large, length >> 8, length & 0xff];
}

function numberBytes(value: number): number[] {
  if (Number.isInteger(value) && value >= 0 && value <= 0x7f && !Object.is(value, -0)) return [value];
  const view = new DataView(new ArrayBuffer(9));
  if (Number.isInteger(value) && value >= 0 && value < 2 ** 32 && !Object.is(value, -0)) {
    view.setUint8(0, 0xce);
    view.setUint32(1, value);
    return [...new Uint8Array(view.buffer, 0, 5)];
  }
  view.setUint8(0, 0xcb);
  view.setFloat64(1, value);
  return [...new Uint8Array(view.buffer)];
}
