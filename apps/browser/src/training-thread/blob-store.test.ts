import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { BlobStore, type BlobStoreOptions, storeBytes } from "./blob-store.ts";
import { type FileHandle, type FolderHandle, OpfsFolder } from "./opfs-folder.ts";

const MEBIBYTE = 2 ** 20;

function named(name: string): Error {
  return Object.assign(new Error(name), { name });
}

/** The origin private file system, as far as it is used, in memory. */
class FakeFolder implements FolderHandle {
  readonly files = new Map<string, Uint8Array>();
  /** Bytes that there is room for. */
  quota = Number.POSITIVE_INFINITY;
  /** Files that another tab is writing. */
  readonly busy = new Set<string>();
  /** Files that another tab takes away just after they were listed. */
  readonly vanishing = new Set<string>();

  getFileHandle(name: string, options: { create?: boolean } = {}): Promise<FileHandle> {
    if (this.vanishing.has(name)) this.files.delete(name);
    if (!this.files.has(name) && options.create !== true) return Promise.reject(named("NotFoundError"));
    if (!this.files.has(name)) this.files.set(name, new Uint8Array(0));
    return Promise.resolve(this.#handle(name));
  }

  removeEntry(name: string): Promise<void> {
    return this.files.delete(name) ? Promise.resolve() : Promise.reject(named("NotFoundError"));
  }

  async *entries(): AsyncGenerator<readonly [string, { readonly kind: "file" }]> {
    for (const name of this.files.keys()) yield [name, { kind: "file" }];
  }

  #handle(name: string): FileHandle {
    return {
      kind: "file",
      getFile: () => {
        const bytes = this.files.get(name) ?? new Uint8Array(0);
        return Promise.resolve({ size: bytes.length, arrayBuffer: async () => Uint8Array.from(bytes).buffer });
      },
      createSyncAccessHandle: () => {
        if (this.busy.has(name)) return Promise.reject(named("NoModificationAllowedError"));
        return Promise.resolve({
          truncate: () => this.files.set(name, new Uint8Array(0)),
          write: (bytes: Uint8Array) => {
            const used = [...this.files.values()].reduce((sum, { length }) => sum + length, 0);
            if (used + bytes.length > this.quota) throw named("QuotaExceededError");
            this.files.set(name, Uint8Array.from(bytes));
            return bytes.length;
          },
          flush: () => {},
          close: () => {},
        });
      },
    };
  }
}

function blob(text: string): { readonly hash: string; readonly bytes: Uint8Array } {
  const bytes = new TextEncoder().encode(text);
  return { bytes, hash: createHash("sha256").update(bytes).digest("hex") };
}

function options(folder: FakeFolder, change: Partial<BlobStoreOptions> = {}): BlobStoreOptions {
  return {
    folder: new OpfsFolder(folder),
    bytesMax: 20,
    sha256: async (bytes) => createHash("sha256").update(bytes).digest("hex"),
    onBlocked: () => {},
    ...change,
  };
}

const SIX = blob("six by");
const SEVEN = blob("seven b");
const EIGHT = blob("eight by");

describe("what is kept of a quota", () => {
  it("is a fifth of it, at most 1 GiB, and nothing of a quota that is not told", () => {
    expect(storeBytes(10 * MEBIBYTE)).toBe(2 * MEBIBYTE);
    expect(storeBytes(100_000 * MEBIBYTE)).toBe(1_024 * MEBIBYTE);
    expect(storeBytes(undefined)).toBe(0);
  });
});

