import type { TensorData } from "../device.ts";
import { wordBytes } from "./gpu-buffer.ts";
import type { GpuQueue } from "./gpu-queue.ts";
import { BUFFER_USAGE, MAP_MODE_READ } from "./usage.ts";

/** Buffers kept for the next reading of their size. */
const KEPT_MAX = 3;

/** Bytes start ... start + length - 1 of a buffer. */
export interface ByteRange {
  readonly buffer: GPUBuffer;
  readonly start: number;
  readonly length: number;
}

/** Brings bytes to the GPU and back. Copies are of whole words, whatever was asked for. */
export class StagingBuffers {
  readonly #queue: GpuQueue;
  /** The ones used last are last. */
  readonly #kept: GPUBuffer[] = [];

  constructor(queue: GpuQueue) {
    this.#queue = queue;
  }

  /** Copies bytes `start` ... start + length - 1 of a buffer, behind everything that was asked for before. */
  async read(buffer: GPUBuffer, start: number, length: number): Promise<ArrayBuffer> {
    const [bytes] = await this.readAll([{ buffer, start, length }]);
    return bytes;
  }

  /** The same for several ranges, in one reading. */
  async readAll(ranges: readonly ByteRange[]): Promise<ArrayBuffer[]> {
    const copies = ranges.map(({ buffer, start, length }) => {
      const first = start & ~3;
      // Behind the last element there may be no word left to copy.
      const size = length === 0 ? 0 : wordBytes(start + length - first);
      return { buffer, first, skipped: length === 0 ? 0 : start - first, length, size };
    });
    const size = copies.reduce((sum, copy) => sum + copy.size, 0);
    if (size === 0) return copies.map(() => new ArrayBuffer(0));
    const staging = await this.#queue.enqueue(() => {
      const target = this.#take(size);
      const encoder = this.#queue.device.createCommandEncoder();
      let end = 0;
      for (const copy of copies) {
        encoder.copyBufferToBuffer(copy.buffer, copy.first, target, end, copy.size);
        end += copy.size;
      }
      this.#queue.device.queue.submit([encoder.finish()]);
      return target;
    });
    try {
      await staging.mapAsync(MAP_MODE_READ, 0, size);
    } catch (cause) {
      // A mapping fails when the device does; the loss says so better.
      await this.#queue.enqueue(() => {});
      throw cause;
    }
    this.#queue.counters.readbacks += 1;
    this.#queue.counters.bytesRead += size;
    const mapped = staging.getMappedRange(0, size);
    let end = 0;
    const results = copies.map(({ skipped, length, size: copied }) => {
      const begin = end + skipped;
      end += copied;
      return mapped.slice(begin, begin + length);
    });
    staging.unmap();
    this.#keep(staging);
    return results;
  }

  /** Copies data into a buffer at byte `start`; `end` is where the buffer's elements end. */
  async write(buffer: GPUBuffer, data: TensorData, start: number, end: number): Promise<void> {
    if (data.length === 0) return;
    const { queue } = this.#queue.device;
    this.#queue.counters.bytesWritten += data.byteLength;
    const isWhole = start % 4 === 0 && data.byteLength % 4 === 0;
    if (isWhole) {
      // Dawn in Node takes no memory that threads share.
      const own = data.buffer instanceof ArrayBuffer ? data : data.slice();
      queue.writeBuffer(buffer, start, own.buffer, own.byteOffset, own.byteLength);
      return;
    }
    const first = start & ~3;
    const stop = start + data.byteLength;
    const words = new Uint8Array(wordBytes(stop - first));
    // Behind the last element there is only padding: what stands there does not matter.
    const keepsNeighbours = first < start || (stop < end && stop % 4 !== 0);
    if (keepsNeighbours) words.set(new Uint8Array(await this.#readNow(buffer, first, words.length)));
    words.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start - first);
    queue.writeBuffer(buffer, first, words);
  }

  /** Reads whole words inside a command that others wait for. */
  async #readNow(buffer: GPUBuffer, first: number, size: number): Promise<ArrayBuffer> {
    const staging = this.#take(size);
    const encoder = this.#queue.device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, first, staging, 0, size);
    this.#queue.device.queue.submit([encoder.finish()]);
    await staging.mapAsync(MAP_MODE_READ, 0, size);
    const bytes = staging.getMappedRange(0, size).slice(0);
    staging.unmap();
    this.#keep(staging);
    return bytes;
  }

  #take(size: number): GPUBuffer {
    const index = this.#kept.findIndex((buffer) => buffer.size === size);
    if (index >= 0) return this.#kept.splice(index, 1)[0];
    return this.#queue.createBuffer({ size, usage: BUFFER_USAGE.MAP_READ | BUFFER_USAGE.COPY_DST });
  }

  #keep(buffer: GPUBuffer): void {
    this.#kept.push(buffer);
    if (this.#kept.length > KEPT_MAX) this.#kept.shift()?.destroy();
  }
}
