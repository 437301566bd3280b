import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { csv, idx, Linear, mseLoss, npy, text } from "tributary";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../running/temporary-folder.ts";
import { data, errorOf, floats, labels, train } from "./mistaken-run.ts";

/** A file in memory. */
function file(content: string | Uint8Array) {
  return async () => (typeof content === "string" ? new TextEncoder().encode(content) : content);
}

describe("numbers that are none", () => {
  const inputs = floats(32).fill(Number.NaN, 13, 14);

  it("name field, sample and position", async () => {
    expect(await errorOf(() => ({ data: data({ train: { inputs } }) }))).toEqual({
      code: "VALUE_NOT_FINITE",
      message:
        "Sample 3 of train holds NaN at [1] of inputs: mend it, leave the sample out with filter(), or use allowNotFinite() where the model can take it",
    });
    const targets = floats(8).fill(Number.NEGATIVE_INFINITY, 5, 6);
    const regression = { loss: mseLoss, metrics: {}, model: () => new Linear(4, 1) };
    const fields = { inputs: [4], targets: [1] };
    expect(await errorOf(() => ({ ...regression, data: data({ fields, train: { targets } }) }))).toMatchObject({
      code: "VALUE_NOT_FINITE",
      message: expect.stringMatching(/^Sample 5 of train holds -Infinity at \[0\] of targets/),
    });
    const test = { inputs: floats(4, Number.POSITIVE_INFINITY), targets: labels(1) };
    expect(await errorOf(() => ({ data: data({ test }) }))).toMatchObject({
      message: expect.stringMatching(/^Sample 0 of test holds Infinity at \[0\] of inputs/),
    });
  });

  it("may be left out, made into others, or taken with intent: then training says where it diverged", async () => {
    const numbers = data({ train: { inputs } });
    const kept = numbers.filter(({ inputs: values }) => Array.from(values as Float32Array).every(Number.isFinite));
    expect(await train(() => ({ data: kept }))).toContain("finished");
    const mended = numbers.map(({ inputs: values, targets }) => ({
      targets: Number(targets),
      inputs: (values as Float32Array).map((value) => (Number.isNaN(value) ? 0 : value)),
    }));
    expect(await train(() => ({ data: mended }))).toContain("finished");
    await expect(train(() => ({ data: numbers.allowNotFinite() }))).rejects.toMatchObject({
      code: "DIVERGED",
      message: expect.stringMatching(/Sample 3 of the training data holds NaN in inputs/),
    });
  });
});

describe("arrays", () => {
  it("that are missing, plain, of a type no field has, or of another length", async () => {
    const refused = async (arrays: object) => errorOf(() => ({ data: data({ train: arrays }) }));
    expect(await refused({ targets: undefined })).toEqual({
      code: "COLUMN_MISMATCH",
      message: "There is no array targets in train: pass one for every field",
    });
    expect(await refused({ inputs: [1, 2, 3, 4] })).toEqual({
      code: "COLUMN_MISMATCH",
      message:
        "Array inputs of train is of type Array: convert it, with Float32Array.from(...) or Int32Array.from(...) say",
    });
    expect(await refused({ inputs: new Float64Array(32) })).toMatchObject({ code: "COLUMN_MISMATCH" });
    expect(await refused({ targets: labels(7) })).toEqual({
      code: "COLUMN_MISMATCH",
      message:
        "Array targets of train has 7 elements, 7 samples of [], but inputs has 8 samples: pass as many in every array",
    });
  });

  it("in place of a dataset", async () => {
    expect(await errorOf(() => ({ data: { inputs: floats(4) } }))).toEqual({
      code: "RUN_INVALID",
      message: "data is an object of Object: give a dataset, as arrays(), csv() or digits() make it",
    });
  });
});

