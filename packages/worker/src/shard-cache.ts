import { type Field, openHashedShard, type Shard, type ShardEntry, sha256Hex } from "@tributary/data";
import type { FetchBlob } from "./transport.ts";

/** Bytes of shards a worker keeps unless told otherwise, 256 MiB: some 340,000 digits. */
export const SHARD_CACHE_BYTES = 268_435_456;

/** Opened shards, by hash; the ones used least recently go when there are too many bytes. */
export class ShardCache {
  readonly #fields: readonly Field[];
  readonly #fetchBlob: FetchBlob;
  readonly #bytesMax: number;
  // A Map keeps the order of insertion: a shard that is used again is put at the end, so the first is the oldest.
  readonly #shards = new Map<string, Shard>();
  readonly #pending = new Map<string, Promise<Shard>>();
  #bytes = 0;

  constructor(fields: readonly Field[], fetchBlob: FetchBlob, bytesMax = SHARD_CACHE_BYTES) {
    this.#fields = fields;
    this.#fetchBlob = fetchBlob;
    this.#bytesMax = bytesMax;
  }

  /** Bytes of the shards that are here. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * The shard, fetched unless it is here; asked for twice at once, it is fetched once.
   * @throws WorkerError BLOB_UNREACHABLE; DataError SHARD_LENGTH, SHARD_HASH
   */
  async get(entry: ShardEntry): Promise<Shard> {
    const known = this.#shards.get(entry.sha256);
    if (known !== undefined) {
      this.#shards.delete(entry.sha256);
      this.#shards.set(entry.sha256, known);
      return known;
    }
    const pending = this.#pending.get(entry.sha256);
    if (pending !== undefined) return pending;
    const fetching = this.#fetch(entry);
    this.#pending.set(entry.sha256, fetching);
    try {
      return await fetching;
    } finally {
      this.#pending.delete(entry.sha256);
    }
  }

  async #fetch(entry: ShardEntry): Promise<Shard> {
    const bytes = await this.#fetchBlob(entry.sha256);
    const shard = openHashedShard(this.#fields, entry, bytes, await sha256Hex(bytes));
    this.#shards.set(entry.sha256, shard);
    this.#bytes += shard.byteLength;
    for (const [hash, oldest] of this.#shards) {
      if (this.#bytes <= this.#bytesMax) break;
      this.#shards.delete(hash);
      this.#bytes -= oldest.byteLength;
    }
    return shard;
  }
}
