/** Bytes that grow as they are written; the writer owns them. */
export class ByteWriter {
  #bytes = new Uint8Array(1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** One byte. */
  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** Unsigned LEB128 of 0 ... 2^32 - 1. */
  unsigned(value: number): void {
    this.#reserve(5);
    while (value >= 0x80) {
      this.#bytes[this.#length++] = (value % 0x80) | 0x80;
      value = Math.floor(value / 0x80);
    }
    this.#bytes[this.#length++] = value;
  }

  /** Signed LEB128 of up to 64 bits. */
  signed(value: bigint): void {
    this.#reserve(10);
    while (value < -64n || value > 63n) {
      this.#bytes[this.#length++] = Number(value & 0x7fn) | 0x80;
      value >>= 7n;
    }
    this.#bytes[this.#length++] = Number(value & 0x7fn);
  }

  /** Signed LEB128 of a 32-bit integer. */
  signed32(value: number): void {
    this.#reserve(5);
    value |= 0;
    while (value < -64 || value > 63) {
      this.#bytes[this.#length++] = (value & 0x7f) | 0x80;
      value >>= 7;
    }
    this.#bytes[this.#length++] = value & 0x7f;
  }

  float32(value: number): void {
    this.#reserve(4);
    new DataView(this.#bytes.buffer).setFloat32(this.#length, value, true);
    this.#length += 4;
  }

  float64(value: number): void {
    this.#reserve(8);
    new DataView(this.#bytes.buffer).setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  /** Copies `bytes`. */
  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Length, then the bytes: a vector of bytes, or a section's contents. */
  sized(bytes: Uint8Array): void {
    this.unsigned(bytes.length);
    this.append(bytes);
  }

  /** A name of the module: ASCII only. */
  name(text: string): void {
    this.sized(Uint8Array.from(text, (letter) => letter.charCodeAt(0)));
  }

  /** What has been written; a view that is valid until the next write. */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
