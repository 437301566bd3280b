/** Lays out a kernel's scratch memory while it is planned. */
export class ScratchLayout {
  #bytes = 0;

  /** Reserves `floats` (and 16 bytes after them, for vectors that reach over the end) and gives their offset in bytes. */
  floats(floats: number): number {
    const offset = this.#bytes;
    this.#bytes += Math.ceil((floats * 4 + 16) / 64) * 64;
    return offset;
  }

  get bytes(): number {
    return this.#bytes;
  }
}

/**
 * Floats from a row of a block to the next, for rows of `columns`: an odd number of 64-byte lines, so that the rows of a
 * column do not all fall into the same sets of the cache.
 */
export function rowLength(columns: number): number {
  const lines = Math.ceil(columns / 16);
  return (lines % 2 === 0 ? lines + 1 : lines) * 16;
}
