import { ProgramError } from "./errors.ts";

const FIRST_CAPACITY = 1024;

/** Appends numbers and names to bytes that grow. Little-endian. */
export class ByteWriter {
  #bytes = new Uint8Array(FIRST_CAPACITY);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  #reserve(count: number): number {
    const offset = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#length, 2 * this.#bytes.length));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return offset;
  }

  /** @param value from 0 to 255 */
  uint8(value: number): void {
    const offset = this.#reserve(1);
    this.#view.setUint8(offset, value);
  }

  /** @param value from 0 to 65,535 */
  uint16(value: number): void {
    const offset = this.#reserve(2);
    this.#view.setUint16(offset, value, true);
  }

  /** Seven bits a byte, low ones first (LEB128). @throws ProgramError GRAPH_MALFORMED unless 0 <= value < 2^53 and an integer */
  varint(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new ProgramError("GRAPH_MALFORMED", `${value} cannot be written as an integer from 0 to 2^53 - 1: mend it`);
    }
    let rest = value;
    while (rest >= 0x80) {
      this.uint8((rest % 0x80) + 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.uint8(rest);
  }

  /** A NaN of any payload is written as the canonical quiet one, because engines may keep or lose payloads. */
  float64(value: number): void {
    const offset = this.#reserve(8);
    if (Number.isNaN(value)) {
      this.#view.setUint32(offset, 0, true);
      this.#view.setUint32(offset + 4, 0x7ff8_0000, true);
    } else {
      this.#view.setFloat64(offset, value, true);
    }
  }

  /** Length as a varint, then one byte a character. @throws ProgramError NAME_INVALID for a character outside ASCII */
  ascii(text: string): void {
    this.varint(text.length);
    for (let place = 0; place < text.length; place += 1) {
      const code = text.charCodeAt(place);
      if (code > 0x7f) {
        throw new ProgramError(
          "NAME_INVALID",
          `${JSON.stringify(text.slice(0, 64))} cannot be encoded: use ASCII only`,
        );
      }
      this.uint8(code);
    }
  }

  /** A copy of what was written, which belongs to the caller. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}
