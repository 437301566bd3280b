import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { csv, type Dataset, digits, images, text } from "@tributary/data";
import { afterAll, describe, expect, it } from "vitest";
import { datasetAt } from "./data-source.ts";
import { refusal } from "./testing/refusal.ts";

const folder = mkdtempSync(join(tmpdir(), "tributary-source-"));
afterAll(() => rmSync(folder, { recursive: true }));

function write(path: string, content: string | Uint8Array): string {
  const full = join(folder, path);
  mkdirSync(join(full, ".."), { recursive: true });
  writeFileSync(full, content);
  return full;
}

/** An NPY file of bytes, as numpy.save writes it. */
function npyOf(shape: string, ...elements: number[]): Uint8Array {
  const header = `{'descr': '|u1', 'fortran_order': False, 'shape': ${shape}, }`.padEnd(117);
  return Uint8Array.of(0x93, ...Buffer.from("NUMPY"), 1, 0, 118, 0, ...Buffer.from(`${header}\n`), ...elements);
}

const other = digits({ train: 1, test: 1 });
const at = (path: string, own: Dataset = other) => datasetAt(join(folder, path), own, join(folder, "cache"));

const refusedAt = (path: string) => refusal(() => datasetAt(path, other, join(folder, "cache")));

// A PNG of one red pixel, written by Pillow 9.4.
const RED = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC",
  "base64",
);

const ARCHIVE = Buffer.from(
  "UEsDBBQAAAAIAAAAIQCF7IUeUQAAAIoAAAAFABQAeC5ucHkBABAAigAAAAAAAABRAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loF5Taqiuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GoYGOgqGmjoKtQrkAi4GRiZmFlY2dg5OAFBLAwQUAAAACAAAACEAGcynOE8AAACKAAAABQAUAHkubnB5AQAQAIoAAAAAAAAATwAAAAAAAACb7BfqGxDJyFDGUK2eklqcXKRupaBeU2qorqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RqGBjqaOgq1CuQDLgZGJmYWVjZ2Dk4AUEsBAhQDFAAAAAgAAAAhAIXshR5RAAAAigAAAAUAAAAAAAAAAAAAAIABAAAAAHgubnB5UEsBAhQDFAAAAAgAAAAhABnMpzhPAAAAigAAAAUAAAAAAAAAAAAAAIABiAAAAHkubnB5UEsFBgAAAAACAAIAZgAAAA4BAAAAAA==",
  "base64",
);

describe("--data", () => {
  it("takes a folder with IDX files", async () => {
    const images = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 5);
    const labels = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 1, 7);
    for (const part of ["train", "t10k"]) {
      write(`idx/${part}-images-idx3-ubyte`, images);
      write(`idx/${part}-labels-idx1-ubyte`, labels);
    }
    expect((await at("idx").train.take(1)).targets?.data).toEqual(Int32Array.of(7));
  });

  it("takes a folder with CIFAR-10's binary files", async () => {
    const record = new Uint8Array(3073).fill(4);
    for (const name of ["data_batch_1.bin", "test_batch.bin"]) write(`cifar/${name}`, record);
    expect((await at("cifar").load()).fields[0]?.shape).toEqual([3, 32, 32]);
  });

  it("takes a CSV file: the last column is the target, a fifth of the rows the test", async () => {
    write("table.csv", `x,y\n${Array.from({ length: 10 }, (_, i) => `${i},${i % 2}`).join("\n")}\n`);
    const { fields, train, test } = await at("table.csv").load();
    expect([fields[1]?.dtype, train.samples, test.samples]).toEqual(["int32", 8, 2]);
    write("table.tsv", "x\ty\n1\t0\n2\t1\n");
    expect((await at("table.tsv").load()).train.samples).toBe(2);
  });

  it("reads a CSV file as the run's own, where that is one", async () => {
    write("own.csv", "y;x\n0;5\n1;6\n");
    const own = csv({ file: "elsewhere.csv", separator: ";", target: "y" });
    expect((await at("own.csv", own).train.take(2)).inputs?.data).toEqual(Float32Array.of(5, 6));
  });

  it("takes NPY files that lie beside each other, by the name of one or of their folder", async () => {
    write("arrays/x_train.npy", npyOf("(1, 2, 2)", 1, 2, 3, 4));
    write("arrays/y_train.npy", npyOf("(1,)", 9));
    write("arrays/x_test.npy", npyOf("(1, 2, 2)", 5, 6, 7, 8));
    write("arrays/y_test.npy", npyOf("(1,)", 8));
    for (const path of ["arrays", "arrays/x_train.npy", "arrays/y_train.npy"]) {
      expect(await at(path).test.take(1)).toMatchObject({
        inputs: { shape: [1, 1, 2, 2] },
        targets: { data: Int32Array.of(8) },
      });
    }
    write("alone/x_train.npy", npyOf("(1,)", 1));
    expect(refusedAt(join(folder, "alone/x_train.npy")).message).toContain("has no array beside it that goes with it");
  });

  it("takes an NPZ archive, and a fifth of it for the test where it has none", async () => {
    // numpy.savez_compressed(x=[[0], [1], ..., [9]], y=[0, ..., 9]), both uint8, of NumPy 1.24.
    write("archive.npz", ARCHIVE);
    const { train, test } = await at("archive.npz").load();
    expect([train.samples, test.samples]).toEqual([8, 2]);
  });

  it("takes a text, in windows as the run's own has them", async () => {
    write("words.txt", "abcd".repeat(200));
    expect((await at("words.txt").load()).fields[0]).toMatchObject({ dtype: "int32", shape: [64] });
    const own = text({ file: "elsewhere.txt", length: 8 });
    expect((await at("words.txt", own).load()).fields[0]?.shape).toEqual([8]);
  });

  it("takes folders of images, at the size that the run's own have", async () => {
    for (const path of ["train/red/1.png", "train/blue/2.png", "test/red/3.png"]) write(`photos/${path}`, RED);
    expect(await at("photos").test.take(1)).toMatchObject({
      inputs: { data: Uint8Array.of(255, 0, 0) },
      targets: { data: Int32Array.of(1) },
    });
    const own = images({ folder: "elsewhere", size: [4, 4], color: "grey" });
    expect((await at("photos", own).load()).fields[0]?.shape).toEqual([1, 4, 4]);
  });

  it("takes the name of a fetched dataset, and says how to fetch one that is not there", async () => {
    const error = refusedAt("tiny-shakespeare");
    expect([error.code, error.exitCode, error.remedy]).toEqual([
      "DATA_INVALID",
      3,
      "Fetch it first: tributary data fetch tiny-shakespeare",
    ]);
    write("cache/tiny-shakespeare/input.txt", "a".repeat(1_115_394));
    const data = datasetAt("tiny-shakespeare", other, join(folder, "cache"));
    expect((await data.load()).fields[0]?.shape).toEqual([64]);
  });

  it("refuses anything else, and lists what is understood", () => {
    expect(refusedAt("no/such/place").message).toContain("There is nothing at");
    write("empty/readme", "");
    expect(refusedAt(join(folder, "empty")).message).toContain("holds nothing that is understood");
    expect(refusedAt(write("data.xyz", "")).remedy).toContain("a .csv, .tsv, .npz, .npy or .txt file");
    write("half/train-images-idx3-ubyte", "");
    expect(refusedAt(join(folder, "half")).message).toContain("Of the four IDX files there are only");
  });
});
