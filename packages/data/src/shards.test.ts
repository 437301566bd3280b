import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EpochOrder } from "./epoch-order.ts";
import type { Field } from "./field.ts";
import { encodeManifest, parseManifest, type SplitName } from "./manifest.ts";
import { createMicrobatch, fillMicrobatchInto } from "./microbatch.ts";
import { openShard, type PackedDataset, packDataset, sourceSample } from "./shards.ts";
import type { LoadedDataset } from "./split.ts";
import { codeOf } from "./testing/code-of.ts";

const FIELDS: readonly Field[] = [
  { name: "inputs", dtype: "uint8", shape: [2, 3] },
  { name: "targets", dtype: "int32", shape: [] },
];

/** Sample i has the inputs 6 i, 6 i + 1, ... (modulo 256) and the target -i. */
function numbered(train: number, test: number): LoadedDataset {
  const split = (samples: number) => ({
    samples,
    columns: {
      inputs: Uint8Array.from({ length: samples * 6 }, (_, i) => i),
      targets: Int32Array.from({ length: samples }, (_, i) => -i),
    },
  });
  return { fields: FIELDS, train: split(train), test: split(test) };
}

/** Sample i is tokens 3 i to 3 i + 4, its target the token after each; token t is t modulo 256. */
function tokenWindows(train: number, test: number): LoadedDataset {
  const window = { array: "tokens", length: 5, stride: 3 };
  const split = (samples: number) => ({
    samples,
    columns: { tokens: Uint8Array.from({ length: samples === 0 ? 0 : (samples - 1) * 3 + 6 }, (_, i) => i) },
  });
  return {
    fields: [
      { name: "inputs", dtype: "uint8", shape: [5], window: { ...window, offset: 0 } },
      { name: "targets", dtype: "uint8", shape: [5], window: { ...window, offset: 1 } },
    ],
    train: split(train),
    test: split(test),
  };
}

/** All samples of a split in an order, through shards and microbatches of `size`. */
function readBack(packed: PackedDataset, name: SplitName, size: number, shuffle: boolean) {
  const { fields, splits } = parseManifest(encodeManifest(packed.manifest));
  const split = splits[name];
  const opened = split.shards.map((entry) => openShard(fields, entry, packed.shards.get(entry.sha256)!));
  const order = new EpochOrder({ split, seed: 9, epoch: 2, shuffle });
  const microbatch = createMicrobatch(fields, size);
  const samples: { inputs: number[]; targets: number[]; index: number }[] = [];
  for (let first = 0; first < order.length; first += size) {
    const count = Math.min(size, order.length - first);
    fillMicrobatchInto(microbatch, fields, { order, first, count }, (shard) => opened[shard]);
    const width = microbatch.fields.inputs.length / size;
    const depth = microbatch.fields.targets.length / size;
    for (let i = 0; i < size; i += 1) {
      const inputs = [...microbatch.fields.inputs.subarray(i * width, (i + 1) * width)];
      const targets = [...microbatch.fields.targets.subarray(i * depth, (i + 1) * depth)];
      expect(microbatch.weights[i]).toBe(i < count ? 1 : 0);
      if (i < count) samples.push({ inputs, targets, index: microbatch.indices[i] });
      else expect([...inputs, ...targets, microbatch.indices[i]].every((value) => value === 0)).toBe(true);
    }
  }
  return samples;
}

