import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** How often, and after how many milliseconds, a folder is removed again into which a process that ends has still written. */
const AGAIN = { maxRetries: 20, retryDelay: 100 };

/** A new folder outside the repository, which goes with the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "tributary-test-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true, ...AGAIN }));
  return folder;
}
