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

/** A tenth of the time that the best takes, for some 5% more bytes: a run is to start soon. */
const BROTLI_QUALITY = 5;

/**
 * Reads a folder of built pages into memory: `index.html` becomes "/", `NAME.html` "/NAME", the rest keeps its path. Only files of known
 * types in the folder and in its `assets` are taken; names that begin with a dot are not.
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
  return [addressOf(path), await pageFile(bytes, extensionOf(path), path.startsWith(`${HASHED_FOLDER}/`))];
}

/** Makes a file ready to be served. Keeps the bytes. @param extension without the dot */
export async function pageFile(bytes: Uint8Array, extension: string, immutable: boolean): Promise<PageFile> {
  const brotli = await promisify(brotliCompress)(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY },
  });
  const gzipped = await promisify(gzip)(bytes);
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
