import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { DataError } from "./errors.ts";
import {
  type Column,
  columnRows,
  columnsOf,
  FIELD_DTYPE_BYTES,
  FIELD_DTYPES,
  FIELD_LIMITS,
  type Field,
  type FieldWindow,
} from "./field.ts";

/** First entry of a manifest's JSON. */
export const MANIFEST_FORMAT = "tributary-manifest";
/** Version of the manifest's form and of the layout of shards. */
export const MANIFEST_VERSION = 1;

/** What a manifest from elsewhere may ask for. */
export const MANIFEST_LIMITS = {
  /** Characters of the JSON text, 16 Mi. */
  jsonLength: 16_777_216,
  /** Shards of one split. */
  shards: 65_536,
  /** Samples of one split: a sample's index travels as uint32. */
  samples: 4_294_967_295,
  /** Samples of one shard, 4 Mi: their permutation takes 4 bytes each. */
  shardSamples: 4_194_304,
  /** Bytes of one shard, 64 MiB: a device holds several at once. */
  shardBytes: 67_108_864,
} as const;

/** Sections of a shard begin at multiples of this many bytes. */
export const SECTION_ALIGNMENT = 8;

/** The two parts of a dataset: what is trained on, and what the result is measured on. */
export const SPLIT_NAMES = ["train", "test"] as const;

/** One of {@link SPLIT_NAMES}. */
export type SplitName = (typeof SPLIT_NAMES)[number];

/** One shard: consecutive samples of a split, as bytes named by their hash. */
export interface ShardEntry {
  /** SHA-256 of the bytes, 64 lowercase hexadecimal digits. */
  readonly sha256: string;
  readonly byteLength: number;
  readonly samples: number;
}

/** The shards of one split in order; sample indices run through them from 0. */
export interface SplitManifest {
  /** Sum over the shards. */
  readonly samples: number;
  readonly shards: readonly ShardEntry[];
}

/** What a dataset consists of, without its bytes. */
export interface Manifest {
  readonly fields: readonly Field[];
  readonly splits: Readonly<Record<SplitName, SplitManifest>>;
}

/** Where one column lies in a shard. */
export interface Section {
  readonly column: Column;
  readonly byteOffset: number;
  readonly rows: number;
}

/** Where everything lies in a shard of some number of samples. */
export interface ShardLayout {
  readonly sections: readonly Section[];
  readonly byteLength: number;
}

/**
 * The layout of a shard: one section per column in the columns' order, each section its rows one after the other in
 * little-endian order, each beginning at a multiple of {@link SECTION_ALIGNMENT} bytes with zeros between; the end is
 * padded likewise. It follows from fields and samples alone, so that a shard needs no header.
 */
export function shardLayout(columns: readonly Column[], samples: number): ShardLayout {
  const sections: Section[] = [];
  let byteOffset = 0;
  for (const column of columns) {
    const rows = columnRows(column, samples);
    sections.push({ column, byteOffset, rows });
    const bytes = rows * column.rowElements * FIELD_DTYPE_BYTES[column.dtype];
    byteOffset += Math.ceil(bytes / SECTION_ALIGNMENT) * SECTION_ALIGNMENT;
  }
  return { sections, byteLength: byteOffset };
}

function windowToJson(window: FieldWindow) {
  return { array: window.array, length: window.length, stride: window.stride, offset: window.offset };
}

function fieldToJson({ name, dtype, shape, window }: Field) {
  return window === undefined ? { name, dtype, shape } : { name, dtype, shape, window: windowToJson(window) };
}

function splitToJson(split: SplitManifest) {
  return split.shards.map(({ sha256, byteLength, samples }) => ({ sha256, byteLength, samples }));
}

/**
 * The manifest as JSON in its one canonical form: keys in a fixed order, no white space. Equal manifests give equal text.
 */
export function encodeManifest(manifest: Manifest): string {
  return JSON.stringify({
    format: MANIFEST_FORMAT,
    version: MANIFEST_VERSION,
    fields: manifest.fields.map(fieldToJson),
    splits: { train: splitToJson(manifest.splits.train), test: splitToJson(manifest.splits.test) },
  });
}

/** SHA-256 of the canonical JSON in UTF-8, 64 lowercase hexadecimal digits: the name of the dataset. */
export function manifestHash(manifest: Manifest): string {
  return bytesToHex(sha256(utf8ToBytes(encodeManifest(manifest))));
}

function refuse(message: string): never {
  throw new DataError("MANIFEST_INVALID", `${message}: make the manifest again`);
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? "nothing").slice(0, 80);
}

/** An object with exactly these keys (those after "?" may be absent). */
function objectWith(value: unknown, what: string, keys: readonly string[], optional: readonly string[] = []) {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    refuse(`${what} is ${show(value)}, no object`);
  const found = Object.keys(value);
  const missing = keys.find((key) => !found.includes(key));
  if (missing !== undefined) refuse(`${what} has no ${missing}`);
  const unknown = found.find((key) => !keys.includes(key) && !optional.includes(key));
  if (unknown !== undefined) refuse(`${what} has ${show(unknown)}, which is unknown`);
  return value as Readonly<Record<string, unknown>>;
}

