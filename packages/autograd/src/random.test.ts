import { describe, expect, it } from "vitest";
import { arange, full, tensor } from "./creation.ts";
import { foldIn, normal, randomKey, threefry, uniform, uniformFrom } from "./random.ts";

describe("random numbers", () => {
  it("threefry has the published words", async () => {
    // Known answers of Random123 for threefry2x32, 20 rounds: counter and key 0; counter and key all ones; digits of pi.
    const word = async (key: number[], high: number, low: number) =>
      threefry(tensor(Uint32Array.from(key)), full([], high, "uint32"), full([], low, "uint32")).item();
    expect(await word([0, 0], 0, 0)).toBe(0x6b200159);
    expect(await word([0xffffffff, 0xffffffff], 0xffffffff, 0xffffffff)).toBe(0x1cb996fc);
    expect(await word([0x13198a2e, 0x03707344], 0x243f6a88, 0x85a308d3)).toBe(0xc4923a9c);
  });
  it("uniform numbers are the upper 24 bits of a word", async () => {
    const bits = tensor(Uint32Array.of(0, 255, 256, 0xffffffff));
    expect([...(await uniformFrom(bits).data())]).toEqual([0, 0, 2 ** -24, 1 - 2 ** -24]);
  });
  it("foldIn takes the words at (data, 0) and (data, 1)", async () => {
    const key = randomKey(7);
    const expected = await threefry(key, full([2], 5, "uint32"), arange(2, "uint32")).data();
    expect(await foldIn(key, 5).data()).toEqual(expected);
    expect(await foldIn(key, tensor(Uint32Array.of(5))).data()).toEqual(expected);
  });
  it("a seed above 2^32 fills both words of the key", async () => {
    expect([...(await randomKey(3 * 2 ** 32 + 5).data())]).toEqual([5, 3]);
  });
  it("moments of 20,000 numbers are within five standard errors", async () => {
    const moments = (elements: ArrayLike<number>) => {
      const list = Array.from(elements);
      const mean = list.reduce((sum, each) => sum + each, 0) / list.length;
      return [mean, list.reduce((sum, each) => sum + (each - mean) ** 2, 0) / list.length];
    };
    const [uniformMean, uniformVariance] = moments(await uniform(randomKey(1), [20_000], -1, 1).data());
    expect(Math.abs(uniformMean)).toBeLessThan(5 * Math.sqrt(1 / 3 / 20_000));
    expect(Math.abs(uniformVariance - 1 / 3)).toBeLessThan(5 * Math.sqrt(4 / 45 / 20_000));
    const [normalMean, normalVariance] = moments(await normal(randomKey(1), [20_000]).data());
    expect(Math.abs(normalMean)).toBeLessThan(5 * Math.sqrt(1 / 20_000));
    expect(Math.abs(normalVariance - 1)).toBeLessThan(5 * Math.sqrt(2 / 20_000));
  });
});
