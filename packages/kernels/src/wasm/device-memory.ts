import { KernelError } from "../errors.ts";

/** Bytes of a page of WebAssembly memory. */
const PAGE_BYTES = 65_536;

/** All that 32-bit addresses reach, less a page so that an end is an address too. */
export const PAGES_MAX = 65_535;

const ALIGNMENT_BYTES = 64;

/** Addresses below this are never given out. */
const FIRST_ADDRESS = 1024;

/** Vector loads may reach this far beyond what they need. */
const MARGIN_BYTES = 64;

interface Gap {
  address: number;
  bytes: number;
}

/** The one memory of a device and who has which part of it. What was given out never moves; memory only grows. */
export class DeviceMemory {
  readonly memory: WebAssembly.Memory;
  /** What was given back, by address; no two touch. */
  readonly #gaps: Gap[] = [];
  /** Sizes of what is given out, by address. */
  readonly #taken = new Map<number, number>();
  #end = FIRST_ADDRESS;

  constructor() {
    this.memory = new WebAssembly.Memory({ initial: 1, maximum: PAGES_MAX });
  }

  /** Pages there are now. */
  get pages(): number {
    return this.memory.buffer.byteLength / PAGE_BYTES;
  }

  /** Takes zeroed memory. @returns its address, a multiple of 64 @throws KernelError OUT_OF_MEMORY */
  take(bytes: number): number {
    const size = Math.max(ALIGNMENT_BYTES, Math.ceil((bytes + MARGIN_BYTES) / ALIGNMENT_BYTES) * ALIGNMENT_BYTES);
    const position = this.#gaps.findIndex((gap) => gap.bytes >= size);
    const address = position >= 0 ? this.#takeGap(position, size) : this.#extend(size);
    this.#taken.set(address, size);
    return address;
  }

  /** Gives memory back. */
  giveBack(address: number): void {
    const bytes = this.#taken.get(address);
    if (bytes === undefined) return;
    this.#taken.delete(address);
    const after = this.#gaps.findIndex((gap) => gap.address > address);
    const position = after < 0 ? this.#gaps.length : after;
    this.#gaps.splice(position, 0, { address, bytes });
    this.#join(position);
    if (position > 0) this.#join(position - 1);
  }

  #takeGap(position: number, size: number): number {
    const gap = this.#gaps[position];
    const { address } = gap;
    gap.address += size;
    gap.bytes -= size;
    if (gap.bytes === 0) this.#gaps.splice(position, 1);
    new Uint8Array(this.memory.buffer, address, size).fill(0);
    return address;
  }

  #extend(size: number): number {
    const address = this.#end;
    const missing = Math.ceil((address + size) / PAGE_BYTES) - this.pages;
    if (missing > 0) this.#grow(missing, size);
    this.#end += size;
    return address;
  }

  #grow(pages: number, size: number): void {
    try {
      this.memory.grow(pages);
    } catch (cause) {
      const megabytes = (count: number): number => Math.ceil((count * PAGE_BYTES) / 2 ** 20);
      throw new KernelError(
        "OUT_OF_MEMORY",
        `The device has ${megabytes(this.pages)} MiB and cannot have ${size} bytes more: ` +
          "use a smaller microbatch, or dispose of buffers and executables",
        { cause },
      );
    }
  }

  /** Makes gap `position` and the next one if they touch. */
  #join(position: number): void {
    const gap = this.#gaps[position];
    const next = this.#gaps[position + 1];
    if (next === undefined || gap.address + gap.bytes !== next.address) return;
    gap.bytes += next.bytes;
    this.#gaps.splice(position + 1, 1);
  }
}
