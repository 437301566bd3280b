import { describe, expect, it } from "vitest";
import { arrays, windows } from "./array-dataset.ts";
import { prefetch } from "./batches.ts";
import { generator } from "./generator-dataset.ts";
import type { NewSample } from "./sample.ts";
import { packDataset } from "./shards.ts";

const inputs = Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
const targets = Int32Array.of(0, 1, 2, 3, 4);
const test = { inputs: Float32Array.of(10, 11), targets: Int32Array.of(5) };
const five = () => arrays({ fields: { inputs: [2], targets: [] }, train: { inputs, targets }, test });

describe("map", () => {
  it("makes each sample of every split anew, once, when the data is loaded", async () => {
    let calls = 0;
    const data = five().map(({ inputs: pair, targets: label }, index, part) => {
      calls += 1;
      const [first = 0, second = 0] = typeof pair === "object" ? pair : [];
      return { inputs: [first + second, index], targets: part === "test" ? 1 : (label ?? 0) };
    });
    expect(calls).toBe(0);
    expect(await data.train.take(5)).toEqual({
      inputs: { dtype: "float32", shape: [5, 2], data: Float32Array.of(1, 0, 5, 1, 9, 2, 13, 3, 17, 4) },
      targets: { dtype: "int32", shape: [5], data: targets },
    });
    expect(await data.test.take(1)).toMatchObject({
      inputs: { data: Float32Array.of(21, 0) },
      targets: { data: Int32Array.of(1) },
    });
    expect(calls).toBe(6);
    expect(packDataset(await data.load()).manifest.splits.train.samples).toBe(5);
  });

  it("takes new fields from the first sample, or from what is said about them", async () => {
    const guessed = five().map(() => ({ x: Uint8Array.of(1, 2, 3), y: 0.5 }));
    expect((await guessed.load()).fields).toEqual([
      { name: "x", dtype: "uint8", shape: [3] },
      { name: "y", dtype: "float32", shape: [] },
    ]);
    const said = five().map(() => ({ x: [1, 2, 3, 4] }), { x: { dtype: "uint8", shape: [2, 2] } });
    expect((await said.load()).fields).toEqual([{ name: "x", dtype: "uint8", shape: [2, 2] }]);
  });

  it("keeps shape and dtype of a field that has as many elements as before", async () => {
    const image = arrays({
      fields: { inputs: [1, 2, 2], targets: [] },
      train: { inputs: Uint8Array.of(1, 2, 3, 4), targets: Int32Array.of(1) },
    });
    const data = image.map(({ inputs: pixels, targets: label }) => ({
      inputs: typeof pixels === "object" ? pixels.map((level) => 255 - level) : 0,
      targets: label ?? 0,
    }));
    expect(await data.train.take(1)).toMatchObject({
      inputs: { dtype: "uint8", shape: [1, 1, 2, 2], data: Uint8Array.of(254, 253, 252, 251) },
      targets: { dtype: "int32", shape: [1] },
    });
  });

  it("gives functions copies, which they may write", async () => {
    const data = five();
    await data.map(({ inputs: pair }) => ({ inputs: typeof pair === "object" ? pair.fill(0) : 0 })).load();
    expect(inputs[1]).toBe(1);
  });

  it.each<[string, NewSample, string]>([
    ["another length", { x: [1, 2] }, "Sample 1 has 2 elements in x, where its shape [] takes 1"],
    ["a field too few", {}, "Sample 1 has no field x"],
    ["a field too many", { x: 1, y: 2 }, "Sample 1 has the field y"],
    ["a value that its dtype cannot hold", { x: 0.5 }, "Sample 1 has 0.5 in x, which int32 cannot hold"],
  ])("refuses a sample with %s", async (_, second, message) => {
    const data = five().map((__, index) => (index === 0 ? { x: 1 } : second), { x: { dtype: "int32", shape: [] } });
    await expect(data.load()).rejects.toThrow(message);
  });

  it("waits for functions that take their time", async () => {
    const data = five().map(async ({ targets: label }) => ({ doubled: await Promise.resolve(Number(label) * 2) }));
    expect((await data.train.take(5)).doubled?.data).toEqual(Float32Array.of(0, 2, 4, 6, 8));
  });
});

