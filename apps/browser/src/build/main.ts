import { ensurePages } from "./pages.ts";

// `node apps/browser/src/build/main.ts`: builds the pages when they have changed; words go to standard error.
try {
  await ensurePages((text) => process.stderr.write(`${text}\n`));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
