import { describe, expect, it } from "vitest";
import { crc32c } from "./crc32c.ts";
import { tensorBoard } from "./tensorboard.ts";

/** CRC-32C bit by bit, and the mask, written apart from the code under test. */
function maskedChecksum(bytes: Uint8Array): number {
  let crc = 0xffffffffn;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1n ? (crc >> 1n) ^ 0x82f63b78n : crc >> 1n;
  }
  crc ^= 0xffffffffn;
  return Number(((((crc >> 15n) | (crc << 17n)) & 0xffffffffn) + 0xa282ead8n) % 2n ** 32n);
}

/** The data of every record, its lengths and checksums verified. */
function recordsOf(file: Uint8Array): Uint8Array[] {
  const records: Uint8Array[] = [];
  const view = new DataView(file.buffer);
  for (let at = 0; at < file.length; ) {
    const length = Number(view.getBigUint64(at, true));
    expect(view.getUint32(at + 8, true)).toBe(maskedChecksum(file.subarray(at, at + 8)));
    const data = file.subarray(at + 12, at + 12 + length);
    expect(view.getUint32(at + 12 + length, true)).toBe(maskedChecksum(data));
    records.push(data);
    at += 16 + length;
  }
  return records;
}

/** Fields of a message as [number, value]; messages inside stay bytes. */
function fieldsOf(bytes: Uint8Array): [number, number | Uint8Array][] {
  const fields: [number, number | Uint8Array][] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const field = Math.floor(tag / 8);
    if (tag % 8 === 0) fields.push([field, varint()]);
    else if (tag % 8 === 1) {
      fields.push([field, view.getFloat64(at, true)]);
      at += 8;
    } else if (tag % 8 === 5) {
      fields.push([field, view.getFloat32(at, true)]);
      at += 4;
    } else {
      const length = varint();
      fields.push([field, bytes.subarray(at, at + length)]);
      at += length;
    }
  }
  return fields;
}

const text = (value: number | Uint8Array | undefined) =>
  new TextDecoder().decode(value instanceof Uint8Array ? value : undefined);

describe("crc32c", () => {
  it("gives the published check value", () => {
    expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
  });
});

describe("tensorBoard", () => {
  it("writes a file that a reader of the record format reads back", () => {
    const parts: Uint8Array[] = [];
    const callback = tensorBoard({ append: (bytes) => parts.push(bytes), nowMs: () => 1_500 });
    callback.onEvent({ event: "worker", id: "w", name: "n", state: "joined" });
    callback.onEvent({
      event: "step",
      step: 3_000_000_000,
      epoch: 1,
      samples: 64,
      loss: 0.5,
      samplesPerSecond: 10,
      workers: 2,
      gradientNorm: 1.25,
    });
    callback.onEvent({ event: "epoch", epoch: 1, trainLoss: 0.75, testAccuracy: 0.5, seconds: 2 });
    const records = recordsOf(Uint8Array.from(parts.flatMap((part) => [...part])));
    const [header, step, epoch] = records.map((record) => new Map(fieldsOf(record)));
    expect(records).toHaveLength(3);
    expect([header?.get(1), text(header?.get(3))]).toEqual([1.5, "brain.Event:2"]);
    const scalars = (summary: number | Uint8Array | undefined) =>
      fieldsOf(summary instanceof Uint8Array ? summary : new Uint8Array()).map(([, value]) => {
        const fields = new Map(fieldsOf(value instanceof Uint8Array ? value : new Uint8Array()));
        return [text(fields.get(1)), fields.get(2)];
      });
    expect(step?.get(2)).toBe(3_000_000_000);
    expect(scalars(step?.get(5))).toEqual([
      ["step/epoch", 1],
      ["step/samples", 64],
      ["step/loss", 0.5],
      ["step/samplesPerSecond", 10],
      ["step/workers", 2],
      ["step/gradientNorm", 1.25],
    ]);
    expect(scalars(epoch?.get(5))).toEqual([
      ["epoch/trainLoss", 0.75],
      ["epoch/testAccuracy", 0.5],
      ["epoch/seconds", 2],
    ]);
  });
});