describe("filter", () => {
  it("keeps the samples, of every split, for which a function says so", async () => {
    const data = five().filter(({ targets: label }) => Number(label) % 2 === 1);
    expect(await data.train.take(2)).toMatchObject({
      inputs: { data: Float32Array.of(2, 3, 6, 7) },
      targets: { data: Int32Array.of(1, 3) },
    });
    expect((await data.test.load()).samples).toBe(1);
  });

  it("is refused when it leaves nothing to train on", async () => {
    await expect(
      five()
        .filter(() => false)
        .load(),
    ).rejects.toThrow("The filter keeps none of 5 training samples");
  });

  it("makes dense samples of windows", async () => {
    const data = windows({ train: Uint8Array.of(0, 1, 2, 3, 4), length: 2, stride: 1 }).filter(
      ({ inputs: rows }) => typeof rows === "object" && rows[0] !== 1,
    );
    expect((await data.load()).fields[0]).toEqual({ name: "inputs", dtype: "uint8", shape: [2] });
    expect((await data.train.take(2)).targets?.data).toEqual(Uint8Array.of(1, 2, 3, 4));
  });
});

describe("shuffle", () => {
  it("puts training samples, and them alone, into another order, by seed", async () => {
    const order = async (seed: number) => [...((await five().shuffle(seed).train.take(5)).targets?.data ?? [])];
    expect((await order(1)).toSorted()).toEqual([0, 1, 2, 3, 4]);
    expect(await order(1)).toEqual(await order(1));
    expect(await order(1)).not.toEqual(await order(2));
    const shuffled = await five().shuffle(1).train.take(5);
    expect([...(shuffled.inputs?.data ?? [])].filter((_, i) => i % 2 === 0)).toEqual(
      (await order(1)).map((label) => 2 * label),
    );
  });
});

describe("split", () => {
  it("takes validation samples from the training samples, and leaves the test alone", async () => {
    const data = five().split({ validation: 0.4, seed: 7 });
    const { train, validation, test: rest } = await data.load();
    expect([train.samples, validation?.samples, rest.samples]).toEqual([3, 2, 1]);
    const labels = [...(train.columns.targets ?? []), ...(validation?.columns.targets ?? [])];
    expect(labels.toSorted()).toEqual([0, 1, 2, 3, 4]);
  });

  it("lets a run be measured on them", async () => {
    const data = five().split({ validation: 0.4 });
    const measured = await data.measuredOnValidation().load();
    expect(measured.test).toEqual((await data.load()).validation);
    expect(packDataset(measured).manifest.splits.test.samples).toBe(2);
    await expect(five().measuredOnValidation().load()).rejects.toThrow("Dataset arrays has no validation samples");
  });

  it("cuts windows off the end, without a row that two parts see", async () => {
    // 21 rows: 20 windows of one row and its target, of which 5 and 5 are cut off; the first of each part shares a row with the part before.
    const data = windows({ train: Uint8Array.from({ length: 21 }, (_, i) => i), length: 1 }).split({
      validation: 0.25,
      test: 0.25,
    });
    const { train, validation, test: last } = await data.load();
    expect([train.samples, validation?.samples, last.samples]).toEqual([10, 4, 4]);
    expect((await data.train.take(1, 9)).targets?.data).toEqual(Uint8Array.of(10));
    expect((await data.validation.take(4)).inputs?.data).toEqual(Uint8Array.of(11, 12, 13, 14));
    expect((await data.test.take(4)).targets?.data).toEqual(Uint8Array.of(17, 18, 19, 20));
  });

  it("is refused when there is a test already, or a part gets nothing", async () => {
    await expect(five().split({ test: 0.2 }).load()).rejects.toThrow("The dataset has 1 samples for test already");
    await expect(five().split({ validation: 1 }).load()).rejects.toThrow("leave none to train on");
    const short = windows({ train: new Uint8Array(11), length: 5, stride: 1 }).split({ validation: 0.2 });
    await expect(short.load()).rejects.toThrow("A part of 1 windows shares rows with the part before it in 5");
  });
});

describe("what is checked when a dataset is loaded", () => {
  const data = (x: Float32Array, allowNotFinite = false) =>
    arrays({ fields: { x: [2] }, train: { x }, allowNotFinite });

  it("refuses NaN and infinities, naming sample and position, unless they are allowed", async () => {
    await expect(data(Float32Array.of(0, 1, 2, Number.NaN)).load()).rejects.toThrow(
      "Sample 1 of train holds NaN at [1] of x",
    );
    await expect(data(Float32Array.of(Number.POSITIVE_INFINITY, 1)).load()).rejects.toThrow(
      "Sample 0 of train holds Infinity at [0] of x",
    );
    expect((await data(Float32Array.of(0, Number.NaN), true).load()).train.samples).toBe(1);
  });

  it("refuses labels that are no classes, where their number is said", async () => {
    await expect(five().withClasses(4).load()).rejects.toThrow(
      "Sample 4 of train has 4 in targets, but withClasses takes 0 to 3 (4 classes)",
    );
    await expect(five().withClasses(5).load()).rejects.toThrow("Sample 0 of test has 5 in targets");
    expect((await five().withClasses(6).load()).train.samples).toBe(5);
    await expect(five().withClasses(6, "labels").load()).rejects.toThrow("There is no field labels");
  });
});

