import { describe, expect, it } from "vitest";
import { crc32 } from "./crc32.ts";
import { type ChunkFrame, decodeFrame } from "./frame.ts";
import { CHUNK_BYTES_MAX, OPEN_TRANSFERS_MAX } from "./limits.ts";
import type { TensorDescriptor } from "./tensor-descriptor.ts";
import { codeOf } from "./testing/code-of.ts";
import { chunkFrames, chunkFramesInto, framedByteLength, Reassembly } from "./transfer.ts";

function tensorOf(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31) & 0xff);
}

function describeTensor(transfer: number, bytes: Uint8Array): TensorDescriptor {
  return {
    transfer,
    byteLength: bytes.byteLength,
    elements: bytes.byteLength / 4,
    codec: "float32",
    crc32: crc32(bytes),
  };
}

function chunksOf(transfer: number, bytes: Uint8Array): ChunkFrame[] {
  return [...chunkFrames(transfer, bytes)].map((frame) => {
    const decoded = decodeFrame(frame);
    if (decoded.kind !== "chunk") throw new Error("Not a chunk");
    return decoded;
  });
}

function piece(transfer: number, offset: number, length: number): ChunkFrame {
  return { kind: "chunk", transfer, offset, bytes: new Uint8Array(length) };
}

describe("transfers", () => {
  it("[T1] a tensor of 1 MiB and 8 bytes travels in three chunks and comes out equal", () => {
    const bytes = tensorOf(2 * CHUNK_BYTES_MAX + 8);
    const chunks = chunksOf(5, bytes);
    expect(chunks.map((chunk) => [chunk.offset, chunk.bytes.byteLength])).toEqual([
      [0, 524_288],
      [524_288, 524_288],
      [1_048_576, 8],
    ]);
    const reassembly = new Reassembly({ crc32 });
    expect(reassembly.begin(describeTensor(5, bytes), bytes.byteLength)).toBeNull();
    expect(chunks.slice(0, 2).map((chunk) => reassembly.accept(chunk))).toEqual([null, null]);
    const completed = reassembly.accept(chunks[2] as ChunkFrame);
    expect(Buffer.compare(completed?.bytes ?? new Uint8Array(0), bytes)).toBe(0);
    expect(reassembly.pendingBytes).toBe(0);
  });

  it("[F2] frames written into memory that is there are the same bytes, whatever was in it", () => {
    for (const length of [8, CHUNK_BYTES_MAX, CHUNK_BYTES_MAX + 8]) {
      const bytes = tensorOf(length);
      const memory = new Uint8Array(framedByteLength(length)).fill(0xff);
      const frames = chunkFramesInto(7, bytes, memory);
      expect(Buffer.compare(Buffer.concat(frames), Buffer.concat([...chunkFrames(7, bytes)]))).toBe(0);
      expect(Buffer.compare(memory, Buffer.concat(frames))).toBe(0);
    }
    expect(framedByteLength(0)).toBe(0);
  });

  it("[T1] an announced size other than the expected one is refused before anything is allocated", () => {
    let allocated = 0;
    const allocate = (byteLength: number) => {
      allocated += byteLength;
      return new Uint8Array(byteLength);
    };
    const reassembly = new Reassembly({ crc32, allocate });
    const huge = { transfer: 1, byteLength: 2 ** 32, elements: 2 ** 30, codec: "float32", crc32: 0 };
    expect(codeOf(() => reassembly.begin(huge, 64))).toBe("TRANSFER_SIZE");
    expect(codeOf(() => reassembly.begin({ ...huge, byteLength: 2 ** 32 + 8 }, 2 ** 32 + 8))).toBe("TRANSFER_SIZE");
    expect(allocated).toBe(0);
  });

  it("[T1] a tensor without bytes is complete when it is announced", () => {
    const reassembly = new Reassembly({ crc32 });
    const empty = describeTensor(1, new Uint8Array(0));
    expect(reassembly.begin(empty, 0)?.bytes.byteLength).toBe(0);
  });

  it("[T1] a chunk of a tensor that was not announced is refused", () => {
    expect(codeOf(() => new Reassembly({ crc32 }).accept(piece(1, 0, 8)))).toBe("TRANSFER_UNKNOWN");
  });

  it("[T2] a chunk with a gap, an overlap or bytes beyond the end is refused", () => {
    const begin = () => {
      const reassembly = new Reassembly({ crc32 });
      reassembly.begin(describeTensor(1, new Uint8Array(32)), 32);
      reassembly.accept(piece(1, 0, 16));
      return reassembly;
    };
    expect(codeOf(() => begin().accept(piece(1, 24, 8)))).toBe("TRANSFER_ORDER");
    expect(codeOf(() => begin().accept(piece(1, 8, 8)))).toBe("TRANSFER_ORDER");
    expect(codeOf(() => begin().accept(piece(1, 16, 24)))).toBe("TRANSFER_OVERFLOW");
  });

  it("[T3] one changed bit is found when the last chunk is in", () => {
    const bytes = tensorOf(64);
    const reassembly = new Reassembly({ crc32 });
    reassembly.begin(describeTensor(1, bytes), 64);
    const damaged = bytes.slice();
    damaged[40] = (damaged[40] ?? 0) ^ 4;
    expect(codeOf(() => reassembly.accept(chunksOf(1, damaged)[0] as ChunkFrame))).toBe("TRANSFER_CHECKSUM");
  });

  it("[T3] a receiver that leaves the check to somebody else takes the bytes as they are", () => {
    const reassembly = new Reassembly({ crc32: null });
    reassembly.begin({ ...describeTensor(1, new Uint8Array(8)), crc32: 1 }, 8);
    expect(reassembly.accept(piece(1, 0, 8))?.descriptor.crc32).toBe(1);
  });

  it("[T4] ids grow, and chunks of an abandoned transfer that were still on their way are ignored", () => {
    const reassembly = new Reassembly({ crc32 });
    reassembly.begin(describeTensor(3, new Uint8Array(32)), 32);
    reassembly.accept(piece(3, 0, 16));
    reassembly.abandon(3);
    expect(reassembly.accept(piece(3, 16, 16))).toBeNull();
    expect(reassembly.pendingBytes).toBe(0);
    expect(codeOf(() => reassembly.begin(describeTensor(3, new Uint8Array(32)), 32))).toBe("TRANSFER_ID");
    expect(codeOf(() => reassembly.begin(describeTensor(2, new Uint8Array(32)), 32))).toBe("TRANSFER_ID");
  });

  it("[T5] at most four tensors are unfinished at a time", () => {
    const reassembly = new Reassembly({ crc32 });
    for (let transfer = 1; transfer <= OPEN_TRANSFERS_MAX; transfer++) {
      reassembly.begin(describeTensor(transfer, new Uint8Array(8)), 8);
    }
    expect(reassembly.pendingBytes).toBe(32);
    expect(codeOf(() => reassembly.begin(describeTensor(9, new Uint8Array(8)), 8))).toBe("TRANSFER_TOO_MANY");
  });
});
