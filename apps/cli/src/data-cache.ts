import { existsSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import type { KnownDataset } from "./known-datasets.ts";

/**
 * Where fetched datasets lie: `tributary` in the folder for caches, which is XDG_CACHE_HOME or `.cache` in the home folder.
 * Source: XDG Base Directory Specification 0.8; a relative XDG_CACHE_HOME is to be ignored.
 */
export function cacheFolder(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  const base = environment.XDG_CACHE_HOME;
  return join(base !== undefined && isAbsolute(base) ? base : join(homedir(), ".cache"), "tributary", "data");
}

/** What a dataset leaves in its folder once it is fetched. */
export function keptFiles(dataset: KnownDataset): readonly { readonly name: string; readonly bytes: number }[] {
  return dataset.members ?? dataset.files;
}

/** Whether all of a dataset is in its folder. Hashes were checked when it was fetched; here sizes are enough. */
export function isFetched(dataset: KnownDataset, folder: string): boolean {
  return keptFiles(dataset).every(({ name, bytes }) => hasSize(join(folder, name), bytes));
}

/** Whether there is a file of so many bytes. */
export function hasSize(path: string, bytes: number): boolean {
  return existsSync(path) && statSync(path).size === bytes;
}
