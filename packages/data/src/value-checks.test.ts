import { describe, expect, it } from "vitest";
import { arrays, windows } from "./array-dataset.ts";
import { Dataset } from "./dataset.ts";
import { checkIndices } from "./value-checks.ts";

const classes = (count: number, except?: number) => ({
  field: "targets",
  count,
  owner: "crossEntropy",
  of: "classes",
  ...(except === undefined ? {} : { except }),
});

describe("indices", () => {
  const data = arrays({
    fields: { targets: [2, 2] },
    train: { targets: Int32Array.of(0, 1, 2, 0, 1, 1, 5, 0) },
    test: { targets: Int32Array.of(0, 0, 0, -100) },
  });

  it("are refused out of range, with sample, position and the range", async () => {
    const dataset = await data.load();
    expect(() => checkIndices(dataset, classes(5))).toThrow(
      "Sample 1 of train has 5 at [1, 0] of targets, but crossEntropy takes 0 to 4 (5 classes): mend",
    );
    expect(() => checkIndices(dataset, classes(6))).toThrow("Sample 0 of test has -100 at [1, 1] of targets");
    expect(() => checkIndices(dataset, classes(6, -100))).not.toThrow();
    expect(() => checkIndices(dataset, classes(5, 255))).toThrow("takes 0 to 4 or 255 (5 classes)");
  });

  it("in windows are looked at where a sample of the field has them", async () => {
    // Windows of 2 rows at 0, 3 and 6; targets lie one row further on. Row 2 is no input, row 0 no target, row 8 beyond both.
    const load = (...rows: number[]) => windows({ train: Int32Array.from(rows), length: 2, stride: 3 }).load();
    const inputs = { ...classes(5), field: "inputs" };
    const dataset = await load(9, 1, 7, 0, 8, 0, 0, 0, 0, 6);
    expect(dataset.train.samples).toBe(3);
    expect(() => checkIndices(dataset, classes(5))).toThrow("Sample 0 of train has 7 at [1] of targets");
    expect(() => checkIndices(dataset, inputs)).toThrow("Sample 0 of train has 9 at [0] of inputs");
    const second = await load(0, 0, 7, 0, 8, 0, 0, 0, 0, 6);
    expect(() => checkIndices(second, inputs)).toThrow("Sample 1 of train has 8 at [1] of inputs");
    expect(() => checkIndices(second, { ...inputs, count: 9 })).not.toThrow();
  });
});

describe("values that are not finite", () => {
  const NAN = Number.NaN;
  const data = arrays({
    fields: { inputs: [2], targets: [] },
    train: { inputs: Float32Array.of(0, 1, 2, NAN, 4, 5), targets: Int32Array.of(0, 1, 2) },
  });

  it("may be left out by a filter, or taken", async () => {
    await expect(data.load()).rejects.toThrow("Sample 1 of train holds NaN at [1] of inputs");
    const kept = data.filter(({ inputs }) => Array.from(inputs as Float32Array).every(Number.isFinite));
    expect(await kept.train.take(2)).toMatchObject({ targets: { data: Int32Array.of(0, 2) } });
    expect((await data.allowNotFinite().load()).train.samples).toBe(3);
    expect((await data.allowNotFinite().shuffle().load()).train.samples).toBe(3);
    await expect(data.shuffle().load()).rejects.toThrow("holds NaN");
  });

  it("are known in float16 by their bits", async () => {
    // 65504, the largest finite number, is 7bff; infinity is 7c00, and NaN has a larger fraction.
    const half = (...bits: number[]) => {
      const split = { samples: bits.length, columns: { x: Uint16Array.from(bits) } };
      const empty = { samples: 0, columns: { x: new Uint16Array(0) } };
      return new Dataset("half", async () => ({
        fields: [{ name: "x", dtype: "float16", shape: [] }],
        train: split,
        test: empty,
      }));
    };
    expect((await half(0x7bff, 0xfbff).load()).train.samples).toBe(2);
    await expect(half(0, 0x7c00).load()).rejects.toThrow("Sample 1 of train holds NaN or an infinity in x");
    await expect(half(0xfe00).load()).rejects.toThrow("Sample 0 of train");
  });
});

describe("arrays", () => {
  const load = (train: object, test?: object) =>
    arrays({
      fields: { inputs: [2], targets: [] },
      train: train as never,
      ...(test && { test: test as never }),
    }).load();
  const inputs = Float32Array.of(1, 2, 3, 4);
  const targets = Int32Array.of(0, 1);

  it("that are missing, of another type or of another length are refused by name", async () => {
    expect((await load({ inputs, targets })).train.samples).toBe(2);
    await expect(load({ inputs })).rejects.toThrow("There is no array targets in train");
    await expect(load({ inputs, targets }, { inputs })).rejects.toThrow("There is no array targets in test");
    await expect(load({ inputs: [1, 2, 3, 4], targets })).rejects.toThrow(
      "Array inputs of train is of type Array: convert it, with Float32Array.from(...)",
    );
    await expect(load({ inputs: Float64Array.from(inputs), targets })).rejects.toThrow("is of type Float64Array");
    await expect(load({ inputs, targets: Int32Array.of(0) })).rejects.toThrow(
      "Array targets of train has 1 elements, 1 samples of [], but inputs has 2 samples: pass as many",
    );
    await expect(load({ inputs: inputs.subarray(1), targets })).rejects.toThrow(
      "Array inputs of train has 3 elements, no whole number of samples of [2], 2 each",
    );
  });
});
