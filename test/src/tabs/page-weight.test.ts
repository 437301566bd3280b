import { traceRun } from "@tributary/training";
import { describe, expect, it } from "vitest";
import small from "../running/small.run.ts";
import { findChromium, JoinTab, launchBrowser } from "./browser-tabs.ts";
import { startWithPages } from "./coordinated.ts";
import { countTransfers, type Transfer } from "./transfers.ts";

const chromium = findChromium("what the join page weighs in a browser");
const traced = await traceRun(small);

/** A name from which plain http is no secure context: from there, browsers take gzip at best. */
const STRANGE_NAME = "lan.example";

/** Bytes of all answers, headers included, until the join page asks for consent. */
const OPENING_BYTES_MAX = 30_000;

/** Bytes of all of the page's files, headers included (about 1 kB an answer), until the tab trains. */
const TRAINING_BYTES_MAX = { gpu: 122_000, processor: 114_000, processorByGzip: 133_000 };

function bytesOf(transfers: readonly Transfer[]): number {
  return transfers.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Answers with the page and its files. The others are the run's: programs, shards, what it is called. */
function pageFiles(transfers: readonly Transfer[]): readonly Transfer[] {
  return transfers.filter(({ path }) => path === "/join" || path.startsWith("/assets/"));
}

describe.skipIf(chromium === undefined)("a tab loads little", () => {
  const cases = [
    {
      how: "for a GPU",
      coding: "br",
      parts: ["gpu", "main"],
      most: TRAINING_BYTES_MAX.gpu,
      browser: { swiftShader: true },
      tab: { backend: "webgpu" },
    },
    {
      how: "for the processor",
      coding: "br",
      parts: ["main", "processor"],
      most: TRAINING_BYTES_MAX.processor,
      browser: {},
      tab: {},
    },
    {
      how: "for the processor, over plain http",
      coding: "gzip",
      parts: ["main", "processor"],
      most: TRAINING_BYTES_MAX.processorByGzip,
      browser: { strangeName: STRANGE_NAME },
      tab: {},
    },
  ] as const;

  it.each(cases)("$how", async ({ coding, parts, most, browser: options, tab: tabOptions }) => {
    const { joinUrl, url } = await startWithPages({ run: traced, token: "to_ken-1", names: [STRANGE_NAME] });
    const transfers = countTransfers(Number(new URL(url).port));
    const host = "strangeName" in options ? options.strangeName : "127.0.0.1";
    const link = joinUrl.replace(/127\.0\.0\.1|localhost|lan\.example/, host);
    const tab = await JoinTab.open(await launchBrowser(chromium ?? "", options), link, tabOptions);
    expect(pageFiles(transfers).length).toBeGreaterThan(4);
    expect(bytesOf(transfers)).toBeLessThan(OPENING_BYTES_MAX);

    await tab.start();
    await tab.untilContributed();
    const files = pageFiles(transfers);
    for (const { accepted } of files) expect(accepted.split(/[,;]\s*/).includes("br") ? "br" : "gzip").toBe(coding);
    const scripts = files.flatMap(({ path }) => /\/(main|gpu|processor|open)-/.exec(path)?.[1] ?? []);
    expect([...new Set(scripts)].sort()).toEqual(parts);
    expect(bytesOf(files)).toBeLessThan(most);
  });
});
