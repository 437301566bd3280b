import { describe, expect, it } from "vitest";
import { packDataset } from "../shards.ts";
import { text } from "./text-dataset.ts";

const file = (content: string) => async () => new TextEncoder().encode(content);

describe("a dataset out of a text", () => {
  it("has windows of tokens, and the same moved by one as targets, over one array", async () => {
    const data = text({ file: file("abcabcabca"), length: 3, test: 0 });
    expect(await data.train.take(3)).toEqual({
      inputs: { dtype: "int32", shape: [3, 3], data: Int32Array.of(0, 1, 2, 0, 1, 2, 0, 1, 2) },
      targets: { dtype: "int32", shape: [3, 3], data: Int32Array.of(1, 2, 0, 1, 2, 0, 1, 2, 0) },
    });
    const loaded = await data.load();
    expect(Object.keys(loaded.train.columns)).toEqual(["sequence"]);
    expect(packDataset(loaded).manifest.splits.train.samples).toBe(3);
  });

  it("keeps the end of the text for the test, a tenth unless told otherwise", async () => {
    const content = `${"ab".repeat(45)}${"ba".repeat(5)}`;
    const data = text({ file: file(content), length: 4 });
    const { train, test } = await data.load();
    expect([train.columns.sequence?.length, test.columns.sequence?.length]).toEqual([90, 10]);
    expect((await data.test.take(1)).inputs?.data).toEqual(Int32Array.of(1, 0, 1, 0));
    // Windows at 0, 4, ..., 84 of 90 tokens, of which the last needs its target.
    expect(train.samples).toBe(22);
  });

  it("does not cut a character in two", async () => {
    const data = text({ file: file("😀😀😀😀😀"), length: 1, test: 0.5 });
    const { train, test } = await data.load();
    expect([train.columns.sequence?.length, test.columns.sequence?.length]).toEqual([3, 2]);
  });

  it("may overlap, and have a text of its own for the test", async () => {
    const data = text({ file: file("abcd"), testFile: file("dcba"), length: 2, stride: 1 });
    expect((await data.train.load()).samples).toBe(2);
    expect((await data.test.take(2)).targets?.data).toEqual(Int32Array.of(2, 1, 1, 0));
  });

  it("learns byte pairs from the training part alone", async () => {
    const data = text({ file: file("aaaa"), testFile: file("bbbbb"), length: 1, tokens: { bytePairs: 258 } });
    const tokenizer = await data.tokenizer();
    // aaaa becomes (aa)(aa), and then one pair that occurs once only.
    expect(tokenizer.vocabularySize).toBe(257);
    expect((await data.test.take(1)).inputs?.data).toEqual(Int32Array.of(98));
  });

  it("takes a tokenizer that was made before, and reads another file with the same options", async () => {
    const first = text({ file: file("hello world"), length: 2, test: 0 });
    const tokens = await first.tokenizer();
    const second = text({ file: file("hold"), length: 2, test: 0, tokens });
    await expect(text({ file: file("xyz!"), length: 2, test: 0, tokens }).load()).rejects.toThrow(
      '"x", which the tokenizer never saw',
    );
    expect((await second.train.take(1)).inputs?.data).toEqual(tokens.encode("ho"));
    expect((await second.withFile(file("world")).train.take(1)).inputs?.data).toEqual(tokens.encode("wo"));
  });

  it("is refused when it is shorter than a window and its target, or no text", async () => {
    await expect(text({ file: file("abc"), length: 3, test: 0 }).load()).rejects.toThrow(
      "The training text has 3 tokens, but a window of 3 and its target take 4",
    );
    await expect(text({ file: file("abcabcabc"), length: 3 }).load()).rejects.toThrow("The test text has 1 tokens");
    await expect(text({ file: file(""), length: 3 }).load()).rejects.toThrow(
      "A text without characters gives no tokens",
    );
    await expect(text({ file: async () => Uint8Array.of(0xff), length: 3 }).load()).rejects.toThrow("no text in UTF-8");
    await expect(text({ file: file("abc"), length: 1, test: 1 }).load()).rejects.toThrow("The share of the test is 1");
  });
});
