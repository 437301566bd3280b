import { describe, expect, it } from "vitest";
import { DataError, type DataErrorCode } from "../errors.ts";
import { type CsvOptions, csv } from "./csv-dataset.ts";

const bytes = (text: string) => async () => new TextEncoder().encode(text);
const table = (text: string, options: Omit<CsvOptions, "file"> = {}) => csv({ file: bytes(text), ...options });

async function refusal(text: string, options: Omit<CsvOptions, "file"> = {}): Promise<[DataErrorCode, string]> {
  try {
    await table(text, options).load();
  } catch (error) {
    if (error instanceof DataError) return [error.code, error.message];
    throw error;
  }
  throw new Error("The file was taken");
}

describe("a dataset out of a CSV file", () => {
  it("has numbers as they are, categories one by one, and the last column as target", async () => {
    const data = table("width,colour,species\n1.5,red,cat\n-2,blue,dog\n.5,red,cat\n");
    expect(await data.train.take(3)).toEqual({
      // width, blue, red
      inputs: { dtype: "float32", shape: [3, 3], data: Float32Array.of(1.5, 0, 1, -2, 1, 0, 0.5, 0, 1) },
      targets: { dtype: "int32", shape: [3], data: Int32Array.of(0, 1, 0) },
    });
    expect(await data.describe()).toEqual({
      features: [
        { name: "width", type: "number", offset: 0, width: 1 },
        { name: "colour", type: "category", offset: 1, width: 2, categories: ["blue", "red"] },
      ],
      target: { name: "species", type: "category", categories: ["cat", "dog"] },
    });
  });

  it("predicts a number where the target is one", async () => {
    const { targets } = await table("price,rooms\n10.5,2\n20,3\n", { target: "price" }).train.take(2);
    expect(targets).toEqual({ dtype: "float32", shape: [2, 1], data: Float32Array.of(10.5, 20) });
  });

  it("takes whole numbers from 0 on for classes, unless the column has a type", async () => {
    const text = "x,y\n1,0\n2,2\n3,1\n";
    expect((await table(text).train.take(3)).targets?.data).toEqual(Int32Array.of(0, 2, 1));
    const number = await table(text, { columns: { y: "number" } }).train.take(3);
    expect(number.targets?.shape).toEqual([3, 1]);
    // 5, 7 and 10 are no classes that begin at 0; as categories they are sorted as numbers.
    const odd = "x,y\n1,10\n2,5\n3,7\n";
    expect((await table(odd).train.take(3)).targets?.dtype).toBe("float32");
    const categories = await table(odd, { columns: { y: "category" } }).train.take(3);
    expect(categories.targets?.data).toEqual(Int32Array.of(2, 0, 1));
  });

  it("leaves columns out, and gives categories as an index where that is asked for", async () => {
    const text = "id,size,y\n17,L,0\n18,S,1\n19,M,0\n";
    const data = table(text, { columns: { id: "ignore", size: { type: "category", encoding: "index" } } });
    expect((await data.train.take(3)).inputs).toEqual({
      dtype: "float32",
      shape: [3, 1],
      data: Float32Array.of(0, 2, 1),
    });
  });

  it("reads files without a header and with another separator", async () => {
    const { inputs } = await table("1;2;0\n3;4;1\n", { header: false, separator: ";" }).train.take(2);
    expect(inputs?.data).toEqual(Float32Array.of(1, 2, 3, 4));
    expect((await refusal("1,2,0\n3,4,1\n"))[1]).toContain("holds numbers, not names: set header: false");
  });

  it("reads another file as it read the first", async () => {
    const data = table("a;y\n1;0\n", { separator: ";", testFile: bytes("a;y\n2;0\n") });
    const other = data.withFile(bytes("a;y\n5;0\n6;0\n"));
    expect((await other.train.take(2)).inputs?.data).toEqual(Float32Array.of(5, 6));
    expect((await other.test.load()).samples).toBe(0);
  });
});

describe("missing values", () => {
  // a: 1, missing, 3, 8, 8; c: u, v, v, missing, missing
  const text = "a,c,y\n1,u,0\nNA,v,0\n3,v,1\n8,?,1\n8,,1\n";
  const columnA = async (missing: "mean" | "mostFrequent") => {
    const { inputs } = await table(text, { columns: { a: { missing }, c: "ignore" } }).train.take(5);
    return inputs?.data;
  };

  it("are an error that names line and column, unless a policy is set", async () => {
    expect(await refusal(text)).toEqual([
      "CSV_MISSING",
      expect.stringContaining("Line 3, column a: the value is missing"),
    ]);
    expect(await refusal("a,y\n1,0\n2,\n", { missing: "mostFrequent" })).toEqual([
      "CSV_MISSING",
      expect.stringContaining("Line 3, column y"),
    ]);
  });

  it("become the mean, or the most frequent value, of the rest", async () => {
    expect(await columnA("mean")).toEqual(Float32Array.of(1, 5, 3, 8, 8));
    expect(await columnA("mostFrequent")).toEqual(Float32Array.of(1, 8, 3, 8, 8));
  });

  it("become the most frequent category, or one of their own", async () => {
    const categories = async (missing: "mostFrequent" | "ownCategory") => {
      const data = table(text, { columns: { a: "ignore", c: { missing, encoding: "index" } } });
      return (await data.train.take(5)).inputs?.data;
    };
    expect(await categories("mostFrequent")).toEqual(Float32Array.of(0, 1, 1, 1, 1));
    // "(missing)" sorts before u and v.
    expect(await categories("ownCategory")).toEqual(Float32Array.of(1, 2, 2, 0, 0));
  });

  it("have no mean among categories, and no category among numbers", async () => {
    expect((await refusal(text, { columns: { a: "ignore" }, missing: "mean" }))[0]).toBe("CSV_COLUMN");
    expect((await refusal(text, { columns: { c: "ignore" }, missing: "ownCategory" }))[0]).toBe("CSV_COLUMN");
  });
});

