import { describe, expect, it } from "vitest";
import { forecast } from "./forecast-dataset.ts";
import { packDataset } from "./shards.ts";

const count = (length: number) => Array.from({ length }, (_, i) => i);

describe("a dataset out of a time series", () => {
  it("has some rows in, and the next one out", async () => {
    const data = forecast({ series: count(6), length: 3, test: 0 });
    expect(await data.train.take(3)).toEqual({
      inputs: { dtype: "float32", shape: [3, 3, 1], data: Float32Array.of(0, 1, 2, 1, 2, 3, 2, 3, 4) },
      targets: { dtype: "float32", shape: [3, 1, 1], data: Float32Array.of(3, 4, 5) },
    });
    expect(packDataset(await data.load()).manifest.splits.train.samples).toBe(3);
  });

  it("may look further ahead, over a gap, at some features only, in larger steps", async () => {
    // Rows (0, 1), (2, 3), ... (18, 19).
    const data = forecast({
      series: count(20),
      features: 2,
      length: 2,
      horizon: 2,
      gap: 1,
      predicted: [1],
      stride: 3,
      test: 0,
    });
    expect(await data.train.take(2)).toEqual({
      inputs: { dtype: "float32", shape: [2, 2, 2], data: Float32Array.of(0, 1, 2, 3, 6, 7, 8, 9) },
      targets: { dtype: "float32", shape: [2, 2, 1], data: Float32Array.of(7, 9, 13, 15) },
    });
  });

  it("cuts its parts in the order of time, without a row in two of them", async () => {
    const data = forecast({ series: count(20), length: 2, validation: 0.2, test: 0.3 });
    const { train, validation, test } = await data.load();
    // 10, 4 and 6 rows; a sample takes 3.
    expect([train.samples, validation?.samples, test.samples]).toEqual([8, 2, 4]);
    expect((await data.train.take(1, 7)).targets?.data).toEqual(Float32Array.of(9));
    expect((await data.validation.take(1)).inputs?.data).toEqual(Float32Array.of(10, 11));
    expect((await data.test.take(1)).inputs?.data).toEqual(Float32Array.of(14, 15));
  });

  it("is standardised by the training rows alone", async () => {
    // Training 1, 3, 5, 7: mean 4, deviation sqrt(5). The constant second feature is moved to 0.
    const series = [1, 9, 3, 9, 5, 9, 7, 9, 100, 9, 100, 9, 100, 9, 100, 9];
    const data = forecast({ series, features: 2, length: 1, test: 0.5, standardise: true });
    const deviation = Math.sqrt(5);
    expect((await data.train.take(1)).inputs?.data).toEqual(Float32Array.of(-3 / deviation, 0));
    expect((await data.test.take(1)).inputs?.data).toEqual(Float32Array.of(96 / deviation, 0));
  });

  it("is refused when it is too short, holds NaN, or has shares and counts that cannot be", async () => {
    await expect(forecast({ series: count(3), length: 3, test: 0 }).load()).rejects.toThrow(
      "The training part has 3 rows, but a sample takes 4",
    );
    await expect(forecast({ series: [], length: 3 }).load()).rejects.toThrow("A series of 0 rows leaves 0 to train on");
    await expect(forecast({ series: [1, Number.NaN, 3, 4], length: 1, test: 0 }).load()).rejects.toThrow(
      "Sample 1 of train holds NaN at [0, 0] of inputs",
    );
    await expect(forecast({ series: count(9), length: 1, test: 1 }).load()).rejects.toThrow("leave a rest");
    await expect(forecast({ series: count(9), length: 0 }).load()).rejects.toThrow("The forecast's length is 0");
    await expect(forecast({ series: count(9), length: 1, gap: -1 }).load()).rejects.toThrow("The forecast's gap is -1");
    await expect(forecast({ series: count(9), features: 2, length: 1 }).load()).rejects.toThrow(
      "no whole number of rows of 2",
    );
    await expect(forecast({ series: count(8), features: 2, length: 1, predicted: [2] }).load()).rejects.toThrow(
      "use indices from 0 to 1",
    );
  });
});
