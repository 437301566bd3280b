import { describe, expect, it } from "vitest";
import { OpfsFolder } from "./opfs-folder.ts";
import { FakeFolder } from "./testing/fake-folder.ts";

describe("a folder of the origin's private files", () => {
  it("has of a file that is written again nothing of what was there before", async () => {
    const files = new FakeFolder();
    const folder = new OpfsFolder(files);
    await folder.write("a", Uint8Array.of(1, 2, 3, 4));
    await folder.write("a", Uint8Array.of(9, 8));
    expect(await folder.read("a")).toEqual(Uint8Array.of(9, 8));
  });

  it("takes bytes of memory that threads share, and a part of a larger memory", async () => {
    const files = new FakeFolder();
    const folder = new OpfsFolder(files);
    const shared = new Uint8Array(new SharedArrayBuffer(4)).subarray(1, 3);
    shared.set([5, 6]);
    await folder.write("shared", shared);
    await folder.write("part", Uint8Array.of(1, 2, 3, 4).subarray(1, 3));
    expect([files.files.get("shared"), files.files.get("part")]).toEqual([Uint8Array.of(5, 6), Uint8Array.of(2, 3)]);
  });

  it("says so when only some of the bytes had room, and closes the file, which nobody could write otherwise", async () => {
    const files = new FakeFolder();
    files.piece = 3;
    const folder = new OpfsFolder(files);
    await expect(folder.write("a", Uint8Array.of(1, 2, 3, 4))).rejects.toThrow("Only 3 of 4 bytes had room");
    expect(files.openFiles).toBe(0);
  });

  it("has nothing under a name that is not there, and removes it without a word", async () => {
    const folder = new OpfsFolder(new FakeFolder());
    expect(await folder.read("a")).toBe(null);
    await folder.remove("a");
    expect(await folder.list()).toEqual([]);
  });
});
