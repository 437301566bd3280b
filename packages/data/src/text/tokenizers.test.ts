import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BytePairTokenizer, trainBytePairs } from "./byte-pairs.ts";
import { CharacterTokenizer } from "./tokenizer.ts";
import { parseTokenizer } from "./tokenizer-json.ts";

describe("character tokens", () => {
  it("are numbered in the order of the code points, once each", () => {
    const tokenizer = new CharacterTokenizer("banana é 😀");
    // blank, a, b, n, é, 😀
    expect(tokenizer.vocabularySize).toBe(6);
    expect(tokenizer.encode("nab 😀é")).toEqual(Int32Array.of(3, 1, 2, 0, 5, 4));
    expect(tokenizer.decode([3, 1, 2, 0, 5, 4])).toBe("nab 😀é");
  });

  it("exist for characters that were seen, and no others", () => {
    const tokenizer = new CharacterTokenizer("abc");
    expect(() => tokenizer.encode("abx")).toThrow('Character 2 of the text is "x", which the tokenizer never saw');
    expect(() => tokenizer.decode([3])).toThrow("There is no token 3: tokens are 0 to 2");
    expect(() => new CharacterTokenizer("")).toThrow("A text without characters gives no tokens");
  });
});

describe("byte-pair tokens", () => {
  it("merge the most frequent pair first, and the smaller of equals: aaabdaaabac is XdXac with X = (aa)(ab)", () => {
    // aa occurs four times; then ab and (aa)a twice each, of which ab is the smaller pair; then (aa)(ab).
    const tokenizer = trainBytePairs("aaabdaaabac", 259);
    expect(tokenizer.toJSON()).toEqual({
      kind: "bytePairs",
      merges: [
        [97, 97],
        [97, 98],
        [256, 257],
      ],
    });
    expect(tokenizer.encode("aaabdaaabac")).toEqual(Int32Array.of(258, 100, 258, 97, 99));
  });

  it("weigh words by their frequency: the example of Sennrich, Haddow and Birch", () => {
    const words = [..."lllll", ..."rr", ..."nnnnnn", ..."www"].map(
      (letter) => ({ l: "low", r: "lower", n: "newest", w: "widest" })[letter],
    );
    const tokenizer = trainBytePairs(words.join("\n"), 1000);
    const tokens = Array.from({ length: tokenizer.vocabularySize - 256 }, (_, i) => tokenizer.decode([256 + i]));
    // es and st 9 times, lo and ow 7 times, ew, ne and west 6 times: the smaller pair of bytes goes first.
    expect(tokens.slice(0, 8)).toEqual(["es", "est", "lo", "low", "ew", "new", "newest", "dest"]);
    expect(Array.from(tokenizer.encode("lowest"), (token) => tokenizer.decode([token]))).toEqual(["low", "est"]);
  });

  it("never cross from one word to the next, which takes its blank along", () => {
    const tokenizer = trainBytePairs("the cat the cat the cat", 300);
    expect(Array.from(tokenizer.encode("the cat the"), (token) => tokenizer.decode([token]))).toEqual([
      "the",
      " cat",
      " the",
    ]);
  });

  it("end early when no pair occurs twice", () => {
    expect(trainBytePairs("abcd", 300).vocabularySize).toBe(256);
  });

  it("give back any text, known or not", () => {
    const tokenizer = trainBytePairs("What say you? naïve café, 123 123\n\n  what?", 280);
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        // Lone surrogates cannot be written in UTF-8.
        const whole = text.toWellFormed();
        expect(tokenizer.decode(tokenizer.encode(whole))).toBe(whole);
      }),
      { numRuns: 300 },
    );
    expect(() => tokenizer.decode([280])).toThrow("There is no token 280");
  });

  it("have merges in an order that can exist, and a vocabulary within bounds", () => {
    expect(() => new BytePairTokenizer([[97, 256]])).toThrow(
      "Merge 0 is of 97 and 256, of which one does not exist yet",
    );
    expect(() => trainBytePairs("a", 255)).toThrow("A vocabulary of 255 tokens cannot be learned");
  });
});

describe("a tokenizer", () => {
  it("is written as JSON and made again", () => {
    for (const tokenizer of [new CharacterTokenizer("hello world"), trainBytePairs("hello hello world", 260)]) {
      const again = parseTokenizer(JSON.stringify(tokenizer));
      expect(again.vocabularySize).toBe(tokenizer.vocabularySize);
      expect(again.encode("hello world")).toEqual(tokenizer.encode("hello world"));
    }
  });

  it.each([
    "",
    "[]",
    "{}",
    '{"kind":"words"}',
    '{"kind":"characters","characters":1}',
    '{"kind":"bytePairs","merges":[[1]]}',
  ])("is refused when its description is %j", (json) => {
    expect(() => parseTokenizer(json)).toThrow("The tokenizer's description");
  });
});
