import { setTimeout as wait } from "node:timers/promises";
import type { RunEvent } from "@tributary/program";
import { traceRun } from "@tributary/training";
import type { Browser } from "playwright";
import { describe, expect, it } from "vitest";
import { Command } from "../running/command.ts";
import { expectEverySampleOnce, readRecord } from "../running/run-record.ts";
import { temporaryFolder } from "../running/temporary-folder.ts";
import { findChromium, JoinTab, launchBrowser } from "./browser-tabs.ts";
import { startWithPages, untilEvent } from "./coordinated.ts";
import images from "./image.run.ts";

const chromium = findChromium("the test of a tab that is stopped");
const TRAIN_SAMPLES = 4_000;
/** How long the tab stands still. */
const STOPPED_MILLISECONDS = 30_000;
const LOOK_AGAIN_MILLISECONDS = 5;

/** The processes that run the pages of a browser. */
async function pageProcesses(browser: Browser): Promise<number[]> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  return processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
}

describe.skipIf(chromium === undefined)("a tab whose process is stopped, as a phone's is in a pocket", () => {
  it("holds up no step beyond its lease's deadline, and is in again with the first thing it says", async () => {
    const coordinator = await startWithPages({ run: await traceRun(images) });
    const browser = await launchBrowser(chromium ?? "", { swiftShader: true });
    const tab = await JoinTab.open(browser, coordinator.joinUrl, { backend: "webgpu" });
    await tab.page.getByLabel("Name of this device").fill("pocket");
    await tab.start();
    const folder = await temporaryFolder();
    const process_ = Command.start(
      ["join", coordinator.joinUrl, "--json", "--backend", "wasm", "--name", "here"],
      folder,
    );
    await tab.untilContributed(4);
    const { worker } = await tab.facts();

    const signal = async (name: "SIGSTOP" | "SIGCONT"): Promise<void> => {
      for (const id of processes) process.kill(id, name);
    };
    const processes = await pageProcesses(browser);
    const stopped = coordinator.events.length;
    const begun = Date.now();
    await signal("SIGSTOP");
    // A lease is in its hands, or soon comes there: the step waits for it, until its deadline, and goes on without it.
    while (!/ pocket, [\d.]+ s so far/.test(coordinator.describe())) await wait(LOOK_AGAIN_MILLISECONDS);
    const isReissued = (event: RunEvent) => event.event === "reissued" && event.from === worker;
    await untilEvent(coordinator, isReissued, stopped);
    const { step } = lastStep(coordinator.events);
    await untilEvent(coordinator, (event) => event.event === "step" && event.step >= step + 20, stopped);
    await wait(Math.max(0, STOPPED_MILLISECONDS - (Date.now() - begun)));

    const awake = coordinator.events.length;
    const { step: before } = lastStep(coordinator.events);
    await signal("SIGCONT");
    await tab.untilContributed(2);
    const { worker: same } = await tab.facts();
    const joins = coordinator.events
      .slice(awake)
      .filter((event) => event.event === "worker" && event.state === "joined");
    expect(joins.length).toBeLessThanOrEqual(1);
    coordinator.stop("Enough was seen");
    await coordinator.finished;
    expect((await process_.ended).code).toBe(0);
    const record = await readRecord(coordinator.folder);
    expectEverySampleOnce(record, TRAIN_SAMPLES, false);
    const late = record.filter((entry) => entry.step > before).flatMap(({ commits }) => commits);
    expect(late.map(({ worker: id }) => id)).toContain(same);
  });
});

function lastStep(events: readonly { readonly event: string }[]): { readonly step: number } {
  const last = events.findLast((event) => event.event === "step");
  return { step: last !== undefined && "step" in last ? Number(last.step) : 0 };
}
