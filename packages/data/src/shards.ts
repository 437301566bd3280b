import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { DataError } from "./errors.ts";
import { type Column, type ColumnData, columnsOf, FIELD_DTYPE_BYTES, type Field, viewColumn } from "./field.ts";
import {
  MANIFEST_LIMITS,
  type Manifest,
  SECTION_ALIGNMENT,
  type ShardEntry,
  type SplitManifest,
  shardLayout,
} from "./manifest.ts";
import { deriveKey, keyOfSeed, permutation } from "./random.ts";
import { checkDataset, columnData, type LoadedDataset, type Split } from "./split.ts";

/** How a dataset is cut into shards. */
export interface PackOptions {
  /** Bytes a shard may have at most, unless one sample has more. Default {@link DEFAULT_SHARD_BYTES}. */
  readonly shardBytes?: number;
  /** Seed of the order in which training samples are stored. Default 0. */
  readonly seed?: number;
}

/** Size of a shard, 512 KiB: a few seconds on a slow link, and some 600 digits. */
export const DEFAULT_SHARD_BYTES = 524_288;

/** A manifest and the bytes of its shards, by SHA-256. */
export interface PackedDataset {
  readonly manifest: Manifest;
  readonly shards: ReadonlyMap<string, Uint8Array>;
}

const STORAGE_ORDER = 0x73746f72;

/**
 * Cuts a dataset into shards. Training samples are stored in a random order (unless fields are windows, whose neighbours
 * share rows): otherwise data sorted by class would give shards, and so batches, of one class. From here on a sample's
 * index is its place in the stored order. Test samples keep their order.
 * The shards are new memory; the dataset is only read.
 * @throws DataError FIELD_INVALID, COLUMN_MISMATCH, SAMPLE_TOO_LARGE, MANIFEST_TOO_LARGE, NUMBER_INVALID
 */
export function packDataset(dataset: LoadedDataset, options: PackOptions = {}): PackedDataset {
  const { shardBytes = DEFAULT_SHARD_BYTES, seed = 0 } = options;
  if (!Number.isSafeInteger(shardBytes) || shardBytes < 1) {
    throw new DataError(
      "NUMBER_INVALID",
      `Shards of ${shardBytes} bytes cannot be made: use a whole number of at least 1`,
    );
  }
  const columns = checkDataset(dataset);
  const shards = new Map<string, Uint8Array>();
  const limit = Math.min(shardBytes, MANIFEST_LIMITS.shardBytes);
  const trainOrder = storedOrder(dataset.fields, dataset.train.samples, seed);
  const train = packSplit(dataset.train, columns, limit, shards, trainOrder);
  const test = packSplit(dataset.test, columns, limit, shards, undefined);
  return { manifest: { fields: dataset.fields, splits: { train, test } }, shards };
}

/** Indices in the dataset of the training samples, in the order in which they are stored; undefined where that is the same. */
function storedOrder(fields: readonly Field[], samples: number, seed: number): Uint32Array | undefined {
  if (fields.some((field) => field.window !== undefined)) return undefined;
  return permutation(samples, deriveKey(keyOfSeed(seed), STORAGE_ORDER, 0));
}

/** Which sample of a dataset became the training sample of this index when it was packed, for people who look for it in their data. */
export function sourceSample({ fields, splits }: Manifest, index: number, seed = 0): number {
  return storedOrder(fields, splits.train.samples, seed)?.[index] ?? index;
}

/** The most samples whose shard stays within the limit, and at least 1. */
function samplesPerShard(columns: readonly Column[], shardBytes: number): number {
  const single = shardLayout(columns, 1).byteLength;
  if (single > MANIFEST_LIMITS.shardBytes) {
    throw new DataError(
      "SAMPLE_TOO_LARGE",
      `One sample takes ${single} bytes, but a shard has at most ${MANIFEST_LIMITS.shardBytes}: make samples smaller`,
    );
  }
  const each = columns.reduce(
    (sum, column) => sum + column.stride * column.rowElements * FIELD_DTYPE_BYTES[column.dtype],
    0,
  );
  const padding = columns.length * SECTION_ALIGNMENT;
  const most = 1 + Math.max(0, Math.floor((shardBytes - single - padding) / each));
  return Math.min(most, MANIFEST_LIMITS.shardSamples);
}

