import { traceRun } from "@tributary/training";
import { describe, expect, it } from "vitest";
import small from "../running/small.run.ts";
import { findChromium, JoinTab, launchBrowser } from "./browser-tabs.ts";
import { startWithPages } from "./coordinated.ts";

const chromium = findChromium("tests of the join page in a browser");
const TOKEN = "to_ken-1";
const traced = await traceRun(small);

/** Names of the states that workers were in, as the coordinator told them. */
function workerStates(events: readonly { readonly event: string }[]): string[] {
  return events.flatMap((event) => ("state" in event && typeof event.state === "string" ? [event.state] : []));
}

/** Files in the browser's private storage that are named by a hash: programs, the manifest, shards. */
function keptBlobs(tab: JoinTab): Promise<number> {
  return tab.page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle("tributary-blobs");
    let count = 0;
    for await (const [name] of folder.entries()) if (/^[0-9a-f]{64}$/.test(name)) count += 1;
    return count;
  });
}

describe.skipIf(chromium === undefined)("a tab that joins by the link", () => {
  const executable = chromium ?? "";

  it("computes nothing before Start, contributes, stands still and goes on, and stops", async () => {
    const { joinUrl, events } = await startWithPages({ run: traced, token: TOKEN });
    const tab = await JoinTab.open(await launchBrowser(executable), joinUrl);
    expect(await tab.page.getByRole("heading", { level: 1 }).textContent()).toBe("Join small");
    expect(await tab.page.getByText("small images (28 × 28 pixels)").count()).toBe(1);
    const dashboard = tab.page.getByRole("link", { name: "The run's dashboard" });
    expect(await dashboard.getAttribute("href")).toBe(`/#t=${TOKEN}`);
    expect(tab.page.workers()).toHaveLength(0);
    expect(workerStates(events)).toEqual([]);

    await tab.page.getByLabel("Name of this device").fill("Ada's phone");
    await tab.press("Start");
    expect(await tab.page.getByRole("alert").textContent()).toContain("letters, digits");
    await tab.page.getByLabel("Name of this device").fill("Adas phone");
    await tab.page.getByLabel("Threads of the processor").fill("2");
    await tab.start();
    await tab.untilContributed(3);
    expect(await tab.facts()).toMatchObject({ backend: "wasm", threads: 2, obstacles: ["NO_ADAPTER"] });
    expect(await tab.status()).toContain("Training");

    await tab.page.getByLabel("Threads of the processor").fill("1");
    await tab.untilFacts(({ threads, state }) => threads === 1 && state === "training");
    await tab.untilContributed();

    await tab.press("Pause");
    await tab.until(["paused"]);
    await expect.poll(() => workerStates(events)).toEqual(["joined", "left", "joined", "left"]);
    await tab.press("Go on");
    await tab.until(["training"]);
    await tab.untilContributed();

    await tab.press("Stop");
    await tab.until(["ended"]);
    await expect.poll(() => tab.page.workers().length).toBe(0);
    expect(tab.errors).toEqual([]);
    await expect.poll(() => workerStates(events)).toEqual(["joined", "left", "joined", "left", "joined", "left"]);
  });

  it("[J5] goes on by itself after it was loaded again or left and come back to, and stays paused if it was", async () => {
    const { joinUrl, url } = await startWithPages({ run: traced, token: TOKEN });
    const tab = await JoinTab.open(await launchBrowser(executable), joinUrl);
    await tab.page.getByLabel("Threads of the processor").fill("2");
    await tab.start();
    await tab.untilContributed();
    await tab.page.reload();
    await tab.untilContributed();
    // What was allowed before, not what a new page would take.
    expect((await tab.facts()).threads).toBe(2);
    expect(await keptBlobs(tab)).toBeGreaterThan(2);
    await tab.page.goto(url);
    await tab.page.goBack();
    await tab.untilContributed();
    await tab.press("Pause");
    await tab.until(["paused"]);
    await tab.page.reload();
    await tab.until(["paused"]);
    await tab.press("Go on");
    await tab.untilContributed();
    await tab.press("Stop");
    await tab.until(["ended"]);
    await tab.page.reload();
    await tab.until(["consent"]);
    await tab.page.waitForTimeout(1_000);
    expect((await tab.facts()).state).toBe("consent");
  });

  it("[E4] waits while there is no network, says so, and goes on when it is back", async () => {
    const { joinUrl, events } = await startWithPages({ run: traced, token: TOKEN });
    const tab = await JoinTab.open(await launchBrowser(executable), joinUrl);
    await tab.start();
    await tab.untilContributed();
    const network = tab.page.context();
    // The page hears of it before its thread has lost the network: one that was quicker still reaches the coordinator, and stays.
    await expect
      .poll(
        async () => {
          const { obstacles } = await tab.facts();
          if (!obstacles.includes("OFFLINE")) {
            await network.setOffline(false);
            await network.setOffline(true);
          }
          return obstacles;
        },
        { interval: 2_000 },
      )
      .toContain("OFFLINE");
    await network.setOffline(false);
    await tab.until(["training"]);
    await tab.untilContributed();
    expect((await tab.facts()).obstacles).not.toContain("OFFLINE");
    expect(workerStates(events).filter((state) => state === "joined").length).toBeGreaterThan(1);
  });

  it("stops when it is told to, in the middle of a fetch that does not end", async () => {
    const { joinUrl } = await startWithPages({ run: traced, token: TOKEN });
    const tab = await JoinTab.open(await launchBrowser(executable), joinUrl);
    // Answered by nobody: as of a coordinator whose machine fell asleep.
    await tab.page.context().route(/\/blobs\/(?!0{64})/, () => {});
    await tab.press("Start");
    await tab.until(["preparing"]);
    await tab.press("Stop");
    await tab.until(["ended"]);
    await expect.poll(() => tab.page.workers().length).toBe(0);
    expect((await tab.facts()).obstacles).toEqual(["NO_ADAPTER"]);
  });

  it("[J2] takes part in no other run than the one that a person saw, and shows what is trained instead", async () => {
    const before = await startWithPages({ run: traced, token: TOKEN });
    const tab = await JoinTab.open(await launchBrowser(executable), before.joinUrl);
    await tab.start();
    await tab.untilContributed();
    await before.kill();
    await tab.until(["waiting"]);
    const other = await traceRun({ ...small, name: "another" });
    const after = await startWithPages({ run: other, token: TOKEN, port: Number(new URL(before.url).port) });
    await tab.until(["ended"]);
    expect((await tab.facts()).obstacles).toContain("UNKNOWN_RUN");
    await tab.page.getByText("another, a network of").waitFor();
    expect(workerStates(after.events)).toEqual([]);
    await tab.press("Start again");
    await tab.untilContributed();
    expect(workerStates(after.events)).toEqual(["joined"]);
  });

  it("is told of another tab of the same browser, and takes over from it", async () => {
    const { joinUrl } = await startWithPages({ run: traced, token: TOKEN });
    const browser = await launchBrowser(executable);
    const context = await browser.newContext();
    const first = await JoinTab.open(browser, joinUrl, { context });
    await first.start();
    const second = await JoinTab.open(browser, joinUrl, { context });
    await second.untilFacts(({ obstacles }) => obstacles.includes("SECOND_TAB"));
    await second.press("Take over here");
    await second.untilContributed();
    await first.until(["ended"]);
    expect((await first.facts()).obstacles).toContain("TAKEN_OVER");
    // The first may now join again, beside the second.
    await first.untilFacts(({ obstacles }) => obstacles.includes("SECOND_TAB"));
    await first.press("Join as another worker");
    await first.untilContributed();
    await second.untilContributed();
    const third = await JoinTab.open(browser, joinUrl, { context });
    await third.untilFacts(({ obstacles }) => obstacles.includes("SECOND_TAB"));
    await first.page.close();
    await second.page.close();
    await third.untilFacts(({ obstacles }) => !obstacles.includes("SECOND_TAB"));
  });

  it.each([
    ["#t=wrong", "BAD_TOKEN"],
    [`#t=${TOKEN})`, "BAD_TOKEN"],
    ["", "NO_TOKEN"],
  ])("says what is wrong with a link that ends with %j", async (fragment, code) => {
    const { joinUrl } = await startWithPages({ run: traced, token: TOKEN });
    const link = `${joinUrl.split("#")[0]}${fragment}`;
    const tab = await JoinTab.open(await launchBrowser(executable), link);
    await tab.press("Start");
    await tab.until(["ended"]);
    expect((await tab.facts()).obstacles).toContain(code);
  });

  it("takes a whole link that is pasted over a broken one", async () => {
    const { joinUrl } = await startWithPages({ run: traced, token: TOKEN });
    const tab = await JoinTab.open(await launchBrowser(executable), joinUrl.split("#")[0] ?? "");
    await tab.press("Start");
    await tab.until(["ended"]);
    expect(await tab.status()).toContain("This device could not join");
    // Only the fragment differs, so that the browser by itself loads nothing again.
    await tab.page.goto(joinUrl);
    await tab.until(["consent"]);
    await tab.start();
    await tab.untilContributed();
  });

  it("computes without a secure context, says what is missing, and how to get it", async () => {
    const { joinUrl } = await startWithPages({ run: traced, token: TOKEN, names: ["lan.example"] });
    const browser = await launchBrowser(executable, { strangeName: "lan.example" });
    const tab = await JoinTab.open(browser, joinUrl.replace(/127\.0\.0\.1|localhost/, "lan.example"));
    expect(await tab.page.evaluate(() => [isSecureContext, crossOriginIsolated])).toEqual([false, false]);
    expect(await tab.page.getByText("ask your host for an https link").count()).toBe(1);
    await tab.page.getByLabel("Threads of the processor").fill("2");
    await tab.start();
    await tab.untilContributed(3);
    expect(await tab.facts()).toMatchObject({ backend: "wasm", threads: 2 });
    expect((await tab.facts()).obstacles).toEqual(
      expect.arrayContaining(["INSECURE_ADDRESS", "STORAGE_BLOCKED", "NO_WAKE_LOCK"]),
    );
    // What is only told stands below what the tab does.
    const notes = tab.page.getByRole("list", { name: "Notes" });
    expect(await notes.locator("[data-obstacle]").count()).toBe(2);
    expect(tab.errors.filter((error) => !error.startsWith("The Cross-Origin-Opener-Policy header"))).toEqual([]);
  });

  it("ends with the run, and thanks", async () => {
    const run = await traceRun({ ...small, epochs: 2 });
    const { joinUrl, finished } = await startWithPages({ run, token: TOKEN });
    const tab = await JoinTab.open(await launchBrowser(executable), joinUrl);
    await tab.press("Start");
    await tab.until(["ended"]);
    expect((await tab.facts()).obstacles).toContain("FINISHED");
    expect(await tab.status()).toContain("Thank you");
    expect(await tab.page.getByRole("region", { name: "What this device has done" }).count()).toBe(1);
    expect(await tab.page.getByRole("button", { name: /^Start/ }).count()).toBe(0);
    expect((await finished).outcome).toBe("finished");
  });
});
