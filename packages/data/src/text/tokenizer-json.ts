import { DataError } from "../errors.ts";
import { BytePairTokenizer } from "./byte-pairs.ts";
import { CharacterTokenizer, type Tokenizer } from "./tokenizer.ts";

function refuse(what: string): never {
  throw new DataError(
    "TOKENIZER_INVALID",
    `The tokenizer's description ${what}: write it again with JSON.stringify(tokenizer)`,
  );
}

function isPair(value: unknown): value is readonly [number, number] {
  return (
    Array.isArray(value) && value.length === 2 && value.every((token) => Number.isSafeInteger(token) && token >= 0)
  );
}

/** Makes a tokenizer out of what `JSON.stringify(tokenizer)` gave. @throws DataError TOKENIZER_INVALID */
export function parseTokenizer(json: string): Tokenizer {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new DataError("TOKENIZER_INVALID", "The tokenizer's description is no JSON: write it again", { cause });
  }
  if (typeof value !== "object" || value === null || !("kind" in value)) refuse("names no kind");
  if (value.kind === "characters") {
    const characters = "characters" in value ? value.characters : undefined;
    return typeof characters === "string" ? new CharacterTokenizer(characters) : refuse("has no characters");
  }
  if (value.kind !== "bytePairs") refuse("is of neither characters nor byte pairs");
  const merges: unknown = "merges" in value ? value.merges : undefined;
  return Array.isArray(merges) && merges.every(isPair)
    ? new BytePairTokenizer(merges)
    : refuse("has no list of merges");
}
