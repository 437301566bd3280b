import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compressFiles } from "./compressed-files.ts";

const APP = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const ROOT = dirname(dirname(APP));

/** Folder of the built pages: index.html (dashboard), join.html and assets/, each file with NAME.br and NAME.gz beside it. There after {@link ensurePages}. */
export const PAGES_FOLDER: string = join(APP, "dist");

/** Beside the pages: what they were built from. */
const STAMP = join(PAGES_FOLDER, ".sources");

/** Made and removed as a whole, so that two processes do not build at once. */
const LOCK = join(APP, "node_modules", ".building");

/** The process that builds. */
const LOCK_OWNER = join(LOCK, "owner");

/** Milliseconds after which a lock is taken for the leftover of a process that was killed. */
const LOCK_MILLISECONDS_MAX = 120_000;

/** Milliseconds between two looks at a lock. */
const LOCK_LOOK_MILLISECONDS = 100;

/** Files and folders that go into the pages. */
const SOURCES = [
  "apps/browser/src",
  "apps/browser/index.html",
  "apps/browser/join.html",
  "apps/browser/vite.config.ts",
  "apps/browser/package.json",
  ...["data", "kernels", "program", "protocol", "worker"].map((name) => `packages/${name}/src`),
];

function filesBelow(path: string): string[] {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesBelow(join(path, name)));
}

/** SHA-256 of everything the pages are built from: names and bytes. */
function sourcesHash(): string {
  const hash = createHash("sha256");
  for (const file of SOURCES.flatMap((source) => filesBelow(join(ROOT, source)))) {
    if (/\.test\.tsx?$/.test(file)) continue;
    hash.update(file.slice(ROOT.length)).update("\0").update(readFileSync(file)).update("\0");
  }
  return hash.digest("hex");
}

function isBuiltFrom(hash: string): boolean {
  return existsSync(STAMP) && readFileSync(STAMP, "utf8") === hash;
}

/**
 * Builds the dashboard and the join page, unless they are there and nothing has changed. Several processes may ask at once.
 * @param say hears one line for people when there is something to do
 * @returns the folder of the pages
 * @throws Error when the build fails; its message holds the bundler's own words
 */
export async function ensurePages(say: (text: string) => void = () => {}): Promise<string> {
  if (isBuiltFrom(sourcesHash())) return PAGES_FOLDER;
  await takeLock();
  try {
    const hash = sourcesHash();
    if (!isBuiltFrom(hash)) await build(hash, say);
  } finally {
    rmSync(LOCK, { recursive: true, force: true });
  }
  return PAGES_FOLDER;
}

async function takeLock(): Promise<void> {
  mkdirSync(dirname(LOCK), { recursive: true });
  for (;;) {
    try {
      mkdirSync(LOCK);
      writeFileSync(LOCK_OWNER, String(process.pid));
      return;
    } catch {
      if (isLeftOver()) rmSync(LOCK, { recursive: true, force: true });
      else await new Promise((resolve) => setTimeout(resolve, LOCK_LOOK_MILLISECONDS));
    }
  }
}

/** Whether whoever took the lock is gone without giving it back. */
function isLeftOver(): boolean {
  const since = statSync(LOCK, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
  if (Date.now() - since > LOCK_MILLISECONDS_MAX) return true;
  try {
    const owner = Number(readFileSync(LOCK_OWNER, "utf8"));
    // Signal 0 asks whether there is such a process.
    return owner > 0 && !process.kill(owner, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ESRCH";
  }
}

/** In a process of its own, into a folder of its own, which then takes the place of the old one. */
async function build(hash: string, say: (text: string) => void): Promise<void> {
  const startMs = Date.now();
  say("Building the dashboard and the join page (once; again when they change) ...");
  const fresh = join(APP, "node_modules", ".pages-new");
  const vite = join(APP, "node_modules", "vite", "bin", "vite.js");
  const result = spawnSync(process.execPath, [vite, "build", "--outDir", fresh, "--emptyOutDir"], {
    cwd: APP,
    encoding: "utf8",
    env: { ...process.env, NODE_ENV: "production" },
  });
  if (result.status !== 0) {
    throw new Error(`The pages cannot be built: ${result.error?.message ?? ""}${result.stdout}${result.stderr}`);
  }
  await compressFiles(fresh);
  writeFileSync(join(fresh, ".sources"), hash);
  const old = join(APP, "node_modules", ".pages-old");
  rmSync(old, { recursive: true, force: true });
  if (existsSync(PAGES_FOLDER)) renameSync(PAGES_FOLDER, old);
  renameSync(fresh, PAGES_FOLDER);
  rmSync(old, { recursive: true, force: true });
  say(`Built in ${((Date.now() - startMs) / 1000).toFixed(1)} s.`);
}
