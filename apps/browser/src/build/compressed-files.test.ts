import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { expect, it, onTestFinished } from "vitest";
import { compressFiles } from "./compressed-files.ts";

const TEXT = "export const words = 1;\n".repeat(50);

it("each file of text has its compressed forms beside it; pictures and hidden files have none", async () => {
  const folder = await mkdtemp(join(tmpdir(), "tributary-compressed-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, "assets"));
  for (const name of ["join.html", "assets/a.js", "assets/picture.png", ".sources"])
    await writeFile(join(folder, name), TEXT);
  await compressFiles(folder);
  const names = ["a.js", "a.js.br", "a.js.gz", "picture.png"];
  expect((await readdir(join(folder, "assets"))).sort()).toEqual(names);
  expect((await readdir(folder)).sort()).toEqual([".sources", "assets", "join.html", "join.html.br", "join.html.gz"]);
  expect(brotliDecompressSync(await readFile(join(folder, "assets/a.js.br"))).toString()).toBe(TEXT);
  expect(gunzipSync(await readFile(join(folder, "assets/a.js.gz"))).toString()).toBe(TEXT);
});
