import { wordBytes } from "./gpu-buffer.ts";
import type { GpuQueue } from "./gpu-queue.ts";
import { BUFFER_USAGE } from "./usage.ts";

/** Words that dispatches have for scratch memory. */
export interface Arena {
  /** One for each bank. */
  readonly buffers: readonly GPUBuffer[];
  /** Another number for other buffers. */
  readonly generation: number;
}

/** The scratch memory that programs of a device share: banks that grow to what the largest program needs of each. */
export class ScratchMemory {
  readonly #queue: GpuQueue;
  readonly #banks: (GPUBuffer | null)[] = [];
  #generation = 0;

  constructor(queue: GpuQueue) {
    this.#queue = queue;
  }

  /**
   * Banks of at least so many bytes; what is in them lasts as long as one run, and is anything at first. Asked for by one run at a time.
   * @throws KernelError OUT_OF_MEMORY, DEVICE_LOST
   */
  async take(banks: readonly number[]): Promise<Arena> {
    const missing = [...banks.entries()].filter(([bank, bytes]) => (this.#banks[bank]?.size ?? 0) < wordBytes(bytes));
    // Those that are too small go first: there may be no room for both.
    for (const [bank] of missing) {
      this.#banks[bank]?.destroy();
      this.#banks[bank] = null;
    }
    for (const [bank, bytes] of missing) {
      this.#banks[bank] = await this.#queue.allocate({ size: wordBytes(bytes), usage: BUFFER_USAGE.STORAGE });
      this.#generation += 1;
    }
    const buffers = this.#banks.slice(0, banks.length).filter((buffer) => buffer !== null);
    return { buffers, generation: this.#generation };
  }
}
