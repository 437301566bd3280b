/** A folder that the browser keeps for this page. Other tabs may use it at the same time, and the browser may empty it. */
export interface BlobFolder {
  /** Names and lengths of what is there. */
  list(): Promise<readonly { readonly name: string; readonly byteLength: number }[]>;
  /** Null: there is none. */
  read(name: string): Promise<Uint8Array | null>;
  /** @throws DOMException QuotaExceededError when there is no room */
  write(name: string, bytes: Uint8Array): Promise<void>;
  remove(name: string): Promise<void>;
}

/** What a store needs. */
export interface BlobStoreOptions {
  readonly folder: BlobFolder;
  /** Bytes that are kept at most. */
  readonly bytesMax: number;
  /** SHA-256 of bytes, as 64 hexadecimal digits. */
  readonly sha256: (bytes: Uint8Array) => Promise<string>;
  /** Hears once why nothing can be kept, when that is so. */
  readonly onBlocked: (why: string) => void;
}

/** Part of what the browser would give that is taken at most. */
const QUOTA_SHARE = 0.2;

/** Bytes of the store where the browser has more to give, 1 GiB. */
const STORE_BYTES_MAX = 2 ** 30;

/** Names in the folder that this store takes for its own. */
const HASH_NAME = /^[0-9a-f]{64}$/;

/** Where the order of use is written down. */
const ORDER_NAME = "order.json";

/** Bytes to keep, of a quota of so many bytes. */
export function storeBytes(quota: number | undefined): number {
  return Math.min(STORE_BYTES_MAX, Math.floor(QUOTA_SHARE * (quota ?? 0)));
}

/**
 * Keeps blobs by their hash from one visit to the next; the ones used least recently go first. Everything here is allowed to
 * fail: a blob that is not there, cannot be read or has other bytes than its hash says is fetched again, and after a write
 * for which there was no room nothing more is written.
 */
export class BlobStore {
  readonly #options: BlobStoreOptions;
  /** Bytes by hash; the first was used least recently. */
  readonly #lengths = new Map<string, number>();
  #bytes = 0;
  #isBlocked = false;
  // Writes follow each other, so that the sum of bytes is right.
  #writes: Promise<void> = Promise.resolve();

  private constructor(options: BlobStoreOptions) {
    this.#options = options;
  }

  /** Looks at what is there from earlier visits. */
  static async open(options: BlobStoreOptions): Promise<BlobStore> {
    const store = new BlobStore(options);
    const found = new Map<string, number>();
    for (const { name, byteLength } of await options.folder.list()) {
      if (HASH_NAME.test(name)) found.set(name, byteLength);
    }
    // What the order does not name came from a visit that did not end well: it goes first.
    const order = (await readOrder(options.folder)).filter((hash) => found.has(hash));
    const unnamed = [...found.keys()].filter((hash) => !order.includes(hash));
    for (const hash of [...unnamed, ...order]) store.#note(hash, found.get(hash) ?? 0);
    // Two tabs may have kept more than one may, or the browser gives less than it did.
    await store.#makeRoom(0).catch(() => {});
    return store;
  }

  /** Bytes that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The blob, checked against its hash; null when it is not there as it was. The caller owns the bytes. */
  async get(hash: string): Promise<Uint8Array | null> {
    if (!this.#lengths.has(hash)) return null;
    const { folder, sha256 } = this.#options;
    try {
      const bytes = await folder.read(hash);
      if (bytes !== null && (await sha256(bytes)) === hash) {
        this.#note(hash, bytes.byteLength);
        return bytes;
      }
    } catch {
      // Another tab may be at it, or the browser has emptied the folder: as if it were not there.
    }
    this.#forget(hash);
    await folder.remove(hash).catch(() => {});
    return null;
  }

  /** Keeps a copy. Never rejects. */
  put(hash: string, bytes: Uint8Array): Promise<void> {
    this.#writes = this.#writes.then(() => this.#write(hash, bytes));
    return this.#writes;
  }

  async #write(hash: string, bytes: Uint8Array): Promise<void> {
    const { folder, bytesMax, onBlocked } = this.#options;
    if (this.#isBlocked || this.#lengths.has(hash) || bytes.byteLength > bytesMax) return;
    try {
      await this.#makeRoom(bytes.byteLength);
      await folder.write(hash, bytes);
      this.#note(hash, bytes.byteLength);
      await folder.write(ORDER_NAME, new TextEncoder().encode(JSON.stringify([...this.#lengths.keys()])));
    } catch (error) {
      // Another tab has the file: this one goes without, and so does nothing else.
      if (error instanceof Error && error.name === "NoModificationAllowedError") return;
      this.#isBlocked = true;
      await folder.remove(hash).catch(() => {});
      onBlocked(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    }
  }

  /** Takes out what was used least recently, until there is room for so many bytes more. */
  async #makeRoom(byteLength: number): Promise<void> {
    const { folder, bytesMax } = this.#options;
    for (const [oldest] of this.#lengths) {
      if (this.#bytes + byteLength <= bytesMax) break;
      this.#forget(oldest);
      await folder.remove(oldest);
    }
  }

  /** The blob is there, and was used just now. */
  #note(hash: string, byteLength: number): void {
    this.#forget(hash);
    this.#lengths.set(hash, byteLength);
    this.#bytes += byteLength;
  }

  #forget(hash: string): void {
    this.#bytes -= this.#lengths.get(hash) ?? 0;
    this.#lengths.delete(hash);
  }
}

/** Hashes from the least to the most recently used; none when nobody wrote them down. */
async function readOrder(folder: BlobFolder): Promise<readonly string[]> {
  try {
    const bytes = await folder.read(ORDER_NAME);
    const order: unknown = bytes === null ? [] : JSON.parse(new TextDecoder().decode(bytes));
    return Array.isArray(order) ? order.filter((hash) => typeof hash === "string") : [];
  } catch {
    return [];
  }
}
