import { EpochOrder, packDataset } from "@tributary/data";

/** A training sample of a tiny run. */
export interface TinySample {
  /** Its number in the order in which samples are stored. */
  readonly index: number;
  readonly x0: number;
}

/** The samples at positions of an epoch of a tiny run with so many, read from its shards without a runner. */
export function tinySamples(
  seed: number,
  trainSamples: number,
  { epoch, start, end }: { readonly epoch: number; readonly start: number; readonly end: number },
): readonly TinySample[] {
  const values = Float32Array.from({ length: 2 * trainSamples }, (_, i) => (i % 2 === 0 ? 5 * i : 1));
  const packed = packDataset(
    {
      fields: [{ name: "x", dtype: "float32", shape: [2] }],
      train: { samples: trainSamples, columns: { x: values } },
      test: { samples: 0, columns: { x: new Float32Array(0) } },
    },
    { shardBytes: 32 },
  );
  const split = packed.manifest.splits.train;
  const order = new EpochOrder({ split, seed, epoch });
  return order.samplesAt(start, end - start).map(({ shard, indexInShard, sample }) => {
    const bytes = packed.shards.get(split.shards[shard]?.sha256 ?? "") ?? new Uint8Array(0);
    return { index: sample, x0: new Float32Array(bytes.slice().buffer)[2 * indexInShard] ?? Number.NaN };
  });
}
