import { DataError } from "../errors.ts";

/** Turns text into tokens and back: what a language model learns from. */
export interface Tokenizer {
  /** Tokens are 0 to vocabularySize - 1. */
  readonly vocabularySize: number;
  /** @throws DataError TOKEN_UNKNOWN when the text has something that there is no token for */
  encode(text: string): Int32Array;
  /** @throws DataError TOKEN_UNKNOWN when there is no such token */
  decode(tokens: ArrayLike<number>): string;
  /** Everything that it takes to make it again, with {@link parseTokenizer}. */
  toJSON(): TokenizerDescription;
}

/** A tokenizer as JSON. */
export type TokenizerDescription =
  | { readonly kind: "characters"; readonly characters: string }
  | { readonly kind: "bytePairs"; readonly merges: readonly (readonly [number, number])[] };

/** One token per character (Unicode code point), in the order of the code points. */
export class CharacterTokenizer implements Tokenizer {
  private readonly characters: readonly string[];
  private readonly tokenOf: ReadonlyMap<string, number>;

  /** @param text the tokens are the characters that it has; they may come in any order, and more than once */
  constructor(text: string) {
    this.characters = [...new Set(text)].toSorted((a, b) => (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0));
    this.tokenOf = new Map(this.characters.map((character, token) => [character, token]));
    if (this.characters.length === 0) {
      throw new DataError("TOKENIZER_INVALID", "A text without characters gives no tokens: pass a longer one");
    }
  }

  get vocabularySize(): number {
    return this.characters.length;
  }

  encode(text: string): Int32Array {
    const tokens = new Int32Array(text.length);
    let count = 0;
    for (const character of text) {
      const token = this.tokenOf.get(character);
      if (token === undefined) {
        throw new DataError(
          "TOKEN_UNKNOWN",
          `Character ${count} of the text is ${JSON.stringify(character)}, which the tokenizer never saw: make it from a text that has it`,
        );
      }
      tokens[count] = token;
      count += 1;
    }
    return count === tokens.length ? tokens : tokens.slice(0, count);
  }

  decode(tokens: ArrayLike<number>): string {
    return Array.from(tokens, (token) => this.characters[token] ?? refuseToken(token, this.characters.length)).join("");
  }

  toJSON(): TokenizerDescription {
    return { kind: "characters", characters: this.characters.join("") };
  }
}

/** Says that there is no such token. @throws DataError TOKEN_UNKNOWN, always */
export function refuseToken(token: number, vocabularySize: number): never {
  throw new DataError("TOKEN_UNKNOWN", `There is no token ${token}: tokens are 0 to ${vocabularySize - 1}`);
}
