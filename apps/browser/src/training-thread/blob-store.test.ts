import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { BlobStore, type BlobStoreOptions, storeBytes } from "./blob-store.ts";
import { OpfsFolder } from "./opfs-folder.ts";
import { FakeFolder } from "./testing/fake-folder.ts";

const MEBIBYTE = 2 ** 20;

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

  it("takes what no order names for the least used: it is of a visit that did not end well", async () => {
    const folder = new FakeFolder();
    await (await BlobStore.open(options(folder))).put(SIX.hash, SIX.bytes);
    folder.files.set(SEVEN.hash, SEVEN.bytes);
    await (await BlobStore.open(options(folder))).put(EIGHT.hash, EIGHT.bytes);
    expect([SIX, SEVEN, EIGHT].map(({ hash }) => folder.files.has(hash))).toEqual([true, false, true]);
  });

  it("keeps to its cap when several are given at once, and writes none of them twice", async () => {
    const folder = new FakeFolder();
    const store = await BlobStore.open(options(folder));
    await Promise.all([SIX, SEVEN, SEVEN, EIGHT].map(({ hash, bytes }) => store.put(hash, bytes)));
    expect(folder.written.filter((name) => name !== "order.json")).toEqual([SIX.hash, SEVEN.hash, EIGHT.hash]);
    expect([SIX, SEVEN, EIGHT].map(({ hash }) => folder.files.has(hash))).toEqual([false, true, true]);
    expect(store.bytes).toBe(15);
  });

  it("leaves nothing of a blob for which there was no room", async () => {
    const folder = new FakeFolder();
    folder.quota = 5;
    await (await BlobStore.open(options(folder))).put(SIX.hash, SIX.bytes);
    expect([...folder.files.keys()]).toEqual([]);
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
