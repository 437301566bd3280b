import { traceRun } from "@tributary/training";
import { describe, expect, it } from "vitest";
import small from "../running/small.run.ts";
import { findChromium, JoinTab, launchBrowser } from "./browser-tabs.ts";
import { startWithPages } from "./coordinated.ts";

const chromium = findChromium("a tab that cannot load all of its page");
const traced = await traceRun(small);

describe.skipIf(chromium === undefined)("a tab whose code for the processor cannot be loaded", () => {
  it.each([
    ["by the training thread", 0, "BROKEN_PAGE"],
    ["by its compute threads", 1, "THREAD_LOST"],
  ])("ends and says so: %s", async (_, loads, obstacle) => {
    const { joinUrl } = await startWithPages({ run: traced, token: "to_ken-1" });
    const browser = await launchBrowser(chromium ?? "");
    const context = await browser.newContext();
    let asked = 0;
    await context.route(/\/assets\/processor-/, (route) => {
      asked += 1;
      return asked > loads ? route.abort() : route.continue();
    });
    const tab = await JoinTab.open(browser, joinUrl, { context });
    await tab.press("Start");
    await tab.until(["ended"]);
    expect((await tab.facts()).obstacles).toContain(obstacle);
    expect(await tab.page.getByRole("alert").textContent()).toContain("/assets/processor-");
    expect(asked).toBeGreaterThan(loads);
  });
});
