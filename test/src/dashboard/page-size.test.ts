import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { ensurePages } from "@tributary/browser";
import { expect, it } from "vitest";

/** Bytes over the wire, HTML, script and style sheets together. */
const PAGE_BYTES_MAX = 100_000;

/** Files of the build that a text names: those that an HTML page loads, or that a script imports. */
function named(text: string): string[] {
  const inHtml = [...text.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map((match) => match[1] ?? "");
  const imported = [...text.matchAll(/(?:from|import)\s*\(?["'`]\.\/([\w.-]+\.js)["'`]/g)].map(
    (match) => `assets/${match[1]}`,
  );
  return [...inHtml, ...imported];
}

it("the dashboard has less than 100 KB in all", async () => {
  const folder = await ensurePages();
  const files = new Set(["index.html"]);
  let bytes = 0;
  for (const file of files) {
    const content = readFileSync(join(folder, file));
    bytes += gzipSync(content, { level: 9 }).byteLength;
    for (const next of named(content.toString())) files.add(next);
  }
  expect([...files].filter((file) => file.endsWith(".js")).length).toBeGreaterThan(1);
  expect([...files].filter((file) => file.endsWith(".css")).length).toBeGreaterThan(0);
  expect(bytes).toBeLessThan(PAGE_BYTES_MAX);
});
