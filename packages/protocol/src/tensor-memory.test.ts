import { describe, expect, it } from "vitest";
import { TensorMemory } from "./tensor-memory.ts";

describe("TensorMemory", () => {
  it("gives a piece out again once it came back, and no sooner", () => {
    const memory = new TensorMemory((byteLength) => new Uint8Array(byteLength));
    const first = memory.take(24);
    const second = memory.take(24);
    expect(second.buffer).not.toBe(first.buffer);
    memory.giveBack(first);
    expect(memory.take(24).buffer).toBe(first.buffer);
    expect(memory.take(24).buffer).not.toBe(first.buffer);
  });

  it("gives only pieces of the length that was asked for", () => {
    const memory = new TensorMemory((byteLength) => new Uint8Array(byteLength));
    memory.giveBack(memory.take(24));
    expect(memory.take(16).byteLength).toBe(16);
    expect(memory.take(32).byteLength).toBe(32);
  });

  it("counts a piece that is given back twice once", () => {
    const memory = new TensorMemory((byteLength) => new Uint8Array(byteLength));
    const piece = memory.take(8);
    memory.giveBack(piece);
    memory.giveBack(piece);
    expect(memory.take(8).buffer).not.toBe(memory.take(8).buffer);
  });

  it("keeps at most 16 pieces, the newest", () => {
    const made: number[] = [];
    const memory = new TensorMemory((byteLength) => {
      made.push(byteLength);
      return new Uint8Array(byteLength);
    });
    const pieces = Array.from({ length: 17 }, (_, index) => memory.take(index + 1));
    for (const piece of pieces) memory.giveBack(piece);
    made.length = 0;
    for (let byteLength = 1; byteLength <= 17; byteLength += 1) memory.take(byteLength);
    expect(made).toEqual([1]);
  });
});