function packSplit(
  split: Split,
  columns: readonly Column[],
  shardBytes: number,
  shards: Map<string, Uint8Array>,
  order: Uint32Array | undefined,
): SplitManifest {
  const most = samplesPerShard(columns, shardBytes);
  const count = Math.ceil(split.samples / most);
  if (count > MANIFEST_LIMITS.shards || split.samples > MANIFEST_LIMITS.samples) {
    throw new DataError(
      "MANIFEST_TOO_LARGE",
      `${split.samples} samples make ${count} shards, more than ${MANIFEST_LIMITS.shards}: use larger shards`,
    );
  }
  const entries: ShardEntry[] = [];
  for (let shard = 0; shard < count; shard += 1) {
    // Shards of nearly equal size, rather than full ones and a small rest.
    const first = Math.floor((shard * split.samples) / count);
    const samples = Math.floor(((shard + 1) * split.samples) / count) - first;
    const bytes = packShard(split, columns, first, samples, order);
    const hash = bytesToHex(sha256(bytes));
    shards.set(hash, bytes);
    entries.push({ sha256: hash, byteLength: bytes.byteLength, samples });
  }
  return { samples: split.samples, shards: entries };
}

function packShard(
  split: Split,
  columns: readonly Column[],
  first: number,
  samples: number,
  order: Uint32Array | undefined,
): Uint8Array {
  const { sections, byteLength } = shardLayout(columns, samples);
  const bytes = new Uint8Array(byteLength);
  for (const { column, byteOffset, rows } of sections) {
    const source = columnData(split, column);
    const width = column.rowElements;
    const target = viewColumn(column.dtype, bytes, byteOffset, rows * width);
    if (order === undefined) {
      const start = (column.firstRow + first * column.stride) * width;
      target.set(source.subarray(start, start + rows * width));
    } else {
      for (let row = 0; row < rows; row += 1) {
        const from = (order[first + row] ?? 0) * width;
        target.set(source.subarray(from, from + width), row * width);
      }
    }
  }
  return bytes;
}

/** A shard's samples, ready to be copied from. Keeps the bytes it was opened with. */
export class Shard {
  readonly samples: number;
  readonly byteLength: number;
  private readonly columns = new Map<string, { readonly column: Column; readonly data: ColumnData }>();

  /** Use {@link openShard}, which checks the bytes. @param bytes aligned to 8 bytes in its buffer; kept */
  constructor(fields: readonly Field[], samples: number, bytes: Uint8Array) {
    const { sections, byteLength } = shardLayout(columnsOf(fields), samples);
    this.samples = samples;
    this.byteLength = byteLength;
    for (const { column, byteOffset, rows } of sections) {
      const data = viewColumn(column.dtype, bytes, byteOffset, rows * column.rowElements);
      this.columns.set(column.name, { column, data });
    }
  }

  /** The array in which a field's samples lie, and how: sample i begins at element `start + i * step`. Borrowed. */
  locate(field: Field): { readonly data: ColumnData; readonly start: number; readonly step: number } {
    const name = field.window?.array ?? field.name;
    const entry = this.columns.get(name);
    if (entry === undefined) {
      throw new DataError("FIELD_INVALID", `The shard has no array ${name}: use the fields of its own manifest`);
    }
    const { column, data } = entry;
    const row = (field.window?.offset ?? 0) - column.firstRow;
    return { data, start: row * column.rowElements, step: column.stride * column.rowElements };
  }
}

/**
 * Checks a shard's bytes against its manifest, and opens it. The shard keeps `bytes` (copied only if they do not begin
 * at a multiple of 8 in their buffer); nobody may write them afterwards.
 * @throws DataError SHARD_LENGTH, SHARD_HASH
 */
export function openShard(fields: readonly Field[], entry: ShardEntry, bytes: Uint8Array): Shard {
  return openHashedShard(fields, entry, bytes, bytesToHex(sha256(bytes)));
}

/**
 * {@link openShard} for whoever has the bytes' SHA-256 already. @param hash 64 lowercase hexadecimal digits
 * @throws DataError SHARD_LENGTH, SHARD_HASH
 */
export function openHashedShard(fields: readonly Field[], entry: ShardEntry, bytes: Uint8Array, hash: string): Shard {
  if (bytes.byteLength !== entry.byteLength) {
    throw new DataError(
      "SHARD_LENGTH",
      `Shard ${entry.sha256} has ${bytes.byteLength} bytes instead of ${entry.byteLength}: fetch it again`,
    );
  }
  if (hash !== entry.sha256) {
    throw new DataError("SHARD_HASH", `Shard ${entry.sha256} has the SHA-256 ${hash}: fetch it again`);
  }
  const aligned = bytes.byteOffset % SECTION_ALIGNMENT === 0 ? bytes : bytes.slice();
  return new Shard(fields, entry.samples, aligned);
}
