import { DataError } from "../errors.ts";
import { refuseToken, type Tokenizer, type TokenizerDescription } from "./tokenizer.ts";

/** Tokens 0 to 255 are the bytes of UTF-8: no text is ever unknown. */
const BYTE_TOKENS = 256;

/** What a byte-pair tokenizer may have. */
export const BYTE_PAIR_LIMITS = {
  /** Tokens. */
  vocabulary: 65_536,
  /** Words whose tokens are remembered. */
  rememberedWords: 100_000,
} as const;

/** Merges never cross these pieces: a word with the blank before it, a number, other signs, or blanks. Source: Radford et al. (2019), GPT-2. */
const PIECES = / ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

/** A pair of tokens as one number. */
function pairKey(left: number, right: number): number {
  return left * BYTE_PAIR_LIMITS.vocabulary + right;
}

/** A word of the training text, as tokens that grow longer, and how often it occurs. */
interface CountedWord {
  tokens: readonly number[];
  readonly count: number;
}

/**
 * Byte-pair encoding: beginning with bytes, the pair of neighbours that is most frequent becomes a token, again and again.
 * Source: Sennrich, Haddow and Birch (2016), "Neural machine translation of rare words with subword units", algorithm 1; over bytes as in GPT-2.
 */
export class BytePairTokenizer implements Tokenizer {
  private readonly merges: readonly (readonly [number, number])[];
  /** Token that a pair becomes, which is also the order of merges. */
  private readonly tokenOf = new Map<number, number>();
  private readonly bytesOf: Uint8Array[];
  private readonly remembered = new Map<string, readonly number[]>();

  /** Use {@link trainBytePairs}, or this with the merges of a trained one. @throws DataError TOKENIZER_INVALID */
  constructor(merges: readonly (readonly [number, number])[]) {
    this.merges = merges;
    this.bytesOf = Array.from({ length: BYTE_TOKENS }, (_, byte) => Uint8Array.of(byte));
    if (BYTE_TOKENS + merges.length > BYTE_PAIR_LIMITS.vocabulary) {
      throw new DataError(
        "TOKENIZER_INVALID",
        `There are ${merges.length} merges: use at most ${BYTE_PAIR_LIMITS.vocabulary - BYTE_TOKENS}`,
      );
    }
    for (const [left, right] of merges) {
      const [first, second] = [this.bytesOf[left], this.bytesOf[right]];
      if (first === undefined || second === undefined) {
        throw new DataError(
          "TOKENIZER_INVALID",
          `Merge ${this.tokenOf.size} is of ${left} and ${right}, of which one does not exist yet: use merges in the order of training`,
        );
      }
      this.tokenOf.set(pairKey(left, right), this.bytesOf.length);
      const joined = new Uint8Array(first.length + second.length);
      joined.set(first);
      joined.set(second, first.length);
      this.bytesOf.push(joined);
    }
  }

  get vocabularySize(): number {
    return this.bytesOf.length;
  }

  encode(text: string): Int32Array {
    const tokens: number[] = [];
    for (const [word] of text.matchAll(PIECES)) {
      for (const token of this.encodeWord(word)) tokens.push(token);
    }
    return Int32Array.from(tokens);
  }

  /** Bytes that are no UTF-8, as when a character is cut in two, become the replacement character. */
  decode(tokens: ArrayLike<number>): string {
    const parts = Array.from(tokens, (token) => this.bytesOf[token] ?? refuseToken(token, this.vocabularySize));
    const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  }

  toJSON(): TokenizerDescription {
    return { kind: "bytePairs", merges: this.merges };
  }

  private encodeWord(word: string): readonly number[] {
    const known = this.remembered.get(word);
    if (known !== undefined) return known;
    let tokens: readonly number[] = [...new TextEncoder().encode(word)];
    for (;;) {
      const merge = this.earliestMerge(tokens);
      if (merge === undefined) break;
      tokens = replacePair(tokens, merge.left, merge.right, merge.token);
    }
    if (this.remembered.size < BYTE_PAIR_LIMITS.rememberedWords) this.remembered.set(word, tokens);
    return tokens;
  }

