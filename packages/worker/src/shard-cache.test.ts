import { packDataset } from "@tributary/data";
import { describe, expect, it } from "vitest";
import { ShardCache } from "./shard-cache.ts";

const FIELDS = [{ name: "x", dtype: "uint8", shape: [8] }] as const;
const packed = packDataset(
  {
    fields: FIELDS,
    train: { samples: 4, columns: { x: Uint8Array.from({ length: 32 }, (_, index) => index) } },
    test: { samples: 0, columns: { x: new Uint8Array(0) } },
  },
  { shardBytes: 16 },
);
const entries = packed.manifest.splits.train.shards;

function createCache(bytesMax: number) {
  const fetched: string[] = [];
  const fetchBlob = (hash: string) => {
    fetched.push(hash);
    return Promise.resolve(packed.shards.get(hash) ?? new Uint8Array(0));
  };
  return { cache: new ShardCache(FIELDS, fetchBlob, bytesMax), fetched };
}

const entry = (index: number) => entries[index] ?? { sha256: "", byteLength: 0, samples: 0 };

describe("ShardCache", () => {
  it("fetches a shard once, also when it is asked for twice at once", async () => {
    const { cache, fetched } = createCache(1_000);
    await Promise.all([cache.get(entry(0)), cache.get(entry(0))]);
    await cache.get(entry(0));
    expect(fetched).toEqual([entry(0).sha256]);
    expect(cache.bytes).toBe(entry(0).byteLength);
  });

  it("gives up the shard used least recently when there are too many bytes", async () => {
    expect(entries.length).toBeGreaterThanOrEqual(3);
    const { cache, fetched } = createCache(2 * entry(0).byteLength);
    await cache.get(entry(0));
    await cache.get(entry(1));
    await cache.get(entry(0));
    await cache.get(entry(2));
    await cache.get(entry(0));
    await cache.get(entry(1));
    expect(fetched).toEqual([0, 1, 2, 1].map((index) => entry(index).sha256));
    expect(cache.bytes).toBe(2 * entry(0).byteLength);
  });

  it("does not keep what is not the shard, and fetches again", async () => {
    let damaged = true;
    const cache = new ShardCache(FIELDS, (hash) => {
      const bytes = packed.shards.get(hash)?.slice() ?? new Uint8Array(0);
      if (damaged) bytes[0] = 255;
      return Promise.resolve(bytes);
    });
    await expect(cache.get(entry(0))).rejects.toMatchObject({ code: "SHARD_HASH" });
    damaged = false;
    expect((await cache.get(entry(0))).samples).toBe(entry(0).samples);
  });
});