describe("packing a dataset into shards", () => {
  it("names each shard by its SHA-256 and gives the bytes the manifest says", () => {
    const { manifest, shards } = packDataset(numbered(50, 20), { shardBytes: 200 });
    for (const entry of [...manifest.splits.train.shards, ...manifest.splits.test.shards]) {
      const bytes = shards.get(entry.sha256)!;
      expect(createHash("sha256").update(bytes).digest("hex")).toBe(entry.sha256);
      expect(bytes.byteLength).toBe(entry.byteLength);
      expect(bytes.byteLength).toBeLessThanOrEqual(200);
    }
    expect(manifest.splits.train.samples).toBe(50);
    expect(manifest.splits.test.samples).toBe(20);
  });

  it("writes fields one after the other, each at a multiple of 8 bytes, in little-endian order", () => {
    const { manifest, shards } = packDataset(numbered(0, 3));
    const bytes = shards.get(manifest.splits.test.shards[0].sha256)!;
    // 18 bytes of inputs and 6 of padding, then the targets 0, -1, -2 and 4 bytes of padding.
    const inputs = Array.from({ length: 18 }, (_, i) => i);
    const targets = [0, 0, 0, 0, 255, 255, 255, 255, 254, 255, 255, 255];
    expect([...bytes]).toEqual([...inputs, 0, 0, 0, 0, 0, 0, ...targets, 0, 0, 0, 0]);
  });

  it("keeps test samples in their order, and stores training samples in a seeded random order", () => {
    const packed = packDataset(numbered(40, 40), { shardBytes: 128 });
    const targets = (name: SplitName) => readBack(packed, name, 8, false).map((sample) => sample.targets[0]);
    const inOrder = Array.from({ length: 40 }, (_, i) => 0 - i);
    expect(targets("test")).toEqual(inOrder);
    expect(targets("train")).not.toEqual(inOrder);
    expect(targets("train").toSorted((a, b) => b - a)).toEqual(inOrder);
    const again = packDataset(numbered(40, 40), { shardBytes: 128 });
    expect(again.manifest).toEqual(packed.manifest);
    const other = packDataset(numbered(40, 40), { shardBytes: 128, seed: 1 });
    expect(other.manifest.splits.train).not.toEqual(packed.manifest.splits.train);
    expect(other.manifest.splits.test).toEqual(packed.manifest.splits.test);
  });

  it("knows which sample of the dataset a stored one was", () => {
    const { manifest, ...packed } = packDataset(numbered(50, 0), { shardBytes: 200, seed: 3 });
    for (const { targets, index } of readBack({ manifest, ...packed }, "train", 7, false)) {
      expect(sourceSample(manifest, index, 3)).toBe(Math.abs(targets[0] ?? 0));
    }
    expect(sourceSample(packDataset(tokenWindows(9, 0)).manifest, 4)).toBe(4);
  });

  it("gives every sample back exactly once through shuffled microbatches, each with its own target", () => {
    const size = fc.integer({ min: 1, max: 7 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 1, max: 400 }), size, (count, shardBytes, m) => {
        const samples = readBack(packDataset(numbered(count, 0), { shardBytes }), "train", m, true);
        expect(samples.map((sample) => 0 - sample.targets[0]).toSorted((a, b) => a - b)).toEqual(
          Array.from({ length: count }, (_, i) => i),
        );
        expect(new Set(samples.map((sample) => sample.index)).size).toBe(count);
        for (const { inputs, targets } of samples) {
          expect(inputs).toEqual(Array.from({ length: 6 }, (_, k) => ((0 - targets[0]) * 6 + k) % 256));
        }
      }),
    );
  });

  it("gives windows over a longer array back, those at a shard's edge too, as if the array had not been cut", () => {
    const size = fc.integer({ min: 1, max: 7 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 1, max: 80 }), size, (count, shardBytes, m) => {
        const samples = readBack(packDataset(tokenWindows(count, 0), { shardBytes }), "train", m, true);
        expect(samples).toHaveLength(count);
        for (const { inputs, targets, index } of samples) {
          expect(inputs).toEqual([0, 1, 2, 3, 4].map((k) => (3 * index + k) % 256));
          expect(targets).toEqual([1, 2, 3, 4, 5].map((k) => (3 * index + k) % 256));
        }
      }),
    );
  });

  it("refuses arrays that do not fit their fields", () => {
    const good = numbered(4, 2);
    const withTrain = (columns: LoadedDataset["train"]["columns"]) =>
      codeOf(() => packDataset({ ...good, train: { samples: 4, columns } }));
    const { inputs, targets } = good.train.columns;
    expect(withTrain({ inputs, targets })).toBe("accepted");
    expect(withTrain({ inputs })).toBe("COLUMN_MISMATCH");
    expect(withTrain({ inputs, targets: targets.subarray(1) })).toBe("COLUMN_MISMATCH");
    expect(withTrain({ inputs, targets: new Int32Array(5) })).toBe("COLUMN_MISMATCH");
    expect(withTrain({ inputs, targets: new Float32Array(4) })).toBe("COLUMN_MISMATCH");
  });

  it("refuses a size of shards that is no whole number of at least 1", () => {
    for (const shardBytes of [0, -1, 0.5, Number.NaN]) {
      expect(codeOf(() => packDataset(numbered(4, 2), { shardBytes }))).toBe("NUMBER_INVALID");
    }
  });

  it("refuses a sample that no shard could hold", () => {
    const fields: readonly Field[] = [
      { name: "a", dtype: "uint8", shape: [2 ** 26] },
      { name: "b", dtype: "uint8", shape: [1] },
    ];
    const split = { samples: 0, columns: { a: new Uint8Array(0), b: new Uint8Array(0) } };
    expect(codeOf(() => packDataset({ fields, train: split, test: split }))).toBe("SAMPLE_TOO_LARGE");
  });
});

describe("opening a shard", () => {
  const { manifest, shards } = packDataset(numbered(0, 3));
  const entry = manifest.splits.test.shards[0];
  const bytes = shards.get(entry.sha256)!;

  it("refuses bytes of another length or another hash", () => {
    expect(codeOf(() => openShard(FIELDS, entry, bytes))).toBe("accepted");
    expect(codeOf(() => openShard(FIELDS, entry, bytes.subarray(1)))).toBe("SHARD_LENGTH");
    const flipped = bytes.slice();
    flipped[4] ^= 1;
    expect(codeOf(() => openShard(FIELDS, entry, flipped))).toBe("SHARD_HASH");
  });

  it("accepts bytes that begin anywhere in their buffer", () => {
    const moved = new Uint8Array(bytes.byteLength + 3).subarray(3);
    moved.set(bytes);
    const { data, start, step } = openShard(FIELDS, entry, moved).locate(FIELDS[1]);
    expect([data[start], data[start + step], data[start + 2 * step]]).toEqual([0, -1, -2]);
  });
});

describe("filling a microbatch", () => {
  it("says which shard is missing, and refuses more samples than fit", () => {
    const { manifest } = packDataset(numbered(0, 3));
    const order = new EpochOrder({ split: manifest.splits.test, seed: 0, epoch: 0, shuffle: false });
    const target = createMicrobatch(FIELDS, 2);
    const fill = (count: number, fields = FIELDS) =>
      codeOf(() => fillMicrobatchInto(target, fields, { order, first: 0, count }, () => undefined));
    expect(fill(2)).toBe("SHARD_MISSING");
    expect(fill(3)).toBe("POSITION_OUT_OF_RANGE");
    expect(fill(2, [{ name: "other", dtype: "uint8", shape: [] }])).toBe("FIELD_INVALID");
  });
});