  /** Of the pairs in a word, the one that was merged first in training. */
  private earliestMerge(tokens: readonly number[]): { left: number; right: number; token: number } | undefined {
    let earliest: { left: number; right: number; token: number } | undefined;
    for (let i = 0; i + 1 < tokens.length; i += 1) {
      const [left = 0, right = 0] = [tokens[i], tokens[i + 1]];
      const token = this.tokenOf.get(pairKey(left, right));
      if (token !== undefined && token < (earliest?.token ?? Number.POSITIVE_INFINITY))
        earliest = { left, right, token };
    }
    return earliest;
  }
}

/** The tokens with each occurrence of a pair, from the left, replaced by one token. */
function replacePair(tokens: readonly number[], left: number, right: number, token: number): readonly number[] {
  const result: number[] = [];
  for (let i = 0; i < tokens.length; i += 1) {
    if (tokens[i] === left && tokens[i + 1] === right) {
      result.push(token);
      i += 1;
    } else {
      result.push(tokens[i] ?? 0);
    }
  }
  return result;
}

/**
 * Learns merges from a text. Of equally frequent pairs the one with the smaller tokens is merged, so that every machine learns the same. Training ends early
 * when no pair occurs twice.
 * @param vocabularySize 256 bytes and so many merges; at most 65,536
 * @throws DataError TOKENIZER_INVALID
 */
export function trainBytePairs(text: string, vocabularySize: number): BytePairTokenizer {
  if (
    !Number.isSafeInteger(vocabularySize) ||
    vocabularySize < BYTE_TOKENS ||
    vocabularySize > BYTE_PAIR_LIMITS.vocabulary
  ) {
    throw new DataError(
      "TOKENIZER_INVALID",
      `A vocabulary of ${vocabularySize} tokens cannot be learned: use ${BYTE_TOKENS} to ${BYTE_PAIR_LIMITS.vocabulary}`,
    );
  }
  const pairs = new PairCounts(countWords(text));
  const merges: (readonly [number, number])[] = [];
  while (BYTE_TOKENS + merges.length < vocabularySize) {
    const pair = pairs.mostFrequent();
    if (pair === undefined) break;
    pairs.merge(pair[0], pair[1], BYTE_TOKENS + merges.length);
    merges.push(pair);
  }
  return new BytePairTokenizer(merges);
}

function countWords(text: string): CountedWord[] {
  const counts = new Map<string, number>();
  for (const [word] of text.matchAll(PIECES)) counts.set(word, (counts.get(word) ?? 0) + 1);
  const encoder = new TextEncoder();
  return [...counts].map(([word, count]) => ({ tokens: [...encoder.encode(word)], count }));
}

/** How often each pair of neighbours occurs, kept up to date while pairs are merged. */
class PairCounts {
  private readonly words: readonly CountedWord[];
  private readonly counts = new Map<number, number>();
  /** Words that have, or once had, a pair. */
  private readonly wordsWith = new Map<number, Set<CountedWord>>();

  constructor(words: readonly CountedWord[]) {
    this.words = words;
    for (const word of this.words) this.count(word, 1);
  }

  mostFrequent(): readonly [number, number] | undefined {
    let best = -1;
    let most = 1;
    for (const [key, count] of this.counts) {
      if (count > most || (count === most && most > 1 && key < best)) {
        best = key;
        most = count;
      }
    }
    return best < 0 ? undefined : [Math.floor(best / BYTE_PAIR_LIMITS.vocabulary), best % BYTE_PAIR_LIMITS.vocabulary];
  }

  merge(left: number, right: number, token: number): void {
    const key = pairKey(left, right);
    for (const word of this.wordsWith.get(key) ?? []) {
      const tokens = replacePair(word.tokens, left, right, token);
      if (tokens.length === word.tokens.length) continue;
      this.count(word, -1);
      word.tokens = tokens;
      this.count(word, 1);
    }
    this.wordsWith.delete(key);
    this.counts.delete(key);
  }

  /** Adds a word's pairs to the counts, or takes them away. */
  private count(word: CountedWord, sign: 1 | -1): void {
    for (let i = 0; i + 1 < word.tokens.length; i += 1) {
      const key = pairKey(word.tokens[i] ?? 0, word.tokens[i + 1] ?? 0);
      const count = (this.counts.get(key) ?? 0) + sign * word.count;
      if (count === 0) this.counts.delete(key);
      else this.counts.set(key, count);
      if (sign < 0) continue;
      const words = this.wordsWith.get(key) ?? new Set();
      words.add(word);
      this.wordsWith.set(key, words);
    }
  }
}
