import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { cacheFolder } from "./data-cache.ts";
import { dataCommand, downloadLine } from "./data-command.ts";
import { CommandError } from "./errors.ts";

const folder = mkdtempSync(join(tmpdir(), "tributary-data-"));
afterAll(() => rmSync(folder, { recursive: true }));

const offline: typeof fetch = async () => {
  throw new TypeError("fetch failed", { cause: Object.assign(new Error("no name"), { code: "ENOTFOUND" }) });
};

/** What the command says, and the error that it ends with. */
async function run(words: string, options: { json?: boolean; quiet?: boolean } = {}) {
  const data: string[] = [];
  const spoken: string[] = [];
  let error: CommandError | undefined;
  const output = {
    data: (text: string) => void data.push(text),
    words: (text: string) => void spoken.push(text),
    columns: () => null,
    nowMs: () => 0,
  };
  const given = { lan: false, open: false, json: false, quiet: false, help: false, ...options };
  try {
    await dataCommand(words.split(" ").filter(Boolean), given, { output, fetch: offline, folder });
  } catch (thrown) {
    if (!(thrown instanceof CommandError)) throw thrown;
    error = thrown;
  }
  return { data: data.join(""), words: spoken.join(""), error };
}

describe("tributary data fetch", () => {
  it.each(["", "fetch", "mnist", "fetch mnist cifar-10", "get mnist"])(
    "refuses the words %j, and lists what there is",
    async (words) => {
      const { error } = await run(words);
      expect([error?.code, error?.exitCode]).toEqual(["USAGE", 2]);
      expect(error?.remedy).toContain("tiny-shakespeare: 1.1 million characters");
    },
  );

  it("guesses what was meant", async () => {
    expect((await run("fetch minst")).error?.remedy).toBe("Did you mean mnist?");
    expect((await run("fetch imagenet")).error?.remedy).toContain("Use one of");
  });

  it("says offline what to do, with exit code 4", async () => {
    const { error } = await run("fetch tiny-shakespeare");
    expect([error?.code, error?.exitCode]).toEqual(["CANNOT_FETCH", 4]);
    expect(error?.message).toBe("tiny-shakespeare cannot be fetched: raw.githubusercontent.com: ENOTFOUND");
    expect(error?.remedy).toContain(join(folder, "tiny-shakespeare"));
  });

  it("tells where the data is, in words or as JSON", async () => {
    const place = join(folder, "tiny-shakespeare");
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, "input.txt"), Buffer.alloc(1_115_394));
    expect((await run("fetch tiny-shakespeare")).words).toBe(
      `tiny-shakespeare was already in ${place}; use it with --data tiny-shakespeare\n`,
    );
    const { data, words } = await run("fetch tiny-shakespeare", { json: true });
    expect(JSON.parse(data)).toEqual({
      event: "fetched",
      name: "tiny-shakespeare",
      folder: place,
      files: ["input.txt"],
      bytes: 0,
    });
    expect(words).toBe("");
    expect(await run("fetch tiny-shakespeare", { quiet: true })).toMatchObject({ data: "", words: "" });
  });
});

describe("the line of a download", () => {
  it("has bar, share, megabytes, speed and time left", () => {
    expect(downloadLine("mnist", 2_500_000, 10_000_000, 1_500_000)).toBe(
      "mnist ━━━━━─────────────── 25% · 2.5 of 10.0 MB · 1.5 MB/s · 0:05 left",
    );
    expect(downloadLine("mnist", 0, 10_000_000, 0)).toBe("mnist ──────────────────── 0% · 0.0 of 10.0 MB");
  });
});

describe("the folder for fetched data", () => {
  it("follows XDG_CACHE_HOME when that is an absolute path", () => {
    expect(cacheFolder({ XDG_CACHE_HOME: "/caches" })).toBe(join("/caches", "tributary", "data"));
    const home = join(homedir(), ".cache", "tributary", "data");
    expect([cacheFolder({}), cacheFolder({ XDG_CACHE_HOME: "caches" })]).toEqual([home, home]);
  });
});
