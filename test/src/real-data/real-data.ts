import { existsSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../running/command.ts";

/** The real data are no part of the repository; they may lie beside it. */
const DATA = join(ROOT, "..", "shared", "data");

/** Path of real data beside the repository; undefined, and loudly, where they are not. */
export function realData(name: string, purpose: string): string | undefined {
  const path = join(DATA, name);
  if (existsSync(path)) return path;
  process.stderr.write(`\n*** SKIPPED: ${purpose}, because there is no ${path}\n\n`);
  return undefined;
}