describe("a store of blobs", () => {
  it("gives back on the next visit what it was given", async () => {
    const folder = new FakeFolder();
    await (await BlobStore.open(options(folder))).put(SIX.hash, SIX.bytes);
    const again = await BlobStore.open(options(folder));
    expect(again.bytes).toBe(6);
    expect(await again.get(SIX.hash)).toEqual(SIX.bytes);
    expect(await again.get(SEVEN.hash)).toBeNull();
  });

  it("lets the one go that was used least recently: 6 + 7 + 8 bytes are more than 20", async () => {
    const folder = new FakeFolder();
    const store = await BlobStore.open(options(folder));
    await store.put(SIX.hash, SIX.bytes);
    await store.put(SEVEN.hash, SEVEN.bytes);
    await store.get(SIX.hash);
    await store.put(EIGHT.hash, EIGHT.bytes);
    expect(store.bytes).toBe(14);
    expect([...folder.files.keys()].filter((name) => name.length === 64).sort()).toEqual([SIX.hash, EIGHT.hash].sort());
  });

  it("remembers the order of use from one visit to the next", async () => {
    const folder = new FakeFolder();
    const first = await BlobStore.open(options(folder));
    for (const { hash, bytes } of [SIX, SEVEN]) await first.put(hash, bytes);
    const second = await BlobStore.open(options(folder));
    await second.put(EIGHT.hash, EIGHT.bytes);
    expect(folder.files.has(SIX.hash)).toBe(false);
    expect(folder.files.has(SEVEN.hash)).toBe(true);
  });

  it("never gives bytes that are not those of the hash, and lets them go", async () => {
    const folder = new FakeFolder();
    const store = await BlobStore.open(options(folder));
    await store.put(SIX.hash, SIX.bytes);
    folder.files.set(SIX.hash, EIGHT.bytes);
    expect(await store.get(SIX.hash)).toBeNull();
    expect(folder.files.has(SIX.hash)).toBe(false);
    expect(store.bytes).toBe(0);
  });

  it("goes without what the browser took away", async () => {
    const folder = new FakeFolder();
    const store = await BlobStore.open(options(folder));
    await store.put(SIX.hash, SIX.bytes);
    folder.files.clear();
    expect(await store.get(SIX.hash)).toBeNull();
    await store.put(SIX.hash, SIX.bytes);
    expect(await store.get(SIX.hash)).toEqual(SIX.bytes);
  });

  it("keeps nothing more after there was no room, says so once, and leaves no half of a file", async () => {
    const folder = new FakeFolder();
    folder.quota = 10;
    const words: string[] = [];
    const store = await BlobStore.open(options(folder, { onBlocked: (why) => words.push(why) }));
    await store.put(EIGHT.hash, EIGHT.bytes);
    await store.put(SEVEN.hash, SEVEN.bytes);
    expect(words).toEqual(["QuotaExceededError: QuotaExceededError"]);
    expect(folder.files.has(SEVEN.hash)).toBe(false);
  });

  it("goes without a blob that another tab is writing", async () => {
    const folder = new FakeFolder();
    folder.busy.add(SIX.hash);
    const words: string[] = [];
    const store = await BlobStore.open(options(folder, { onBlocked: (why) => words.push(why) }));
    await store.put(SIX.hash, SIX.bytes);
    expect(await store.get(SIX.hash)).toBeNull();
    // The others are kept, and so is the next one after a moment in which two tabs wrote down their order of use.
    await store.put(SEVEN.hash, SEVEN.bytes);
    folder.busy.add("order.json");
    await store.put(EIGHT.hash, EIGHT.bytes);
    expect(await store.get(SEVEN.hash)).toEqual(SEVEN.bytes);
    expect(await store.get(EIGHT.hash)).toEqual(EIGHT.bytes);
    expect(words).toEqual([]);
  });

  it("takes out what is over its cap when it opens: two tabs may have filled the folder, or the quota may be less now", async () => {
    const folder = new FakeFolder();
    const store = await BlobStore.open(options(folder, { bytesMax: 100 }));
    await store.put(SIX.hash, SIX.bytes);
    await store.put(SEVEN.hash, SEVEN.bytes);
    await store.put(EIGHT.hash, EIGHT.bytes);
    const later = await BlobStore.open(options(folder, { bytesMax: 16 }));
    expect(later.bytes).toBe(15);
    expect([...folder.files.keys()].filter((name) => name !== "order.json")).toEqual([SEVEN.hash, EIGHT.hash]);
  });

  it("opens while another tab takes files out of the folder", async () => {
    const folder = new FakeFolder();
    folder.files.set(SIX.hash, SIX.bytes);
    folder.files.set(SEVEN.hash, SEVEN.bytes);
    folder.vanishing.add(SIX.hash);
    const store = await BlobStore.open(options(folder));
    expect(await store.get(SEVEN.hash)).toEqual(SEVEN.bytes);
  });

  it("keeps no blob that is larger than all it may keep, and touches no other file of the folder", async () => {
    const folder = new FakeFolder();
    folder.files.set("notes.txt", new Uint8Array(100));
    const store = await BlobStore.open(options(folder, { bytesMax: 7 }));
    expect(store.bytes).toBe(0);
    await store.put(EIGHT.hash, EIGHT.bytes);
    expect([...folder.files.keys()]).toEqual(["notes.txt"]);
  });
});
