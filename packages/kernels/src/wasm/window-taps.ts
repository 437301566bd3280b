import type { FunctionBuilder, Local } from "./assembler-function.ts";
import { loadLanes } from "./lanes.ts";

const LANES = 4;

/**
 * Loads one tap of up to four neighbouring places of a sliding window. Where the window goes two columns at a time, two adjacent taps
 * come out of one pair of vectors.
 */
export class WindowTaps {
  readonly #code: FunctionBuilder;
  readonly #image: Local;
  readonly #stride: number;
  readonly #count: number;
  readonly #tap: Local;
  readonly #low: Local;
  readonly #high: Local;
  /** Offset of the tap whose pair of vectors is in `low` and `high`. */
  #loaded = Number.NaN;

  /** @param stride columns from one place to the next @param count places, 1 ... 4; the lanes of others mean nothing */
  constructor(code: FunctionBuilder, image: Local, stride: number, count: number) {
    this.#code = code;
    this.#image = image;
    this.#stride = stride;
    this.#count = count;
    this.#tap = code.local("v128");
    this.#low = code.local("v128");
    this.#high = code.local("v128");
  }

  /** A local that holds the float32 tap `offset` bytes after the first one, until the next load. */
  load(offset: number): Local {
    const code = this.#code;
    if (this.#stride !== 2 || this.#count !== LANES) {
      const lanes = { dtype: "float32", stride: this.#stride, vector: 0, count: this.#count, offset } as const;
      loadLanes(code, this.#image, lanes);
      code.set(this.#tap);
      return this.#tap;
    }
    const odd = this.#loaded === offset - 4;
    if (!odd) {
      const loadVector = (bytes: number, into: Local) => code.get(this.#image).memory("v128.load", bytes).set(into);
      loadVector(offset, this.#low);
      loadVector(offset + 16, this.#high);
      this.#loaded = offset;
    }
    code.get(this.#low).get(this.#high);
    if (odd) code.shuffle32(1, 3, 5, 7).set(this.#tap);
    else code.shuffle32(0, 2, 4, 6).set(this.#tap);
    return this.#tap;
  }

  release(): void {
    this.#code.release(this.#tap, this.#low, this.#high);
  }
}
