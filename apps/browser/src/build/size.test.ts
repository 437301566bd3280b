import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { beforeAll, expect, it } from "vitest";
import { ensurePages } from "./pages.ts";

/** Bytes, compressed with gzip, of the join page with its scripts and styles, its training thread's included. */
const JOIN_BYTES_MAX = 100_000;

/** The same with one backend, the part that is loaded only when a device is opened. */
const TAB_BYTES_MAX = 125_000;

/** Bytes of what is loaded before somebody presses Start. */
const OPENING_BYTES_MAX = 30_000;

let folder: string;

function gzipBytes(name: string): number {
  return gzipSync(readFileSync(join(folder, name)), { level: 9 }).byteLength;
}

/** Files under assets/ that a file names, in an address or in an import. */
function filesNamedIn(name: string, pattern: RegExp): string[] {
  const text = readFileSync(join(folder, name), "utf8");
  return [...text.matchAll(pattern)].map((match) => `assets/${match[1] ?? ""}`);
}

/** A file and everything that it loads at once, not what it may load later. */
function loadedWith(name: string, found = new Set<string>()): Set<string> {
  if (found.has(name)) return found;
  found.add(name);
  if (!name.endsWith(".js")) return found;
  for (const file of filesNamedIn(name, /(?:from|^import|;import)\s*["']\.\/([\w.-]+\.js)["']/gm))
    loadedWith(file, found);
  return found;
}

function sum(names: Iterable<string>): number {
  return [...names].reduce((total, name) => total + gzipBytes(name), 0);
}

beforeAll(async () => {
  folder = await ensurePages();
}, 120_000);

it("the join page is small: under 30 kB to open it, under 100 kB with its training thread, and little more with what it computes on", () => {
  const opening = new Set(["join.html"]);
  for (const file of filesNamedIn("join.html", /assets\/([\w.-]+\.(?:js|css|svg))/g)) loadedWith(file, opening);
  expect(opening.size).toBeGreaterThan(3);
  expect(sum(opening)).toBeLessThan(OPENING_BYTES_MAX);
  const scripts = [...opening].filter((name) => name.endsWith(".js"));
  const threads = scripts.flatMap((name) => filesNamedIn(name, /assets\/(main-[\w.-]+\.js)/g));
  expect(threads).toHaveLength(1);
  for (const file of threads) loadedWith(file, opening);
  expect(sum(opening)).toBeLessThan(JOIN_BYTES_MAX);
  const backends = threads.flatMap((name) => filesNamedIn(name, /import\(["'`]\.\/(open-[\w.-]+\.js)["'`]\)/g));
  expect(backends).toHaveLength(3);
  for (const backend of backends)
    expect(sum(loadedWith(backend, new Set(opening))), backend).toBeLessThan(TAB_BYTES_MAX);
});

it("the pages have nothing inline, which their content security policy would refuse", () => {
  for (const name of ["index.html", "join.html"]) {
    const html = readFileSync(join(folder, name), "utf8");
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:/i);
    expect(html).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
  }
});

it("no script asks for code from text, nor for anything from another server", () => {
  for (const file of readdirSync(join(folder, "assets")).filter((name) => name.endsWith(".js"))) {
    const text = readFileSync(join(folder, "assets", file), "utf8");
    expect(text, file).not.toMatch(/\beval\(|new Function\(/);
    const addresses = text.match(/["'`](?:https?:)?\/\/[a-z0-9.-]+\.[a-z]{2,}[/"'`]/gi) ?? [];
    // Names of SVG and its like begin so; nothing is asked from there.
    expect(
      addresses.filter((address) => !address.includes("//www.w3.org/")),
      file,
    ).toEqual([]);
  }
});
