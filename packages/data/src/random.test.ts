import { describe, expect, it } from "vitest";
import { DataError } from "./errors.ts";
import { deriveKey, keyOfSeed, permutation, RandomStream, threefryInto } from "./random.ts";

// Known answers of Random123 1.14, kat_vectors, threefry2x32 with 20 rounds: counter, key, result.
const KNOWN_ANSWERS = [
  { counter: [0x00000000, 0x00000000], key: [0x00000000, 0x00000000], result: [0x6b200159, 0x99ba4efe] },
  { counter: [0xffffffff, 0xffffffff], key: [0xffffffff, 0xffffffff], result: [0x1cb996fc, 0xbb002be7] },
  { counter: [0x243f6a88, 0x85a308d3], key: [0x13198a2e, 0x03707344], result: [0xc4923a9c, 0x483df7a0] },
] as const;

describe("random numbers by counter", () => {
  it("threefry gives the known answers of Random123", () => {
    for (const { counter, key, result } of KNOWN_ANSWERS) {
      const words = new Uint32Array(2);
      threefryInto(words, key[0], key[1], counter[0], counter[1]);
      expect([...words]).toEqual(result);
    }
  });

  it("a stream is the two words of counter 0, then those of counter 1", () => {
    const stream = new RandomStream([0, 0]);
    expect([stream.word(), stream.word()]).toEqual([0x6b200159, 0x99ba4efe]);
    const words = new Uint32Array(2);
    threefryInto(words, 0, 0, 1, 0);
    expect([stream.word(), stream.word()]).toEqual([...words]);
    stream.restart(0, 0);
    expect(stream.word()).toBe(0x6b200159);
  });

  it("numbers between two bounds stay between them and have the middle as mean", () => {
    const stream = new RandomStream(keyOfSeed(5));
    let sum = 0;
    for (let i = 0; i < 10_000; i += 1) {
      const value = stream.between(-2, 4);
      expect(value).toBeGreaterThanOrEqual(-2);
      expect(value).toBeLessThan(4);
      sum += value;
    }
    // The mean of 10,000 such numbers has the standard deviation 6 / sqrt(12 * 10000) = 0.017.
    expect(Math.abs(sum / 10_000 - 1)).toBeLessThan(0.08);
  });

  it("a permutation of three comes up in each of its six orders equally often", () => {
    const counts = new Map<string, number>();
    for (let seed = 0; seed < 6000; seed += 1) {
      const order = permutation(3, keyOfSeed(seed)).join("");
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    // Standard deviation sqrt(6000 * 1/6 * 5/6) = 29; five of them are 145.
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(145);
  });

  it("a seed above 2^32 uses both words, and a seed that is no whole number is refused", () => {
    expect(keyOfSeed(2 ** 32 + 7)).toEqual([7, 1]);
    expect(deriveKey([0, 0], 0, 0)).toEqual([0x6b200159, 0x99ba4efe]);
    for (const seed of [-1, 0.5, Number.NaN, 2 ** 53]) {
      expect(() => keyOfSeed(seed)).toThrow(DataError);
    }
  });
});
