import type { TensorData } from "../device.ts";
import { wordBytes } from "./gpu-buffer.ts";
import type { GpuQueue } from "./gpu-queue.ts";
import { BUFFER_USAGE, MAP_MODE_READ } from "./usage.ts";

const WORD_BYTES = 4;

/** Buffers kept for the next reading of their size. */
const KEPT_MAX = 3;

/** Bytes start ... start + length - 1 of a buffer. */
export interface ByteRange {
  readonly buffer: GPUBuffer;
  readonly start: number;
  readonly length: number;
}

/** Words of a buffer that are copied, and what of them was asked for. */
interface Copy {
  readonly buffer: GPUBuffer;
  /** Byte of the buffer at which the words begin, and byte of the staging buffer at which their copy does. */
  readonly first: number;
  readonly target: number;
  /** Bytes that are copied though nobody asked for them, before those that were asked for. */
  readonly skipped: number;
  readonly length: number;
  /** Bytes of the words. */
  readonly size: number;
}

/** What goes to one staging buffer. */
interface Load {
  readonly copies: readonly Copy[];
  readonly size: number;
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
    const loads = loadsOf(ranges.map(copyOf), this.#queue.device.limits.maxBufferSize);
    if (loads.length === 0) return ranges.map(() => new ArrayBuffer(0));
    const stagings = await this.#queue.enqueue(async () => {
      for (const { buffer } of ranges) this.#queue.checkBuffer(buffer);
      const targets: GPUBuffer[] = [];
      for (const { size } of loads) targets.push(await this.#take(size));
      const encoder = this.#queue.device.createCommandEncoder();
      for (const [index, { copies }] of loads.entries()) {
        for (const copy of copies) {
          encoder.copyBufferToBuffer(copy.buffer, copy.first, targets[index], copy.target, copy.size);
        }
      }
      this.#queue.device.queue.submit([encoder.finish()]);
      return targets;
    });
    const pieces = await Promise.all(stagings.map((staging, index) => this.#map(staging, loads[index])));
    this.#queue.counters.readbacks += 1;
    return pieces.flat();
  }

  /** Brings what was copied to a buffer to the host, range by range. */
  async #map(staging: GPUBuffer, { copies, size }: Load): Promise<ArrayBuffer[]> {
    try {
      await this.#queue.answer(staging.mapAsync(MAP_MODE_READ, 0, size));
    } catch {
      return this.#queue.explain();
    }
    this.#queue.counters.bytesRead += size;
    const mapped = staging.getMappedRange(0, size);
    const results = copies.map(({ target, skipped, length }) =>
      mapped.slice(target + skipped, target + skipped + length),
    );
    staging.unmap();
    this.#keep(staging);
    return results;
  }

  /** Copies data into a buffer at byte `start`; `end` is where the buffer's elements end. */
  async write(buffer: GPUBuffer, data: TensorData, start: number, end: number): Promise<void> {
    if (data.length === 0) return;
    this.#queue.checkBuffer(buffer);
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
    const staging = await this.#take(size);
    const encoder = this.#queue.device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, first, staging, 0, size);
    this.#queue.device.queue.submit([encoder.finish()]);
    const copy = { buffer, first, target: 0, skipped: 0, length: size, size };
    const [bytes] = await this.#map(staging, { copies: [copy], size });
    return bytes;
  }

  async #take(size: number): Promise<GPUBuffer> {
    const index = this.#kept.findIndex((buffer) => buffer.size === size);
    if (index >= 0) return this.#kept.splice(index, 1)[0];
    return this.#queue.allocate({ size, usage: BUFFER_USAGE.MAP_READ | BUFFER_USAGE.COPY_DST });
  }

  #keep(buffer: GPUBuffer): void {
    this.#kept.push(buffer);
    if (this.#kept.length > KEPT_MAX) this.#kept.shift()?.destroy();
  }
}

/** The words that a range lies in. */
function copyOf({ buffer, start, length }: ByteRange): Omit<Copy, "target"> {
  const first = start - (start % WORD_BYTES);
  // Behind the last element there may be no word left to copy.
  const size = length === 0 ? 0 : wordBytes(start + length - first);
  return { buffer, first, skipped: length === 0 ? 0 : start - first, length, size };
}

/** Shares copies out, in their order, to as few buffers as hold them. */
function loadsOf(copies: readonly Omit<Copy, "target">[], maxBufferSize: number): Load[] {
  const loads: { copies: Copy[]; size: number }[] = [];
  for (const copy of copies) {
    const last = loads.at(-1);
    if (last !== undefined && last.size + copy.size <= maxBufferSize) {
      last.copies.push({ ...copy, target: last.size });
      last.size += copy.size;
    } else {
      loads.push({ copies: [{ ...copy, target: 0 }], size: copy.size });
    }
  }
  return loads.every(({ size }) => size === 0) ? [] : loads;
}
