import { PIECE_WORK } from "./dispatch-work.ts";

/** Work of a dispatch that every GPU is given at first, in elements of elementwise work: 2 billion products. */
const DISPATCH_WORK = 4 * PIECE_WORK;
/** Work of a command buffer that every GPU is given at first and later: 9 billion products, so that a step of a small model is one always. */
const SUBMIT_WORK = 16 * PIECE_WORK;
/** Least work that is measured: less of it is waiting for the most part. */
const MEASURED_WORK_MIN = 2 * PIECE_WORK;
/** Milliseconds that a dispatch, and a command buffer, should take at most: drivers end programs after 2 seconds and more, and whoever watches the screen sees a tenth of one. */
const DISPATCH_MS = 100;
const SUBMIT_MS = 500;

/** How much work a GPU is given at once: little at first, and what it did in a short time when that is known. */
export class GpuPace {
  #dispatchWork = DISPATCH_WORK;
  #submitWork = SUBMIT_WORK;

  /** Most work of a dispatch, in elements of elementwise work. */
  get dispatchWork(): number {
    return this.#dispatchWork;
  }

  /** Most work of a command buffer. */
  get submitWork(): number {
    return this.#submitWork;
  }

  /** Notes that a command buffer of so much work took so long. */
  note(work: number, milliseconds: number): void {
    if (work < MEASURED_WORK_MIN || milliseconds <= 0) return;
    const rate = work / milliseconds;
    this.#dispatchWork = Math.max(rate * DISPATCH_MS, PIECE_WORK);
    this.#submitWork = Math.max(rate * SUBMIT_MS, SUBMIT_WORK);
  }
}