function listOf(value: unknown, what: string, limit: number): readonly unknown[] {
  if (!Array.isArray(value)) refuse(`${what} is ${show(value)}, no list`);
  if (value.length > limit) {
    throw new DataError("MANIFEST_TOO_LARGE", `${what} has ${value.length} entries, more than ${limit}: use fewer`);
  }
  return value;
}

function wholeNumber(value: unknown, what: string, least: number, most: number): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < least) {
    refuse(`${what} is ${show(value)}, no whole number of at least ${least}`);
  }
  if (value > most)
    throw new DataError("MANIFEST_TOO_LARGE", `${what} is ${value}, more than ${most}: use smaller shards`);
  return value;
}

function text(value: unknown, what: string): string {
  return typeof value === "string" ? value : refuse(`${what} is ${show(value)}, no text`);
}

function parseWindow(value: unknown, what: string): FieldWindow {
  const window = objectWith(value, what, ["array", "length", "stride", "offset"]);
  const most = MANIFEST_LIMITS.shardBytes;
  return {
    array: text(window.array, `${what}'s array`),
    length: wholeNumber(window.length, `${what}'s length`, 1, most),
    stride: wholeNumber(window.stride, `${what}'s stride`, 1, most),
    offset: wholeNumber(window.offset, `${what}'s offset`, 0, most),
  };
}

function parseField(value: unknown, index: number): Field {
  const what = `Field ${index}`;
  const entry = objectWith(value, what, ["name", "dtype", "shape"], ["window"]);
  const dtype = FIELD_DTYPES.find((known) => known === entry.dtype);
  if (dtype === undefined)
    refuse(`${what} has the dtype ${show(entry.dtype)}, which is none of ${FIELD_DTYPES.join(", ")}`);
  const shape = listOf(entry.shape, `${what}'s shape`, FIELD_LIMITS.rank).map((dimension) =>
    wholeNumber(dimension, `A dimension of field ${index}`, 1, MANIFEST_LIMITS.shardBytes),
  );
  const field = { name: text(entry.name, `${what}'s name`), dtype, shape };
  return "window" in entry ? { ...field, window: parseWindow(entry.window, `${what}'s window`) } : field;
}

function parseShard(value: unknown, what: string, columns: readonly Column[]): ShardEntry {
  const entry = objectWith(value, what, ["sha256", "byteLength", "samples"]);
  const hash = text(entry.sha256, `${what}'s sha256`);
  if (!/^[0-9a-f]{64}$/.test(hash)) refuse(`${what}'s sha256 is ${show(hash)}, not 64 lowercase hexadecimal digits`);
  const byteLength = wholeNumber(entry.byteLength, `${what}'s byteLength`, 1, MANIFEST_LIMITS.shardBytes);
  const samples = wholeNumber(entry.samples, `${what}'s samples`, 1, MANIFEST_LIMITS.shardSamples);
  const expected = shardLayout(columns, samples).byteLength;
  if (byteLength !== expected) {
    refuse(`${what} has ${byteLength} bytes, but ${samples} samples of these fields have ${expected}`);
  }
  return { sha256: hash, byteLength, samples };
}

function parseSplit(value: unknown, name: SplitName, columns: readonly Column[]): SplitManifest {
  const shards = listOf(value, `Split ${name}`, MANIFEST_LIMITS.shards).map((shard, index) =>
    parseShard(shard, `Shard ${index} of ${name}`, columns),
  );
  const samples = shards.reduce((sum, shard) => sum + shard.samples, 0);
  return { samples: wholeNumber(samples, `The samples of ${name}`, 0, MANIFEST_LIMITS.samples), shards };
}

/**
 * Reads a manifest's JSON, which may come from a stranger: every entry is checked, unknown entries are refused, and the
 * bytes of each shard must be those that its samples have.
 * @throws DataError MANIFEST_INVALID, MANIFEST_TOO_LARGE, FIELD_INVALID
 */
export function parseManifest(json: string): Manifest {
  if (json.length > MANIFEST_LIMITS.jsonLength) {
    throw new DataError(
      "MANIFEST_TOO_LARGE",
      `The manifest has ${json.length} characters, more than ${MANIFEST_LIMITS.jsonLength}: use larger shards`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new DataError("MANIFEST_INVALID", "The manifest is no JSON: make the manifest again", { cause });
  }
  const entry = objectWith(value, "The manifest", ["format", "version", "fields", "splits"]);
  if (entry.format !== MANIFEST_FORMAT) refuse(`The format is ${show(entry.format)}, not ${MANIFEST_FORMAT}`);
  if (entry.version !== MANIFEST_VERSION) refuse(`The version is ${show(entry.version)}, not ${MANIFEST_VERSION}`);
  const fields = listOf(entry.fields, "The list of fields", FIELD_LIMITS.fields).map(parseField);
  const columns = columnsOf(fields);
  const splits = objectWith(entry.splits, "The splits", SPLIT_NAMES);
  return {
    fields,
    splits: {
      train: parseSplit(splits.train, "train", columns),
      test: parseSplit(splits.test, "test", columns),
    },
  };
}
