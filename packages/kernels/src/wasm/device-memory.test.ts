import { describe, expect, it } from "vitest";
import { DeviceMemory } from "./device-memory.ts";

describe("device memory", () => {
  it("gives out cache lines, apart from each other, with room for a vector behind them", () => {
    const memory = new DeviceMemory();
    const addresses = [1, 64, 0, 1000].map((bytes) => memory.take(bytes));
    expect(addresses.map((address) => address % 64)).toEqual([0, 0, 0, 0]);
    // Sizes with the margin of 64 bytes, in whole lines: 128, 128, 64.
    expect(addresses.map((address) => address - (addresses[0] ?? 0))).toEqual([0, 128, 256, 320]);
  });

  it("uses again what was given back, zeroed, and joins neighbours", () => {
    const memory = new DeviceMemory();
    const [first, second, third] = [memory.take(1000), memory.take(1000), memory.take(1000)];
    new Uint8Array(memory.memory.buffer, second, 1000).fill(7);
    memory.giveBack(second);
    memory.giveBack(first);
    const both = memory.take(2000);
    expect(both).toBe(first);
    expect(new Uint8Array(memory.memory.buffer, both, 2000).every((byte) => byte === 0)).toBe(true);
    memory.giveBack(third);
    memory.giveBack(third);
    // Two pieces of 1,088 bytes less one of 2,112 leave a line, which joins what lay behind it.
    expect(memory.take(1000)).toBe(third - 64);
  });

  it("grows by what is missing, and refuses what no 32-bit address reaches", () => {
    const memory = new DeviceMemory();
    memory.take(10 * 65_536);
    expect(memory.pages).toBe(11);
    expect(() => memory.take(2 ** 32)).toThrowError(expect.objectContaining({ code: "OUT_OF_MEMORY" }));
    memory.take(64);
    expect(memory.pages).toBe(11);
  });
});
