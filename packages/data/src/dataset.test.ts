import { describe, expect, it } from "vitest";
import { arrays, windows } from "./array-dataset.ts";
import { Dataset } from "./dataset.ts";
import { DataError } from "./errors.ts";
import { packDataset } from "./shards.ts";

describe("a dataset out of arrays", () => {
  const inputs = Float32Array.of(0, 1, 2, 3, 4, 5);
  const targets = Int32Array.of(7, 8, 9);

  it("takes each field's dtype from its array, and the number of samples from the lengths", async () => {
    const data = arrays({ fields: { inputs: [2], targets: [] }, train: { inputs, targets } });
    const loaded = await data.load();
    expect(loaded.fields).toEqual([
      { name: "inputs", dtype: "float32", shape: [2] },
      { name: "targets", dtype: "int32", shape: [] },
    ]);
    expect([loaded.train.samples, loaded.test.samples]).toEqual([3, 0]);
    expect(loaded.train.columns.inputs).toBe(inputs);
    expect(packDataset(loaded).manifest.splits.train.samples).toBe(3);
  });

  it("gives the first samples as copies, with the number of samples before each field's shape", async () => {
    const data = arrays({ fields: { inputs: [2], targets: [] }, train: { inputs, targets } });
    expect(await data.train.take(2)).toEqual({
      inputs: { dtype: "float32", shape: [2, 2], data: Float32Array.of(0, 1, 2, 3) },
      targets: { dtype: "int32", shape: [2], data: Int32Array.of(7, 8) },
    });
    (await data.train.take(2)).inputs.data[0] = 99;
    expect(inputs[0]).toBe(0);
    await expect(data.train.take(4)).rejects.toThrow("Samples 0 to 3 do not all lie in a split of 3");
  });

  it("accepts a dtype that the array does not tell, and refuses one that contradicts it", async () => {
    const form = (dtype: "bool" | "int32") =>
      arrays({ fields: { mask: { dtype, shape: [2] } }, train: { mask: Uint8Array.of(0, 1) } }).load();
    expect((await form("bool")).fields[0].dtype).toBe("bool");
    await expect(form("int32")).rejects.toThrow("Array mask is a Uint8Array, but its field is int32");
  });

  it("refuses arrays of different numbers of samples when it is loaded", async () => {
    const data = arrays({ fields: { inputs: [4], targets: [] }, train: { inputs, targets } });
    await expect(data.load()).rejects.toThrow(DataError);
    const uneven = arrays({ fields: { inputs: [2], targets: [] }, train: { inputs, targets: Int32Array.of(1, 2) } });
    await expect(uneven.load()).rejects.toThrow("but inputs has 3 samples: pass as many in every array");
    const missing = arrays({ fields: { inputs: [2], targets: [] }, train: { inputs } });
    await expect(missing.load()).rejects.toThrow("There is no array targets in train");
  });
});

describe("a dataset of windows", () => {
  const tokens = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);

  it("has, by default, inputs and the same rows moved by one as targets", async () => {
    const data = windows({ train: tokens, length: 3 });
    // Windows begin at 0, 3 and 6; the last target ends at row 9, the last there is.
    expect((await data.load()).train.samples).toBe(3);
    expect(await data.train.take(3)).toMatchObject({
      inputs: { shape: [3, 3], data: Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8) },
      targets: { shape: [3, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9) },
    });
  });

  it("may overlap, have rows of several values, and other offsets", async () => {
    const data = windows({ train: tokens, length: 2, stride: 1, rowShape: [2], offsets: { now: 0, later: 2 } });
    // Five rows; a sample spans four of them, so two samples.
    expect(await data.train.take(2)).toMatchObject({
      now: { shape: [2, 2, 2], data: Uint8Array.of(0, 1, 2, 3, 2, 3, 4, 5) },
      later: { shape: [2, 2, 2], data: Uint8Array.of(4, 5, 6, 7, 6, 7, 8, 9) },
    });
  });

  it("has no samples when the array is shorter than one window", async () => {
    const data = windows({ train: tokens, test: tokens.subarray(0, 3), length: 3 });
    expect((await data.load()).test.samples).toBe(0);
  });
});

describe("loading", () => {
  it("happens once, and again only after it failed", async () => {
    let calls = 0;
    const empty = { samples: 0, columns: { x: new Uint8Array(0) } };
    const data = new Dataset("flaky", async () => {
      calls += 1;
      if (calls === 1) throw new Error("The network is down");
      return { fields: [{ name: "x", dtype: "uint8", shape: [] }], train: empty, test: empty };
    });
    await expect(data.load()).rejects.toThrow("The network is down");
    expect(await data.load()).toBe(await data.load());
    await data.train.take(0);
    expect(calls).toBe(2);
  });
});

describe("names of classes", () => {
  const source = new Dataset("pets", async () => ({
    fields: [
      { name: "inputs", dtype: "float32", shape: [] },
      { name: "targets", dtype: "int32", shape: [] },
    ],
    train: { samples: 3, columns: { inputs: Float32Array.of(1, 2, 3), targets: Int32Array.of(0, 1, 0) } },
    test: { samples: 1, columns: { inputs: Float32Array.of(4), targets: Int32Array.of(1) } },
    classNames: ["cat", "dog"],
  }));
  const namesOf = async (dataset: Dataset) => (await dataset.load()).classNames;

  it("stay with what is made of the dataset", async () => {
    expect(await namesOf(source.filter((_, index) => index > 0))).toEqual(["cat", "dog"]);
    expect(await namesOf(source.shuffle(1))).toEqual(["cat", "dog"]);
    expect(await namesOf(source.split({ validation: 0.34 }).measuredOnValidation())).toEqual(["cat", "dog"]);
    expect(await namesOf(source.withClasses(2))).toEqual(["cat", "dog"]);
  });

  it("stay when samples are changed, and go when their classes are", async () => {
    const brighter = source.map(({ inputs, targets }) => ({ inputs: 2 * Number(inputs), targets: targets ?? 0 }));
    expect(await namesOf(brighter)).toEqual(["cat", "dog"]);
    const swapped = source.map(({ inputs, targets }) => ({ inputs: inputs ?? 0, targets: 1 - Number(targets) }));
    expect(await namesOf(swapped)).toBeUndefined();
  });
});