describe("a generator", () => {
  it("runs once, and its samples are kept", async () => {
    let runs = 0;
    const data = generator({
      *train() {
        runs += 1;
        for (let i = 0; i < 100; i += 1) yield { inputs: [i, -i], targets: i % 2 };
      },
      test: () => [{ inputs: [1, 2], targets: 0 }],
      fields: { inputs: [2], targets: { dtype: "int32", shape: [] } },
    });
    expect(await data.train.take(1, 99)).toMatchObject({
      inputs: { data: Float32Array.of(99, -99) },
      targets: { data: Int32Array.of(1) },
    });
    expect((await data.test.load()).samples).toBe(1);
    await data.load();
    expect(runs).toBe(1);
  });

  it("may be asynchronous, and read ahead", async () => {
    const data = generator({
      async *train() {
        for (let i = 0; i < 3; i += 1) yield await Promise.resolve({ x: i });
      },
      ahead: 2,
    });
    expect((await data.train.take(3)).x?.data).toEqual(Float32Array.of(0, 1, 2));
  });

  it("gives at least one sample, and all of one form", async () => {
    await expect(generator({ train: () => [] }).load()).rejects.toThrow(
      "There is neither a sample nor a list of fields",
    );
    await expect(generator({ train: () => [], fields: { x: { dtype: "uint8", shape: [] } } }).load()).rejects.toThrow(
      "gave no training sample",
    );
    await expect(generator({ train: () => [{ x: 1 }, { x: [1, 2] }] }).load()).rejects.toThrow(
      "Sample 1 has 2 elements in x",
    );
  });
});

describe("batches", () => {
  const labels = async (size: number, options = {}) => {
    const batches: number[][] = [];
    for await (const batch of five().train.batch(size, options)) batches.push([...(batch.targets?.data ?? [])]);
    return batches;
  };

  it("are samples in order, the last batch what is left", async () => {
    expect(await labels(2)).toEqual([[0, 1], [2, 3], [4]]);
    expect(await labels(2, { dropLast: true })).toEqual([
      [0, 1],
      [2, 3],
    ]);
    for await (const batch of five().train.batch(4)) {
      expect(batch.inputs?.shape).toEqual([4, 2]);
      break;
    }
  });

  it("may be in an order of a seed", async () => {
    const shuffled = await labels(2, { shuffle: 5 });
    expect(shuffled).toEqual(await labels(2, { shuffle: 5 }));
    expect(shuffled.flat().toSorted()).toEqual([0, 1, 2, 3, 4]);
    expect(shuffled).not.toEqual(await labels(2, { shuffle: 6 }));
  });

  it("have at least one sample", async () => {
    await expect(labels(0)).rejects.toThrow("The batch size is 0");
  });
});

describe("prefetch", () => {
  it("asks for so many items before they are needed, and keeps their order", async () => {
    const asked: number[] = [];
    function* source() {
      for (let i = 0; i < 5; i += 1) {
        asked.push(i);
        yield Promise.resolve(i);
      }
    }
    const items: number[] = [];
    for await (const item of prefetch(source(), 2)) {
      items.push(item);
      if (item === 0) expect(asked).toEqual([0, 1, 2]);
    }
    expect(items).toEqual([0, 1, 2, 3, 4]);
  });

  it("gives an error where its item would have been, and ends its source when it is left", async () => {
    const seen: number[] = [];
    const failing = async () => {
      for await (const item of prefetch([Promise.resolve(1), Promise.reject(new Error("The disk is gone"))], 2))
        seen.push(item);
    };
    await expect(failing()).rejects.toThrow("The disk is gone");
    expect(seen).toEqual([1]);
    let ended = false;
    async function* endless() {
      try {
        for (;;) yield 1;
      } finally {
        ended = true;
      }
    }
    for await (const item of prefetch(endless(), 3)) if (item === 1) break;
    expect(ended).toBe(true);
  });
});