describe("splits of a table", () => {
  const rows = Array.from({ length: 100 }, (_, i) => `${i},${i % 2}`);
  const text = ["x,y", ...rows].join("\n");

  it("have whole shares of the rows, each row once, by seed alone", async () => {
    const data = table(text, { validation: 0.1, test: 0.2, seed: 3 });
    const parts = [await data.train.load(), await data.validation.load(), await data.test.load()];
    expect(parts.map(({ samples }) => samples)).toEqual([70, 10, 20]);
    const all = parts.flatMap(({ columns }) => [...(columns.inputs ?? [])]);
    expect(all.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    const again = await table(text, { validation: 0.1, test: 0.2, seed: 3 }).test.load();
    expect(again.columns).toEqual(parts[2]?.columns);
    const other = await table(text, { validation: 0.1, test: 0.2, seed: 4 }).test.load();
    expect(other.columns).not.toEqual(parts[2]?.columns);
  });

  it("leave something to train on, and have shares from 0 to 1", async () => {
    expect((await refusal(text, { test: 1 }))[0]).toBe("DATASET_EMPTY");
    expect((await refusal(text, { test: 0.7, validation: 0.7 }))[0]).toBe("SPLIT_INVALID");
    expect((await refusal(text, { test: -0.1 }))[0]).toBe("SPLIT_INVALID");
  });

  it("standardise by mean and deviation of the training part alone", async () => {
    // Training: 1, 3, 5 with mean 3 and deviation sqrt(8/3); the test value 100 has no say.
    const data = table("x,k,y\n1,7,0\n3,7,0\n5,7,1\n", { standardise: true, testFile: bytes("x,k,y\n100,9,1\n") });
    const deviation = Math.sqrt(8 / 3);
    const { inputs } = await data.train.take(3);
    // A constant column is only moved to 0: its deviation counts as 1.
    expect(inputs?.data).toEqual(Float32Array.of(-2 / deviation, 0, 0, 0, 2 / deviation, 0));
    expect((await data.test.take(1)).inputs?.data).toEqual(Float32Array.of(97 / deviation, 2));
    expect((await data.describe()).features[0]).toMatchObject({ mean: 3, deviation });
  });

  it("know only the categories of the training part", async () => {
    const testFile = bytes("c,y\ngreen,0\n");
    const message = 'Line 2, column c: no training row has the category "green"';
    expect(await refusal("c,y\nred,0\nblue,1\n", { testFile })).toEqual([
      "CSV_VALUE",
      expect.stringContaining(message),
    ]);
    const zeros = table("c,y\nred,0\nblue,1\n", { testFile, unknown: "zeros" });
    expect((await zeros.test.take(1)).inputs?.data).toEqual(Float32Array.of(0, 0));
  });
});

describe("a CSV file is refused", () => {
  it.each<[string, Omit<CsvOptions, "file">, DataErrorCode, string]>([
    ["a,y\n1,0\n2\n3,1\n", {}, "CSV_RAGGED", "Line 3 has 1 values, but there are 2 columns"],
    ["a,y\n1,0\n2,1,1\n", {}, "CSV_RAGGED", "Line 3 has 3 values, but there are 2 columns"],
    ["a,y\n", {}, "DATASET_EMPTY", "csv has no row below its header"],
    ["", {}, "DATASET_EMPTY", "csv has no row"],
    ["a,a\n1,2\n", {}, "CSV_COLUMN", 'Two columns are called "a"'],
    ["a,y\n1,0\n", { target: "z" }, "CSV_COLUMN", 'There is no column "z": name one of a, y'],
    ["a,y\n1,0\n", { columns: { b: "number" } }, "CSV_COLUMN", 'There is no column "b"'],
    ["y\n0\n", {}, "CSV_COLUMN", "There is no column beside the target y"],
    ["a,y\n1,0\nx,1\n", { columns: { a: "number" } }, "CSV_VALUE", 'Line 3, column a: "x" is no number'],
    ["a,y\n1,0\nInfinity,1\n", { columns: { a: "number" } }, "CSV_VALUE", 'Line 3, column a: "Infinity" is no number'],
    ["a,y\n1.5,0\n", { columns: { a: "integer" } }, "CSV_VALUE", "Line 2, column a: 1.5 is no whole number"],
  ])("%j", async (text, options, code, message) => {
    expect(await refusal(text, options)).toEqual([code, expect.stringContaining(message)]);
  });

  it("when it is not UTF-8", async () => {
    await expect(csv({ file: async () => Uint8Array.of(0x61, 0xff) }).load()).rejects.toThrow("is no text in UTF-8");
  });

  it("when it is not there", async () => {
    await expect(csv({ file: "no/such/file.csv" }).load()).rejects.toThrow("no/such/file.csv cannot be read");
  });
});
