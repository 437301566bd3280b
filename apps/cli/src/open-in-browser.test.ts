import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openInBrowser } from "./open-in-browser.ts";

describe("openInBrowser", () => {
  const path = process.env.PATH;
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "tributary-opener-"));
    // Stands in for the system's opener: writes down what it was given.
    for (const name of ["xdg-open", "open"]) {
      await writeFile(
        join(folder, name),
        `#!/bin/sh\necho "$1" > "${folder}/given.new" && mv "${folder}/given.new" "${folder}/given"\n`,
      );
      await chmod(join(folder, name), 0o755);
    }
    process.env.PATH = `${folder}${delimiter}${path}`;
  });

  afterEach(async () => {
    process.env.PATH = path;
    await rm(folder, { recursive: true, force: true });
  });

  async function given(): Promise<string> {
    for (;;) {
      const text = await readFile(join(folder, "given"), "utf8").catch(() => null);
      if (text !== null) return text.trim();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  it("[security] gives the command a file that only this user can read, and the secret only in it; the file goes with the run", async () => {
    const close = await openInBrowser("http://127.0.0.1:1234/#a=secret");
    const address = await given();
    expect(address).toMatch(/^file:\/\/.*\/dashboard\.html$/);
    const file = fileURLToPath(address);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, "utf8")).toContain('content="0; url=http://127.0.0.1:1234/#a=secret"');
    await close();
    await expect(stat(file)).rejects.toThrow("ENOENT");
  });
});
