import { BYTES_PER_ELEMENT, type DType } from "@tributary/program";
import type { DeviceBuffer } from "../device.ts";
import { KernelError } from "../errors.ts";
import type { WebGpuDevice } from "./webgpu-device.ts";

/** WebGPU copies and binds whole words. */
const WORD_BYTES = 4;

/** Whole words that hold so many bytes; a buffer has one at least. */
export function wordBytes(bytes: number): number {
  return Math.max(WORD_BYTES, Math.ceil(bytes / WORD_BYTES) * WORD_BYTES);
}

let buffers = 0;

/** A buffer of a device's own. */
export class WebGpuBuffer implements DeviceBuffer {
  readonly owner: WebGpuDevice;
  readonly dtype: DType;
  readonly length: number;
  /** Names the buffer among all. */
  readonly id: number;
  #buffer: GPUBuffer | null;

  constructor(owner: WebGpuDevice, dtype: DType, length: number, buffer: GPUBuffer) {
    this.owner = owner;
    this.dtype = dtype;
    this.length = length;
    this.id = buffers++;
    this.#buffer = buffer;
  }

  /** Bytes of its elements, without padding. */
  get bytes(): number {
    return this.length * BYTES_PER_ELEMENT[this.dtype];
  }

  /** @throws KernelError BUFFER_DISPOSED */
  get memory(): GPUBuffer {
    if (this.#buffer === null) {
      throw new KernelError("BUFFER_DISPOSED", `A ${this.dtype} buffer of ${this.length} was used after its disposal`);
    }
    return this.#buffer;
  }

  dispose(): void {
    const buffer = this.#buffer;
    this.#buffer = null;
    if (buffer !== null) this.owner.release(buffer);
  }
}
