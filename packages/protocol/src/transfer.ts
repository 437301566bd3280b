import type { Crc32 } from "./crc32.ts";
import { ProtocolError } from "./errors.ts";
import { type ChunkFrame, encodeChunkFrame, encodeChunkFrameInto } from "./frame.ts";
import { CHUNK_BYTES_MAX, FRAME_HEADER_BYTES, OPEN_TRANSFERS_MAX, TENSOR_BYTES_MAX } from "./limits.ts";
import type { TensorDescriptor } from "./tensor-descriptor.ts";

/**
 * The frames of a coded tensor, in order; the caller owns each. Borrows `bytes` until the last one is made.
 * @param transfer the descriptor's id
 */
export function* chunkFrames(transfer: number, bytes: Uint8Array): Generator<Uint8Array<ArrayBuffer>, void, undefined> {
  for (let offset = 0; offset < bytes.byteLength; offset += CHUNK_BYTES_MAX) {
    yield encodeChunkFrame(transfer, offset, bytes.subarray(offset, offset + CHUNK_BYTES_MAX));
  }
}

/** Bytes of all frames of a coded tensor of so many bytes. */
export function framedByteLength(byteLength: number): number {
  return byteLength + FRAME_HEADER_BYTES * Math.ceil(byteLength / CHUNK_BYTES_MAX);
}

/**
 * The frames of a coded tensor, in order, one behind the other in memory that is there. Copies `bytes`.
 * @param into exactly framedByteLength bytes @returns views into it
 */
export function chunkFramesInto(transfer: number, bytes: Uint8Array, into: Uint8Array): readonly Uint8Array[] {
  const frames: Uint8Array[] = [];
  let place = 0;
  for (let offset = 0; offset < bytes.byteLength; offset += CHUNK_BYTES_MAX) {
    const chunk = bytes.subarray(offset, offset + CHUNK_BYTES_MAX);
    const frame = into.subarray(place, place + FRAME_HEADER_BYTES + chunk.byteLength);
    encodeChunkFrameInto(transfer, offset, chunk, frame);
    frames.push(frame);
    place += frame.byteLength;
  }
  return frames;
}

/** Where the bytes of an announced tensor go. */
export interface ReassemblyOptions {
  /** Checks a completed tensor. Null: whoever takes the bytes checks them (the coordinator's compute threads do). */
  readonly crc32: Crc32 | null;
  /** Memory for a tensor of so many bytes; a plain buffer unless the caller shares it with a thread. */
  readonly allocate?: (byteLength: number) => Uint8Array;
}

/** A tensor that is wholly received, and checked if its Reassembly checks. The receiver of this value owns the bytes. */
export interface CompletedTransfer {
  readonly descriptor: TensorDescriptor;
  readonly bytes: Uint8Array;
}

interface OpenTransfer {
  readonly descriptor: TensorDescriptor;
  readonly bytes: Uint8Array;
  received: number;
  crc: number;
}

/**
 * Puts the chunks of one direction of a connection together again. Memory is what the announced tensors need, each
 * checked against what the caller expects before it is allocated, and at most OPEN_TRANSFERS_MAX of them.
 */
export class Reassembly {
  readonly #options: ReassemblyOptions;
  readonly #open = new Map<number, OpenTransfer>();
  #lastTransfer = 0;

  constructor(options: ReassemblyOptions) {
    this.#options = options;
  }

  /** Bytes allocated for tensors that are not complete. */
  get pendingBytes(): number {
    let sum = 0;
    for (const transfer of this.#open.values()) sum += transfer.bytes.byteLength;
    return sum;
  }

  /**
   * A tensor is announced; its chunks may follow.
   * @param expectedBytes what the run's layout and the codec give: the descriptor must say the same
   * @returns the tensor when it has no bytes and so is complete; otherwise null
   * @throws ProtocolError TRANSFER_SIZE, TRANSFER_ID, TRANSFER_TOO_MANY; nothing is allocated then
   */
  begin(descriptor: TensorDescriptor, expectedBytes: number): CompletedTransfer | null {
    const { transfer, byteLength } = descriptor;
    if (byteLength !== expectedBytes || byteLength > TENSOR_BYTES_MAX) {
      throw new ProtocolError(
        "TRANSFER_SIZE",
        `Transfer ${transfer} announces ${byteLength} bytes of ${descriptor.elements} elements, but ${expectedBytes} bytes are expected`,
      );
    }
    if (transfer <= this.#lastTransfer) {
      throw new ProtocolError("TRANSFER_ID", `Transfer ${transfer} is announced after transfer ${this.#lastTransfer}`);
    }
    if (this.#open.size >= OPEN_TRANSFERS_MAX) {
      throw new ProtocolError(
        "TRANSFER_TOO_MANY",
        `Transfer ${transfer} is announced while ${this.#open.size} are unfinished`,
      );
    }
    this.#lastTransfer = transfer;
    const bytes = this.#options.allocate?.(byteLength) ?? new Uint8Array(byteLength);
    const opened: OpenTransfer = { descriptor, bytes, received: 0, crc: 0 };
    if (byteLength === 0) return this.#complete(opened);
    this.#open.set(transfer, opened);
    return null;
  }

  /**
   * Takes the next chunk; copies its bytes.
   * @returns the tensor when this was its last chunk; null when more must come, or when the transfer was abandoned
   * @throws ProtocolError TRANSFER_UNKNOWN, TRANSFER_ORDER, TRANSFER_OVERFLOW, TRANSFER_CHECKSUM
   */
  accept(chunk: ChunkFrame): CompletedTransfer | null {
    const open = this.#open.get(chunk.transfer);
    if (open === undefined) return this.#ignore(chunk);
    if (chunk.offset !== open.received) {
      throw new ProtocolError(
        "TRANSFER_ORDER",
        `A chunk of transfer ${chunk.transfer} begins at byte ${chunk.offset}, but ${open.received} bytes are in`,
      );
    }
    if (chunk.bytes.byteLength > open.bytes.byteLength - open.received) {
      throw new ProtocolError(
        "TRANSFER_OVERFLOW",
        `A chunk of ${chunk.bytes.byteLength} bytes at byte ${chunk.offset} does not fit into ${open.bytes.byteLength}`,
      );
    }
    open.bytes.set(chunk.bytes, open.received);
    open.received += chunk.bytes.byteLength;
    if (this.#options.crc32 !== null) open.crc = this.#options.crc32(chunk.bytes, open.crc);
    if (open.received < open.bytes.byteLength) return null;
    this.#open.delete(chunk.transfer);
    return this.#complete(open);
  }

  /** Forgets an unfinished tensor; chunks of it that are still on their way are then ignored. */
  abandon(transfer: number): void {
    this.#open.delete(transfer);
  }

  // Ids only grow, so one that is not above the last announced is of a tensor that was abandoned (or is complete).
  #ignore(chunk: ChunkFrame): null {
    if (chunk.transfer > this.#lastTransfer) {
      throw new ProtocolError(
        "TRANSFER_UNKNOWN",
        `A chunk came for transfer ${chunk.transfer}, which was not announced`,
      );
    }
    return null;
  }

  #complete(open: OpenTransfer): CompletedTransfer {
    if (this.#options.crc32 !== null && open.crc !== open.descriptor.crc32) {
      throw new ProtocolError(
        "TRANSFER_CHECKSUM",
        `Transfer ${open.descriptor.transfer} has CRC-32 ${open.crc}, but ${open.descriptor.crc32} was announced`,
      );
    }
    return { descriptor: open.descriptor, bytes: open.bytes };
  }
}
