import { ProgramError } from "./errors.ts";

/** Reads what {@link ByteWriter} wrote, from bytes of any origin, which it borrows. Little-endian. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  #take(count: number): number {
    if (count > this.remaining) {
      throw new ProgramError(
        "BYTES_TRUNCATED",
        `${count} bytes should follow byte ${this.#offset}, but ${this.remaining} do: fetch the program again`,
      );
    }
    const offset = this.#offset;
    this.#offset += count;
    return offset;
  }

  /** @throws ProgramError BYTES_TRUNCATED */
  uint8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  /** @throws ProgramError BYTES_TRUNCATED */
  uint16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  /** @throws ProgramError BYTES_TRUNCATED, BYTES_INVALID from 2^53 on */
  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.uint8();
      value += (byte % 0x80) * scale;
      if (value > Number.MAX_SAFE_INTEGER || scale > Number.MAX_SAFE_INTEGER)
        throw this.invalid("an integer of 2^53 or more");
      if (byte < 0x80) return value;
    }
  }

  /** @throws ProgramError BYTES_TRUNCATED */
  float64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  /**
   * A number of entries that follow, each of at least `entryBytes` bytes, so that no list is longer than its bytes allow.
   * @throws ProgramError BYTES_TRUNCATED, BYTES_INVALID above `max`
   */
  count(max: number, entryBytes: number): number {
    const count = this.varint();
    if (count > max) throw this.invalid(`a list of ${count} entries, of which at most ${max} are allowed`);
    if (count * entryBytes > this.remaining) {
      throw new ProgramError(
        "BYTES_TRUNCATED",
        `${count} entries should follow byte ${this.#offset}, but only ${this.remaining} bytes do: fetch the program again`,
      );
    }
    return count;
  }

  /** @throws ProgramError BYTES_TRUNCATED, BYTES_INVALID for more than `max` characters or one outside ASCII */
  ascii(max: number): string {
    const length = this.count(max, 1);
    const codes = this.#bytes.subarray(this.#take(length), this.#offset);
    if (codes.some((code) => code > 0x7f)) throw this.invalid("a name that is not ASCII");
    return String.fromCharCode(...codes);
  }

  /** Entry `index` of a list. @throws ProgramError BYTES_INVALID beyond its end */
  choose<Entry>(entries: readonly Entry[], index: number, what: string): Entry {
    const entry = entries[index];
    if (entry === undefined) throw this.invalid(`${what} ${index} of ${entries.length}`);
    return entry;
  }

  /** An error that says where reading stopped. */
  invalid(what: string): ProgramError {
    return new ProgramError("BYTES_INVALID", `Before byte ${this.#offset} there is ${what}: fetch the program again`);
  }
}
