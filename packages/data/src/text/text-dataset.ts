import { windows } from "../array-dataset.ts";
import { Dataset } from "../dataset.ts";
import { DataError } from "../errors.ts";
import { decodeText, type FileSource, readSource } from "../files.ts";
import type { LoadedDataset } from "../split.ts";
import { trainBytePairs } from "./byte-pairs.ts";
import { CharacterTokenizer, type Tokenizer } from "./tokenizer.ts";

/** A dataset out of a text: a sample is a window over its tokens, and the same window moved by one. */
export interface TextOptions {
  /** For people. Default "text". */
  readonly name?: string;
  /** UTF-8. */
  readonly file: FileSource;
  /** Text to be measured on. Default: the share `test` at the end of the file. */
  readonly testFile?: FileSource;
  /** Tokens of a window. */
  readonly length: number;
  /** Tokens from one window's start to the next one's. Default: the length, so that each token is predicted once an epoch. */
  readonly stride?: number;
  /**
   * "characters" (default): one token per character, of all that the files have. { bytePairs: 1024 }: a byte-pair tokenizer of so many tokens, learned
   * from the training part. Or a tokenizer that was made before.
   */
  readonly tokens?: "characters" | { readonly bytePairs: number } | Tokenizer;
  /** Share of the characters, at the end of the file, that is kept for the test; 0 to 1. Default 0.1. */
  readonly test?: number;
}

/** What a text may have. */
export const TEXT_LIMITS = {
  /** Bytes of a file, 256 MiB. */
  fileBytes: 268_435_456,
} as const;

/** A dataset out of a text, which also has its tokenizer. */
export class TextDataset extends Dataset {
  private readonly options: TextOptions;
  private readonly learned: () => Tokenizer | undefined;

  /** Made by {@link text}. */
  constructor(options: TextOptions, source: () => Promise<LoadedDataset>, learned: () => Tokenizer | undefined) {
    super(options.name ?? "text", source);
    this.options = options;
    this.learned = learned;
  }

  /** The tokenizer, learned when the text is loaded. Throws what loading throws. */
  async tokenizer(): Promise<Tokenizer> {
    await this.load();
    const tokenizer = this.learned();
    if (tokenizer !== undefined) return tokenizer;
    throw new DataError("DATASET_EMPTY", `Dataset ${this.name} has not been read: load it first`);
  }

  /** The same reading of another file. */
  withFile(file: FileSource): TextDataset {
    const { testFile: _, ...options } = this.options;
    return text({ ...options, file });
  }
}

/**
 * A dataset out of a text: fields `inputs` and `targets` (int32 [length]), both windows over the tokens, of which `targets` begins one token later. The
 * tokens are stored once.
 * Loading throws DataError FILE_UNREADABLE, FILE_TOO_LARGE, SPLIT_INVALID, TOKEN_UNKNOWN, TOKENIZER_INVALID, and DATASET_EMPTY when a part is shorter than a window.
 */
export function text(options: TextOptions): TextDataset {
  let learned: Tokenizer | undefined;
  const source = async () => {
    const parts = await readParts(options);
    const tokenizer = tokenizerOf(options.tokens ?? "characters", parts);
    const { length, stride = length } = options;
    const train = tokenizer.encode(parts.train);
    const test = tokenizer.encode(parts.test);
    requireWindow("training", train, length);
    if (parts.test !== "") requireWindow("test", test, length);
    learned = tokenizer;
    return await windows({ train, test, length, stride }).load();
  };
  return new TextDataset(options, source, () => learned);
}

interface TextParts {
  readonly train: string;
  readonly test: string;
}

async function readParts(options: TextOptions): Promise<TextParts> {
  const read = async (file: FileSource) => decodeText(await readSource(file, TEXT_LIMITS.fileBytes));
  const whole = await read(options.file);
  if (options.testFile !== undefined) return { train: whole, test: await read(options.testFile) };
  const { test = 0.1 } = options;
  if (!(test >= 0 && test < 1))
    throw new DataError("SPLIT_INVALID", `The share of the test is ${test}: use a number from 0 to below 1`);
  // A character outside of the basic plane is two units, which the cut is not to part.
  let cut = Math.round(whole.length * (1 - test));
  if ((whole.codePointAt(cut - 1) ?? 0) > 0xffff) cut += 1;
  return { train: whole.slice(0, cut), test: whole.slice(cut) };
}

function tokenizerOf(tokens: NonNullable<TextOptions["tokens"]>, { train, test }: TextParts): Tokenizer {
  // Which characters exist is no knowledge of the test text that could flatter a result.
  if (tokens === "characters") return new CharacterTokenizer(train + test);
  return "bytePairs" in tokens ? trainBytePairs(train, tokens.bytePairs) : tokens;
}

function requireWindow(part: string, tokens: Int32Array, length: number): void {
  if (tokens.length > length) return;
  throw new DataError(
    "DATASET_EMPTY",
    `The ${part} text has ${tokens.length} tokens, but a window of ${length} and its target take ${length + 1}: use a longer text or shorter windows`,
  );
}
