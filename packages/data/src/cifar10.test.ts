import { describe, expect, it } from "vitest";
import { cifar10, findCifar10Names } from "./cifar10-dataset.ts";

/** One record: a label, then 1,024 bytes each of red, green and blue. */
function recordOf(label: number, red: number, green: number, blue: number): number[] {
  return [label, ...[red, green, blue].flatMap((level) => Array.from({ length: 1024 }, () => level))];
}
const file =
  (...records: number[][]) =>
  async () =>
    Uint8Array.from(records.flat());

describe("CIFAR-10's binary version", () => {
  it("has a label and three planes of 32 x 32 a record; training files follow each other", async () => {
    const data = cifar10({
      files: { train: [file(recordOf(3, 1, 2, 3)), file(recordOf(9, 4, 5, 6))], test: file(recordOf(0, 7, 8, 9)) },
    });
    const { inputs, targets } = await data.train.take(2);
    expect([inputs?.shape, inputs?.dtype, targets?.data]).toEqual([[2, 3, 32, 32], "uint8", Int32Array.of(3, 9)]);
    expect([0, 1024, 2048, 3072, 6143].map((at) => inputs?.data[at])).toEqual([1, 2, 3, 4, 6]);
    expect((await data.test.load()).samples).toBe(1);
  });

  it("is refused when it is cut off, empty, or has other labels", async () => {
    const test = file(recordOf(0, 0, 0, 0));
    await expect(cifar10({ files: { train: [file([1, 2, 3])], test } }).load()).rejects.toThrow(
      "A file has 3 bytes, no whole number of records of 3073",
    );
    await expect(cifar10({ files: { train: [], test } }).load()).rejects.toThrow("no whole number of records");
    await expect(cifar10({ files: { train: [file(recordOf(10, 0, 0, 0))], test } }).load()).rejects.toThrow(
      "Record 0 has the label 10",
    );
  });

  it("is found by the names of its files", () => {
    const names = ["readme.html", "test_batch.bin", "data_batch_2.bin", "data_batch_1.bin"];
    expect(findCifar10Names(names)).toEqual({
      train: ["data_batch_1.bin", "data_batch_2.bin"],
      test: "test_batch.bin",
    });
    expect(findCifar10Names(["data_batch_1.bin"])).toBeUndefined();
  });

  it("is read from a folder", async () => {
    const folder = async () => [
      { path: "data_batch_1.bin", read: file(recordOf(3, 1, 2, 3)) },
      { path: "test_batch.bin", read: file(recordOf(4, 1, 2, 3)) },
    ];
    expect((await cifar10({ folder }).test.take(1)).targets?.data).toEqual(Int32Array.of(4));
    await expect(cifar10({ folder: async () => [] }).load()).rejects.toThrow("There are no data_batch_1.bin");
  });
});
