import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EpochOrder } from "./epoch-order.ts";
import { DataError } from "./errors.ts";

function splitOf(samples: readonly number[]) {
  return { shards: samples.map((count) => ({ samples: count })) };
}

const shardSizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 12 });
const seeds = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

describe("the order of an epoch", () => {
  it("visits every sample exactly once, whatever the shards, seed and epoch", () => {
    fc.assert(
      fc.property(shardSizes, seeds, fc.integer({ min: 0, max: 2 ** 32 - 1 }), (sizes, seed, epoch) => {
        const order = new EpochOrder({ split: splitOf(sizes), seed, epoch });
        const total = sizes.reduce((sum, size) => sum + size, 0);
        expect(order.length).toBe(total);
        const visited = order.samplesAt(0, total).map((place) => place.sample);
        expect(visited.toSorted((a, b) => a - b)).toEqual(Array.from({ length: total }, (_, i) => i));
      }),
    );
  });

  it("names each sample by the shard it lies in: the samples of the shards before it, plus its index inside", () => {
    fc.assert(
      fc.property(shardSizes, seeds, (sizes, seed) => {
        const order = new EpochOrder({ split: splitOf(sizes), seed, epoch: 0 });
        for (const { shard, indexInShard, sample } of order.samplesAt(0, order.length)) {
          expect(indexInShard).toBeLessThan(sizes[shard]);
          expect(sample).toBe(sizes.slice(0, shard).reduce((sum, size) => sum + size, 0) + indexInShard);
        }
      }),
    );
  });

  it("does not depend on how it is asked: positions one by one, backwards, or in ranges give the same", () => {
    fc.assert(
      fc.property(shardSizes, seeds, fc.array(fc.nat(), { maxLength: 30 }), (sizes, seed, questions) => {
        const options = { split: splitOf(sizes), seed, epoch: 3 };
        const all = new EpochOrder(options).samplesAt(0, new EpochOrder(options).length);
        const order = new EpochOrder(options);
        for (const question of questions) {
          const position = question % order.length;
          expect(order.at(position)).toEqual(all[position]);
          expect(order.samplesAt(position, order.length - position)).toEqual(all.slice(position));
        }
      }),
    );
  });

  it("stays in one shard until all of its samples are visited, so that a range touches few shards", () => {
    const order = new EpochOrder({ split: splitOf(Array(20).fill(100)), seed: 1, epoch: 0 });
    const shards = order.samplesAt(0, 2000).map((place) => place.shard);
    const changes = shards.filter((shard, i) => i > 0 && shard !== shards[i - 1]).length;
    expect(changes).toBe(19);
    expect(order.shardsAt(0, 100)).toHaveLength(1);
    expect(order.shardsAt(50, 100)).toHaveLength(2);
    expect(order.shardsAt(0, 0)).toEqual([]);
    expect(order.shardsAt(0, 2000).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  it("says which shards a range lies in: those of its samples, in order of first use", () => {
    fc.assert(
      fc.property(shardSizes, seeds, fc.nat(), fc.nat(), (sizes, seed, a, b) => {
        const order = new EpochOrder({ split: splitOf(sizes), seed, epoch: 1 });
        const first = a % order.length;
        const count = b % (order.length - first + 1);
        const expected = [...new Set(order.samplesAt(first, count).map((place) => place.shard))];
        expect(order.shardsAt(first, count)).toEqual(expected);
      }),
    );
  });

  it("changes with the epoch and with the seed, in the shards and inside them", () => {
    const samples = (seed: number, epoch: number, sizes: readonly number[]) => {
      const order = new EpochOrder({ split: splitOf(sizes), seed, epoch });
      return order.samplesAt(0, order.length).map((place) => place.sample);
    };
    for (const sizes of [[50], Array(50).fill(1)]) {
      const base = samples(1, 0, sizes);
      expect(samples(1, 0, sizes)).toEqual(base);
      expect(samples(1, 1, sizes)).not.toEqual(base);
      expect(samples(2, 0, sizes)).not.toEqual(base);
    }
  });

  it("without shuffling is the samples from first to last", () => {
    const order = new EpochOrder({ split: splitOf([2, 3]), seed: 1, epoch: 5, shuffle: false });
    expect(order.samplesAt(0, 5)).toEqual([
      { shard: 0, indexInShard: 0, sample: 0 },
      { shard: 0, indexInShard: 1, sample: 1 },
      { shard: 1, indexInShard: 0, sample: 2 },
      { shard: 1, indexInShard: 1, sample: 3 },
      { shard: 1, indexInShard: 2, sample: 4 },
    ]);
  });

  it("is the same on every machine: these places come from an independent program in Python", () => {
    const order = new EpochOrder({ split: splitOf([3, 4, 3]), seed: 42, epoch: 7 });
    expect(order.samplesAt(0, 10).map((place) => place.sample)).toEqual([4, 5, 3, 6, 7, 9, 8, 0, 2, 1]);
  });

  it("refuses positions outside the epoch, and seeds and epochs that are no whole numbers", () => {
    const order = new EpochOrder({ split: splitOf([2, 3]), seed: 1, epoch: 0 });
    for (const position of [-1, 5, 0.5, Number.NaN]) expect(() => order.at(position)).toThrow(DataError);
    expect(() => order.samplesAt(3, 3)).toThrow("Positions 3 to 5 do not all lie in an epoch of 5");
    expect(order.samplesAt(5, 0)).toEqual([]);
    expect(() => new EpochOrder({ split: splitOf([1]), seed: -1, epoch: 0 })).toThrow(DataError);
    expect(() => new EpochOrder({ split: splitOf([1]), seed: 0, epoch: 0.5 })).toThrow(DataError);
    expect(new EpochOrder({ split: splitOf([]), seed: 0, epoch: 0 }).length).toBe(0);
  });
});
