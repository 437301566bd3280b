/** Pieces of memory kept for another time. */
const KEPT_MAX = 16;

/**
 * Memory for tensors of the few lengths a run has. A piece that was given back is given out again: making one for each
 * step would keep the garbage collector busier than the run itself.
 */
export class TensorMemory {
  readonly #allocate: (byteLength: number) => Uint8Array;
  #kept: readonly Uint8Array[] = [];

  /** @param allocate makes a piece; it must be the whole of its buffer */
  constructor(allocate: (byteLength: number) => Uint8Array) {
    this.#allocate = allocate;
  }

  /** A piece of exactly so many bytes, with anything in it. The caller owns it, and may keep it for good. */
  take(byteLength: number): Uint8Array {
    const found = this.#kept.find((piece) => piece.byteLength === byteLength);
    if (found === undefined) return this.#allocate(byteLength);
    this.#kept = this.#kept.filter((piece) => piece !== found);
    return found;
  }

  /** Takes a piece back that came from `take`; nobody may read or write it any more. Given back twice, it counts once. */
  giveBack(piece: Uint8Array): void {
    if (piece.byteLength === 0 || this.#kept.some(({ buffer }) => buffer === piece.buffer)) return;
    // The oldest goes first, so that lengths which are not used any more do not stay.
    this.#kept = [...this.#kept.slice(-(KEPT_MAX - 1)), piece];
  }
}
