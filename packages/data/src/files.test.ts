import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { listSource, readSource } from "./files.ts";

const folder = mkdtempSync(join(tmpdir(), "tributary-files-"));
mkdirSync(join(folder, "b", "c"), { recursive: true });
mkdirSync(join(folder, ".hidden"));
for (const path of ["z.bin", "b/c/1.bin", "b/2.bin", ".hidden/3.bin", "b/.4"]) writeFileSync(join(folder, path), path);
afterAll(() => rmSync(folder, { recursive: true }));

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe("a source of bytes", () => {
  it("is a path, a URL, or a function", async () => {
    const path = join(folder, "z.bin");
    expect(textOf(await readSource(path))).toBe("z.bin");
    expect(textOf(await readSource(pathToFileURL(path)))).toBe("z.bin");
    expect(await readSource(async () => Uint8Array.of(1))).toEqual(Uint8Array.of(1));
  });

  it("is refused when it is not there, or larger than its reader takes", async () => {
    await expect(readSource(join(folder, "none"))).rejects.toThrow("none cannot be read: check the path");
    await expect(readSource(join(folder, "z.bin"), 3)).rejects.toThrow("z.bin has 5 bytes, more than 3");
    await expect(readSource(async () => new Uint8Array(4), 3)).rejects.toThrow("A file has 4 bytes, more than 3");
  });
});

describe("a folder", () => {
  it.each([
    ["a path", folder],
    ["a path that ends with /", `${folder}/`],
    ["a URL", pathToFileURL(folder)],
  ])("that is given as %s is listed in the order of the paths, without what is hidden", async (_, source) => {
    const files = await listSource(source);
    expect(files.map(({ path }) => path)).toEqual(["b/2.bin", "b/c/1.bin", "z.bin"]);
    expect(textOf((await files[1]?.read()) ?? new Uint8Array(0))).toBe("b/c/1.bin");
  });
});
