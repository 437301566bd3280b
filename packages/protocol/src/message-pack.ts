/** What a message is made of. */
export type PlainValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly PlainValue[]
  | { readonly [key: string]: PlainValue };

/** Lengths from which on the next larger form is needed. */
const FIXED_STRING_MAX = 31;
const FIXED_COUNT_MAX = 15;
const BYTE_MAX = 0xff;

/** Bytes at first: a message without sums fits. */
const FIRST_BYTES = 512;

/** Bytes being written. */
class PackWriter {
  #bytes = new Uint8Array(FIRST_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  byte(value: number): void {
    const start = this.#room(1);
    this.#bytes[start] = value;
  }

  /** A type byte, then a number of 1, 2 or 4 bytes, big-endian. */
  unsigned(type: number, value: number, byteLength: number): void {
    this.byte(type);
    const start = this.#room(byteLength);
    if (byteLength === 1) this.#view.setUint8(start, value);
    else if (byteLength === 2) this.#view.setUint16(start, value);
    else this.#view.setUint32(start, value);
  }

  float64(value: number): void {
    this.byte(0xcb);
    const start = this.#room(8);
    this.#view.setFloat64(start, value);
  }

  append(bytes: Uint8Array): void {
    const start = this.#room(bytes.byteLength);
    this.#bytes.set(bytes, start);
  }

  /** Makes room for so many bytes. @returns where they go */
  #room(byteLength: number): number {
    const start = this.#length;
    this.#length += byteLength;
    if (this.#length > this.#bytes.byteLength) {
      const larger = new Uint8Array(Math.max(this.#length, 2 * this.#bytes.byteLength));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return start;
  }
}

/**
 * MessagePack in the fewest bytes: integers of up to 32 bits as such, other numbers as float 64; lengths up to 2^16 - 1.
 * Source: https://github.com/msgpack/msgpack/blob/master/spec.md
 */
export function packMessage(value: PlainValue): Uint8Array {
  const writer = new PackWriter();
  writeValue(writer, value);
  return writer.finish();
}

function writeValue(writer: PackWriter, value: PlainValue): void {
  if (value === null) writer.byte(0xc0);
  else if (typeof value === "boolean") writer.byte(value ? 0xc3 : 0xc2);
  else if (typeof value === "number") writeNumber(writer, value);
  else if (typeof value === "string") writeString(writer, value);
  else if (value instanceof Uint8Array) writeBinary(writer, value);
  else if (isList(value)) {
    writeCount(writer, value.length, 0x90, 0xdc);
    for (const item of value) writeValue(writer, item);
  } else {
    const entries = Object.entries(value);
    writeCount(writer, entries.length, 0x80, 0xde);
    for (const [key, item] of entries) {
      writeString(writer, key);
      writeValue(writer, item);
    }
  }
}

function isList(value: readonly PlainValue[] | { readonly [key: string]: PlainValue }): value is readonly PlainValue[] {
  return Array.isArray(value);
}

function writeNumber(writer: PackWriter, value: number): void {
  if (value >>> 0 === value) {
    if (value <= 0x7f) writer.byte(value);
    else if (value <= BYTE_MAX) writer.unsigned(0xcc, value, 1);
    else if (value <= 0xffff) writer.unsigned(0xcd, value, 2);
    else writer.unsigned(0xce, value, 4);
  } else if (value >> 0 === value) {
    // Two's complement: the low bytes of the same number without a sign.
    if (value >= -0x20) writer.byte(value & BYTE_MAX);
    else if (value >= -0x80) writer.unsigned(0xd0, value & BYTE_MAX, 1);
    else if (value >= -0x8000) writer.unsigned(0xd1, value & 0xffff, 2);
    else writer.unsigned(0xd2, value >>> 0, 4);
  } else writer.float64(value);
}

function writeString(writer: PackWriter, text: string): void {
  const bytes = new TextEncoder().encode(text);
  if (bytes.byteLength <= FIXED_STRING_MAX) writer.byte(0xa0 | bytes.byteLength);
  else if (bytes.byteLength <= BYTE_MAX) writer.unsigned(0xd9, bytes.byteLength, 1);
  else writer.unsigned(0xda, bytes.byteLength, 2);
  writer.append(bytes);
}

function writeBinary(writer: PackWriter, bytes: Uint8Array): void {
  if (bytes.byteLength <= BYTE_MAX) writer.unsigned(0xc4, bytes.byteLength, 1);
  else writer.unsigned(0xc5, bytes.byteLength, 2);
  writer.append(bytes);
}

function writeCount(writer: PackWriter, count: number, fixed: number, large: number): void {
  if (count <= FIXED_COUNT_MAX) writer.byte(fixed | count);
  else writer.unsigned(large, count, 2);
}

/** Bytes being read; their form was checked before (control-scan.ts). */
class PackReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  value(): PlainValue {
    const type = this.#unsigned(1);
    if (type <= 0x7f) return type;
    if (type >= 0xe0) return type - 0x100;
    if (type <= 0x8f) return this.#map(type & 0x0f);
    if (type <= 0x9f) return this.#list(type & 0x0f);
    if (type <= 0xbf) return this.#text(type & 0x1f);
    return this.#large(type);
  }

  #large(type: number): PlainValue {
    switch (type) {
      case 0xc0:
        return null;
      case 0xc2:
      case 0xc3:
        return type === 0xc3;
      case 0xc4:
      case 0xc5:
        return this.#take(this.#unsigned(type === 0xc4 ? 1 : 2));
      case 0xca:
        return this.#view.getFloat32(this.#skip(4));
      case 0xcb:
        return this.#view.getFloat64(this.#skip(8));
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#unsigned(type === 0xcc ? 1 : type === 0xcd ? 2 : 4);
      case 0xd0:
        return this.#view.getInt8(this.#skip(1));
      case 0xd1:
        return this.#view.getInt16(this.#skip(2));
      case 0xd2:
        return this.#view.getInt32(this.#skip(4));
      case 0xd9:
      case 0xda:
        return this.#text(this.#unsigned(type === 0xd9 ? 1 : 2));
      case 0xdc:
        return this.#list(this.#unsigned(2));
      case 0xde:
        return this.#map(this.#unsigned(2));
      default:
        throw new TypeError(`MessagePack type 0x${type.toString(16)} was not scanned for`);
    }
  }

  #list(count: number): PlainValue[] {
    return Array.from({ length: count }, () => this.value());
  }

  #map(count: number): { [key: string]: PlainValue } {
    const map: { [key: string]: PlainValue } = {};
    for (let index = 0; index < count; index++) {
      const key = this.value();
      if (typeof key !== "string") throw new TypeError("A key of a map is no string");
      map[key] = this.value();
    }
    return map;
  }

  #text(byteLength: number): string {
    return new TextDecoder("utf-8", { fatal: true }).decode(this.#take(byteLength));
  }

  #take(byteLength: number): Uint8Array {
    const start = this.#skip(byteLength);
    return this.#bytes.subarray(start, start + byteLength);
  }

  #unsigned(byteLength: number): number {
    const start = this.#skip(byteLength);
    if (byteLength === 1) return this.#view.getUint8(start);
    return byteLength === 2 ? this.#view.getUint16(start) : this.#view.getUint32(start);
  }

  #skip(byteLength: number): number {
    const start = this.#position;
    this.#position += byteLength;
    return start;
  }
}

/**
 * The value of bytes that {@link scanControl} let through. Binary values are views into `bytes`.
 * @throws TypeError for text that is no UTF-8; RangeError, TypeError for bytes that were not scanned
 */
export function unpackMessage(bytes: Uint8Array): PlainValue {
  return new PackReader(bytes).value();
}
