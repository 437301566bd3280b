import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { traceRun } from "@tributary/training";
import type { Page } from "playwright";
import { describe, expect, it } from "vitest";
import small from "../running/small.run.ts";
import { findChromium, JoinTab, launchBrowser } from "./browser-tabs.ts";
import { startWithPages } from "./coordinated.ts";

const chromium = findChromium("tests of the join page's accessibility");
const AXE = readFileSync(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");
const traced = await traceRun(small);

/** What of axe's answer is looked at. */
interface AxeAnswer {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string | null;
    readonly nodes: readonly { readonly html: string }[];
  }[];
}

/** What axe-core calls serious or critical, as "rule: element". The page's policy lets no script in: the debugger does. */
async function seriousViolations(page: Page): Promise<string[]> {
  const session = await page.context().newCDPSession(page);
  const expression = `${AXE};axe.run(document)`;
  const { result } = await session.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
  await session.detach();
  const { violations }: AxeAnswer = result.value;
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

/** Whether something is wider than the window. */
function scrollsSideways(page: Page): Promise<boolean> {
  return page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
}

describe.skipIf(chromium === undefined)("the join page", () => {
  const executable = chromium ?? "";

  it.each([
    { colorScheme: "light", width: 1_280 },
    { colorScheme: "dark", width: 360 },
  ] as const)(
    "has nothing that axe-core calls serious, in $colorScheme at $width points, in any state",
    async (look) => {
      const coordinator = await startWithPages({ run: traced, token: "tok" });
      const browser = await launchBrowser(executable);
      const { colorScheme, width } = look;
      const context = await browser.newContext({ colorScheme, viewport: { width, height: 740 } });
      const tab = await JoinTab.open(browser, coordinator.joinUrl, { context });
      const found = new Map<string, readonly string[]>();
      const sideways: string[] = [];
      const check = async (state: string) => {
        found.set(state, await seriousViolations(tab.page));
        if (await scrollsSideways(tab.page)) sideways.push(state);
      };
      await check("consent");
      await tab.page.getByLabel("Name of this device").fill("<b>");
      await tab.press("Start");
      await check("a name that cannot be used");
      await tab.page.getByLabel("Name of this device").fill("Ada");
      await tab.start();
      await tab.untilContributed();
      await check("training");
      await tab.press("Pause");
      await tab.until(["paused"]);
      await check("paused");
      await tab.press("Go on");
      await tab.until(["training"]);
      coordinator.stop("over");
      await tab.until(["ended"]);
      await check("ended");
      expect(Object.fromEntries(found)).toEqual(Object.fromEntries([...found.keys()].map((state) => [state, []])));
      expect(sideways).toEqual([]);
    },
  );

  it("can be used with the keyboard alone, in the order in which it is read, and shows where it is", async () => {
    const { joinUrl } = await startWithPages({ run: traced, token: "tok" });
    const { page, ...tab } = await openedTab(joinUrl, executable);
    const focused = () =>
      page.evaluate(() => {
        const element = document.activeElement;
        const outline = element === null ? "none" : getComputedStyle(element).outlineStyle;
        return [element?.getAttribute("name") ?? element?.textContent ?? "", outline];
      });
    const order: (readonly string[])[] = [];
    for (let stop = 0; stop < 3; stop++) {
      await page.keyboard.press("Tab");
      order.push(await focused());
    }
    expect(order).toEqual([
      ["name", "solid"],
      ["threads", "solid"],
      ["Start", "solid"],
    ]);
    await page.keyboard.press("Enter");
    await tab.until(["training"]);
    await page.keyboard.press("Tab");
    expect((await focused())[0]).toBe("Pause");
    await page.keyboard.press("Space");
    await tab.until(["paused"]);
    expect((await focused())[0]).toBe("Go on");
    await page.keyboard.press("Enter");
    await tab.until(["training"]);
  });
});

async function openedTab(joinUrl: string, executable: string) {
  const tab = await JoinTab.open(await launchBrowser(executable), joinUrl);
  return { page: tab.page, until: (states: Parameters<JoinTab["until"]>[0]) => tab.until(states) };
}
