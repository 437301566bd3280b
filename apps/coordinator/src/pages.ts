import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { PAGE_BYTES_MAX, PAGES_MAX } from "./limits.ts";

/** One file as it is served; nothing of it is read from the disk again. */
export interface PageFile {
  readonly bytes: Uint8Array;
  readonly type: string;
  /** Entity tag, quotation marks included. */
  readonly etag: string;
  /** Whether its name holds a hash of its content, so that it never changes under that name. */
  readonly immutable: boolean;
  /** The same bytes compressed; null where that would not make them smaller. */
  readonly brotli: Uint8Array | null;
  readonly gzip: Uint8Array | null;
}

/** What a coordinator serves to browsers, by path: "/" is the dashboard, "/join" the page for tabs that join. */
export type Pages = ReadonlyMap<string, PageFile>;

/** Folder of files whose names hold hashes. */
const HASHED_FOLDER = "assets";

const TYPES: ReadonlyMap<string, string> = new Map([
  ["html", "text/html; charset=utf-8"],
  ["js", "text/javascript; charset=utf-8"],
  ["css", "text/css; charset=utf-8"],
  ["svg", "image/svg+xml"],
  ["png", "image/png"],
  ["ico", "image/x-icon"],
  ["json", "application/json"],
  ["webmanifest", "application/manifest+json"],
  ["wasm", "application/wasm"],
  ["woff2", "font/woff2"],
]);

/** For files that were not compressed when they were built. A tenth of the time that the best takes, for some 5% more bytes. */
const BROTLI_QUALITY = 5;

/**
 * Reads a folder of built pages into memory: `index.html` becomes "/", `NAME.html` "/NAME", the rest keeps its path. Only files of known
 * types in the folder and in its `assets` are taken; names that begin with a dot are not. Beside a file may be what it comes to
 * compressed, as NAME.br and NAME.gz; what is not there is made.
 * @returns an empty map where there is no such folder
 */
export async function readPages(folder: string): Promise<Pages> {
  const top = await filesIn(folder, "");
  const hashed = await filesIn(join(folder, HASHED_FOLDER), `${HASHED_FOLDER}/`);
  const files = [...top, ...hashed].slice(0, PAGES_MAX);
  const entries = await Promise.all(files.map(async (path) => await entryOf(folder, path)));
  return new Map(entries.filter((entry) => entry !== null));
}

async function filesIn(folder: string, prefix: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => entry.isFile() && TYPES.has(extensionOf(entry.name))).map(({ name }) => name);
  return names
    .filter((name) => /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(name))
    .sort()
    .map((name) => prefix + name);
}

async function entryOf(folder: string, path: string): Promise<[string, PageFile] | null> {
  const bytes = await readFile(join(folder, path));
  if (bytes.byteLength > PAGE_BYTES_MAX) return null;
  const immutable = path.startsWith(`${HASHED_FOLDER}/`);
  const [brotli, gzipped] = await Promise.all(
    [".br", ".gz"].map((end) => readFile(join(folder, path + end)).catch(none)),
  );
  return [addressOf(path), await pageFile(bytes, { extension: extensionOf(path), immutable, brotli, gzip: gzipped })];
}

function none(): undefined {
  return undefined;
}

/** What is known of a file before it is served. */
interface PageFacts {
  /** Without the dot. */
  readonly extension: string;
  readonly immutable: boolean;
  /** The same bytes compressed; undefined: not yet. */
  readonly brotli: Uint8Array | undefined;
  readonly gzip: Uint8Array | undefined;
}

/** Makes a file ready to be served. Keeps the bytes. */
async function pageFile(bytes: Uint8Array, facts: PageFacts): Promise<PageFile> {
  const { extension, immutable } = facts;
  const params = { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY };
  const brotli = facts.brotli ?? (await promisify(brotliCompress)(bytes, { params }));
  const gzipped = facts.gzip ?? (await promisify(gzip)(bytes));
  const smaller = (coded: Uint8Array) => (coded.byteLength < bytes.byteLength ? coded : null);
  return {
    bytes,
    type: TYPES.get(extension) ?? "application/octet-stream",
    etag: `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`,
    immutable,
    brotli: smaller(brotli),
    gzip: smaller(gzipped),
  };
}

function addressOf(path: string): string {
  if (path === "index.html") return "/";
  return `/${path.endsWith(".html") ? path.slice(0, -".html".length) : path}`;
}

function extensionOf(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1).toLowerCase();
}
