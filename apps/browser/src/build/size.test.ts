import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { beforeAll, expect, it } from "vitest";
import { ensurePages } from "./pages.ts";

/** Bytes, compressed with gzip, of what is loaded before somebody presses Start. */
const OPENING_BYTES_MAX = 23_000;

/** The same with the training thread, without what it computes on. */
const JOIN_BYTES_MAX = 83_000;

/** All that a tab loads, by what it computes on. */
const TAB_BYTES_MAX = { gpu: 128_000, processor: 115_000 };

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

/** What is loaded with the join page, and then with the one script of its threads. */
function joinPage(): { readonly opening: Set<string>; readonly thread: string } {
  const opening = new Set(["join.html"]);
  for (const file of filesNamedIn("join.html", /assets\/([\w.-]+\.(?:js|css|svg))/g)) loadedWith(file, opening);
  const scripts = [...opening].filter((name) => name.endsWith(".js"));
  const [thread, ...others] = scripts.flatMap((name) => filesNamedIn(name, /assets\/(main-[\w.-]+\.js)/g));
  if (thread === undefined || others.length > 0) throw new Error(`The join page names ${others.length + 1} threads`);
  return { opening, thread };
}

it("the join page is small to open, and not much larger with its training thread", () => {
  const { opening, thread } = joinPage();
  expect(opening.size).toBeGreaterThan(3);
  expect(sum(opening)).toBeLessThan(OPENING_BYTES_MAX);
  expect(sum(loadedWith(thread, opening))).toBeLessThan(JOIN_BYTES_MAX);
});

it.each(["gpu", "processor"] as const)(
  "a tab that computes on the %s loads little more, and nothing of the other",
  (part) => {
    const { opening, thread } = joinPage();
    const loaded = loadedWith(thread, opening);
    const parts = new Set(filesNamedIn(thread, /import\(["'`]\.\/((?:gpu|processor)-[\w.-]+\.js)["'`]\)/g));
    expect(parts.size).toBe(2);
    expect([...loaded].filter((name) => parts.has(name))).toEqual([]);
    for (const name of parts) if (name.startsWith(`assets/${part}-`)) loadedWith(name, loaded);
    expect([...loaded].filter((name) => parts.has(name))).toHaveLength(1);
    expect(sum(loaded)).toBeLessThan(TAB_BYTES_MAX[part]);
  },
);

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