describe("a CSV file", () => {
  const refused = async (content: string, options: Partial<Parameters<typeof csv>[0]> = {}) =>
    errorOf(() => ({ data: csv({ file: file(content), ...options }) }));

  it("with a row that is too short or too long: names the line", async () => {
    expect(await refused("a,b,class\n1,2,0\n1,2\n3,4,1\n")).toEqual({
      code: "CSV_RAGGED",
      message: "Line 3 has 2 values, but there are 3 columns: mend the line",
    });
    // The quoted value spans lines 2 and 3.
    expect(await refused('a,b,class\n"x\ny",2,0\n1,2,0,5\n')).toMatchObject({
      message: "Line 4 has 4 values, but there are 3 columns: mend the line",
    });
  });

  it("with a text in a column of numbers, a missing value, or an open quote: names line and column", async () => {
    const columns = { b: "number" } as const;
    expect(await refused("a,b,class\n1,2,0\n1,x,1\n", { columns })).toEqual({
      code: "CSV_VALUE",
      message: 'Line 3, column b: "x" is no number: mend it, or make the column a category',
    });
    expect(await refused("a,b,class\n1,2,0\n1,,1\n")).toMatchObject({
      code: "CSV_MISSING",
      message: expect.stringMatching(/^Line 3, column b: the value is missing: fill it in/),
    });
    expect(await refused('a,b,class\n1,"2,0\n')).toMatchObject({
      code: "CSV_SYNTAX",
      message: expect.stringMatching(/^Line 2: a quote is opened and never closed/),
    });
  });

  it("without the column that is asked for, without rows, or without a file", async () => {
    expect(await refused("a,b,class\n1,2,0\n", { target: "label" })).toEqual({
      code: "CSV_COLUMN",
      message: 'There is no column "label": name one of a, b, class',
    });
    expect(await refused("a,b,class\n1,2,0\n", { columns: { c: "number" } })).toMatchObject({ code: "CSV_COLUMN" });
    expect(await refused("")).toMatchObject({ code: "DATASET_EMPTY" });
    expect(await refused("a,b,class\n", { name: "flowers" })).toEqual({
      code: "DATASET_EMPTY",
      message: "flowers has no row below its header: give at least one",
    });
    const path = join(await temporaryFolder(), "nowhere.csv");
    expect(await errorOf(() => ({ data: csv({ file: path }) }))).toEqual({
      code: "FILE_UNREADABLE",
      message: `${path} cannot be read: check the path, which is relative to where the process was started`,
    });
  });

  it("whose shares leave nothing to train on", async () => {
    expect(await refused("a,class\n1,0\n2,1\n", { test: 0.9 })).toMatchObject({
      code: "DATASET_EMPTY",
      message: expect.stringMatching(/^Of 2 samples, .* leave none to train on: use smaller shares/),
    });
    expect(await refused("a,class\n1,0\n2,1\n", { test: 1.5 })).toMatchObject({ code: "SPLIT_INVALID" });
  });
});

/** An IDX file of unsigned bytes, all 0. Source: LeCun, "The MNIST database", file formats. */
function idxOf(...shape: number[]): Uint8Array {
  const header = shape.flatMap((size) => [0, 0, size >> 8, size & 255]);
  return Uint8Array.from([0, 0, 8, shape.length, ...header, ...new Uint8Array(shape.reduce((a, b) => a * b, 1))]);
}

describe("files of arrays", () => {
  const files = {
    trainImages: file(idxOf(3, 2, 2)),
    trainLabels: file(idxOf(3)),
    testImages: file(idxOf(1, 2, 2)),
    testLabels: file(idxOf(1)),
  };

  it("an IDX file of labels that has another length than the images, or is cut short", async () => {
    const refused = async (trainLabels: Uint8Array) =>
      errorOf(() => ({ data: idx({ name: "letters", files: { ...files, trainLabels: file(trainLabels) } }) }));
    expect(await refused(idxOf(2))).toEqual({
      code: "IDX_SHAPE",
      message:
        "The images of train are [3, 2, 2] and the labels [2], where [3] was to be expected: check that the files are of one dataset",
    });
    expect(await refused(idxOf(3).subarray(0, 10))).toEqual({
      code: "IDX_TRUNCATED",
      message: "The IDX file describes [3], 11 bytes, but has 10: get it again",
    });
    expect(await refused(new TextEncoder().encode("label\n1\n2\n"))).toMatchObject({ code: "IDX_MAGIC" });
  });

  it("an NPY file that is something else, and a folder without files", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "inputs.npy");
    await writeFile(path, "1 2 3\n");
    expect(await errorOf(() => ({ data: npy({ train: { inputs: path, targets: path } }) }))).toMatchObject({
      code: "NPY_INVALID",
    });
    expect(await errorOf(() => ({ data: idx({ folder }) }))).toMatchObject({ code: "IDX_FILES_MISSING" });
    const nobody = text({ file: file("ab"), length: 64 });
    expect(await errorOf(() => ({ data: nobody }))).toMatchObject({ code: "DATASET_EMPTY" });
  });
});
