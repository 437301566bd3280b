import type { Browser, BrowserContextOptions } from "playwright";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findChromium, startBrowser } from "../tabs/browser-tabs.ts";
import type { FakeRunOptions } from "./fake-run.ts";
import { DESKTOP, openDashboard, PHONE, seriousFindings, type WatchedPageOptions } from "./watched-page.ts";

const chromium = findChromium("the dashboard is not tested in a browser");

let browser: Browser | undefined;

beforeAll(async () => {
  if (chromium !== undefined) browser = await startBrowser(chromium);
});

afterAll(() => browser?.close());

function opened(options?: WatchedPageOptions) {
  if (browser === undefined) throw new Error("No browser was started");
  return openDashboard(browser, options);
}

const LOOKS: readonly (readonly [name: string, context: BrowserContextOptions])[] = [
  ["light on a desktop", { viewport: DESKTOP, colorScheme: "light" }],
  ["dark on a desktop", { viewport: DESKTOP, colorScheme: "dark" }],
  ["light at 360 px", { viewport: PHONE, colorScheme: "light" }],
  ["dark at 360 px", { viewport: PHONE, colorScheme: "dark" }],
];

const STATES: readonly (readonly [name: string, run: FakeRunOptions])[] = [
  ["before anybody has joined", { workers: 0, stepsDone: 0 }],
  ["with thirty workers, for somebody who may only look", { workers: 30, role: "viewer" }],
  ["of a model of text without test data", { isText: true, hasTest: false, workers: 1 }],
  ["when the run is over", { state: "finished", stepsDone: 785, outcome: "stopped on the dashboard" }],
];

describe.runIf(chromium !== undefined)("the dashboard is for everybody", () => {
  it.each(LOOKS)("axe-core finds nothing serious: %s", async (_name, context) => {
    const { page } = await opened({ context });
    for (const details of await page.locator("details").all()) await details.locator("summary").click();
    await page.locator("#inside").scrollIntoViewIfNeeded();
    await page.locator(".layer").first().waitFor();
    await page.getByRole("button", { name: "7 taken for 1" }).click();
    await page.locator(".sample").first().waitFor();
    expect(await seriousFindings(page)).toEqual([]);
  });

  it.each(STATES)("axe-core finds nothing serious, nor does the page break: %s", async (_name, run) => {
    const { page, errors } = await opened({ run, context: { viewport: PHONE, colorScheme: "dark" } });
    expect(await seriousFindings(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(PHONE.width);
    expect(errors).toEqual([]);
  });

  it("nothing is wider than the window, however wide it is and however long a name", async () => {
    const long = "w".repeat(32);
    const { page } = await opened({ run: { workers: 12, name: long, workerNames: [long] } });
    const sideways: string[] = [];
    for (const width of [320, 480, 736, 960, 1_088, 1_200, 1_280, 1_440, 1_920]) {
      await page.setViewportSize({ width, height: 800 });
      const content = await page.evaluate(() => document.documentElement.scrollWidth);
      if (content > width) sideways.push(`${content} in ${width}`);
    }
    expect(sideways).toEqual([]);
  });

  it("the confusion matrix is walked with the arrow keys, and Enter shows the samples of a cell", async () => {
    const { page } = await opened();
    await page.getByRole("button", { name: "0 taken for 0" }).focus();
    for (const key of ["ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight", "Enter"]) await page.keyboard.press(key);
    const samples = page.getByRole("region", { name: "Class 2, taken for what it is" });
    await samples
      .getByRole("button", { name: /Test sample \d+, taken for 2/ })
      .first()
      .waitFor();
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement?.closest(".matrix"))).toBeNull();
  });

  it("a test sample stands in for a drawing where there is no pointer", async () => {
    const { page, run } = await opened();
    await page.getByRole("spinbutton", { name: "Or test sample" }).fill("3");
    await page.keyboard.press("Enter");
    const seen = page.locator(".drawing-seen canvas");
    await seen.waitFor();
    const pixels = await seen.evaluate((canvas: HTMLCanvasElement) => [
      ...(canvas.getContext("2d")?.getImageData(0, 0, 28, 28).data ?? []),
    ]);
    const red = pixels.filter((_, index) => index % 4 === 0);
    expect(red).toEqual([...run.digits.inputs.subarray(3 * 784, 4 * 784)]);
    await page.locator(".guess").waitFor();
  });

  it("nothing moves by itself for people who asked for that", async () => {
    const { page } = await opened({ context: { reducedMotion: "reduce" } });
    await page.locator("#inside").scrollIntoViewIfNeeded();
    await page.locator(".layer").first().waitFor();
    const follow = page.getByRole("button", { name: "Follow live" });
    expect(await follow.getAttribute("aria-pressed")).toBe("false");
    await follow.click();
    expect(await follow.getAttribute("aria-pressed")).toBe("true");
  });

  it("two hundred workers scroll by themselves, and what stands below them stays in reach", async () => {
    const { page } = await opened({ run: { workers: 200, workerNames: ["w".repeat(64), "Kim"] } });
    await page.getByRole("button", { name: /^Show \d+ more/ }).click();
    const all = page.getByRole("region", { name: "All workers" });
    await all.waitFor();
    expect(await page.locator(".workers tbody tr").count()).toBe(200);
    const height = (await all.boundingBox())?.height ?? Number.POSITIVE_INFINITY;
    expect(height).toBeLessThanOrEqual(0.8 * DESKTOP.height);
    expect(await seriousFindings(page)).toEqual([]);
  });

  it("classes go by their names where the run's data has names", async () => {
    const classNames = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    const { page } = await opened({ run: { classNames } });
    await page.getByText("Most often seven is taken for one: 11 times.").waitFor();
    await page.getByRole("button", { name: "seven taken for one: 11" }).click();
    await page.getByRole("region", { name: "Class seven, taken for one" }).waitFor();
    await page.getByRole("spinbutton", { name: "Or test sample" }).fill("3");
    await page.keyboard.press("Enter");
    expect(classNames).toContain(await page.locator(".guess").textContent());
    expect(await seriousFindings(page)).toEqual([]);
  });

  it("the curve is there as a table too", async () => {
    const { page, run } = await opened();
    await page.getByText("Loss as a table").click();
    const rows = page.getByRole("table", { name: "Loss over the steps" }).getByRole("row");
    await rows.first().waitFor();
    expect(await rows.last().textContent()).toContain(run.step.toString());
  });
});

describe.runIf(chromium !== undefined)("the dashboard is safe", () => {
  it("asks nothing of any other place, and holds its policy: no inline code or style, Trusted Types", async () => {
    const { page, errors, requests, coordinator } = await opened({ advance: true });
    await page.locator("#inside").scrollIntoViewIfNeeded();
    await page.locator(".layer").first().waitFor();
    const { host } = new URL(coordinator.url);
    expect(requests.filter((url) => new URL(url).host !== host)).toEqual([]);
    expect(requests).toContain(`ws://${host}/watch`);
    expect(errors).toEqual([]);
  });

  it("shows markup in names as the text that it is", async () => {
    const markup = "<img src=x onerror=document.title='run'>";
    const { page, errors } = await opened({ run: { name: markup, workerNames: [markup] } });
    await page.getByRole("rowheader", { name: markup }).first().waitFor();
    expect(await page.locator("img").count()).toBe(0);
    expect(await page.title()).toBe(`${markup} · Tributary`);
    expect(errors).toEqual([]);
  });

  it("takes the token out of the address bar, and keeps it for the tab alone", async () => {
    const { page, coordinator } = await opened();
    expect(page.url()).toBe(coordinator.url);
    expect(coordinator.offered).toContain("t.admin-token");
    await page.reload();
    await page.getByRole("heading", { level: 1 }).waitFor();
    expect(coordinator.offered.filter((name) => name === "t.admin-token").length).toBe(2);
    expect(await page.evaluate(() => localStorage.length)).toBe(0);
  });

  it("takes a link with a token that is pasted over its own, and leaves links within the page alone", async () => {
    const { page, coordinator } = await opened({ fragment: "" });
    await page.goto(`${coordinator.url}#main`);
    await page.goto(`${coordinator.url}#a=pasted-token`);
    await expect.poll(() => coordinator.offered.includes("t.pasted-token"), { timeout: 120_000 }).toBe(true);
    // The socket of the first visit, and that of the second.
    expect(coordinator.offered.filter((name) => name.startsWith("tributary-watch")).length).toBe(2);
  });
});

describe.runIf(chromium !== undefined)("the dashboard steers", () => {
  it("pauses, and resumes", async () => {
    const { page } = await opened();
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByRole("button", { name: "Resume" }).click();
    await page.getByRole("button", { name: "Pause" }).waitFor();
  });

  it("asks before it stops the run", async () => {
    const { page, run } = await opened();
    await page.getByRole("button", { name: "Stop", exact: true }).click();
    await page.getByRole("button", { name: "Keep training" }).click();
    expect(run.state).toBe("running");
    await page.getByRole("button", { name: "Stop", exact: true }).click();
    await page.getByRole("button", { name: "Stop the run" }).click();
    await page.getByText("Finished", { exact: true }).waitFor();
    expect(run.state).toBe("finished");
  });

  it("sets the learning rate's factor, with the keyboard alone, after a look at what was typed", async () => {
    const { page, run, errors } = await opened();
    await page.getByRole("button", { name: "Learning rate × 1", exact: true }).focus();
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: "Learning rate" });
    await dialog.getByText("At present: × 1.").waitFor();
    const factor = dialog.getByRole("textbox", { name: "Factor" });
    await factor.focus();
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.type("-3");
    await page.keyboard.press("Enter");
    await dialog.getByText("Give a number above 0").waitFor();
    expect(await factor.getAttribute("aria-invalid")).toBe("true");
    expect(await seriousFindings(page)).toEqual([]);
    expect(run.learningRateFactor).toBe(1);
    await dialog.getByRole("button", { name: "As scheduled" }).press("Enter");
    await dialog.getByRole("button", { name: "÷ 2" }).press("Enter");
    await factor.press("Enter");
    await page.getByRole("button", { name: "Learning rate × 0.5", exact: true }).waitFor();
    await page.getByText("The learning rate is another one from the next update on").waitFor();
    expect([run.learningRateFactor, await dialog.count()]).toEqual([0.5, 0]);
    expect(errors).toEqual([]);
  });

  it("tells who may only look how to get the token", async () => {
    const { page, run } = await opened({ run: { role: "viewer" }, fragment: "" });
    await page.getByRole("button", { name: "Pause" }).click({ force: true });
    await page.getByText("Steering takes the admin token").waitFor();
    expect(run.state).toBe("running");
  });
});

describe.runIf(chromium !== undefined)("the dashboard is live", () => {
  it("says when the connection is lost, keeps the curves, and comes back", async () => {
    const { page, coordinator, run } = await opened();
    coordinator.refuse();
    await page.getByText("The connection to the coordinator is lost").waitFor();
    expect(await page.locator("#curves canvas").count()).toBe(2);
    run.step += 30;
    coordinator.accept();
    await page.getByText("The connection to the coordinator is lost").waitFor({ state: "detached" });
    await page.getByText(`step ${run.step} of`).waitFor();
  });

  it("shows no answer of before for what is asked while there is no connection", async () => {
    const { page, coordinator } = await opened();
    await page.locator("#inside").scrollIntoViewIfNeeded();
    await page.locator(".layer").first().waitFor();
    await page.getByRole("button", { name: "7 taken for 1" }).click();
    await page.locator(".sample").first().waitFor();
    coordinator.refuse();
    await page.getByText("The connection to the coordinator is lost").waitFor();
    const none = "There is no connection to the coordinator that could be asked.";
    expect(await page.locator(".layer").count()).toBe(12);
    await page.locator(".sample").nth(1).click();
    await page.locator("#inside").getByText(none).waitFor();
    await page.getByRole("button", { name: "0 taken for 0" }).click();
    await page.getByRole("region", { name: "Class 0, taken for what it is" }).getByText(none).waitFor();
    await page.locator("#drawing").getByText(none).waitFor();
  });

  it("answers to a drawing after each stroke", async () => {
    const { page } = await opened();
    const pad = page.locator(".draw-pad");
    await pad.scrollIntoViewIfNeeded();
    const box = await pad.boundingBox();
    if (box === null) throw new Error("The pad is not on the page");
    const at = (x: number, y: number) => [box.x + x * box.width, box.y + y * box.height] as const;
    await page.mouse.move(...at(0.5, 0.2));
    await page.mouse.down();
    await page.mouse.move(...at(0.5, 0.8), { steps: 5 });
    await page.mouse.up();
    await page.locator("#drawing .probabilities .best").waitFor();
    // The stroke is upright: its picture is 20 pixels high, in the middle of the 28.
    const rows = await page.locator(".drawing-seen canvas").evaluate((canvas: HTMLCanvasElement) => {
      const { data } = canvas.getContext("2d")?.getImageData(0, 0, 28, 28) ?? { data: [] };
      return Array.from({ length: 28 }, (_, y) =>
        Math.max(...Array.from({ length: 28 }, (__, x) => data[4 * (28 * y + x)] ?? 0)),
      );
    });
    expect(rows.map((most) => (most > 20 ? "#" : ".")).join("")).toBe(`....${"#".repeat(20)}....`);
  });

  it("follows a sample as the network learns", async () => {
    const { page } = await opened({ advance: true });
    await page.locator("#inside").scrollIntoViewIfNeeded();
    const words = page.locator(".inside-sample p");
    const first = await words.textContent();
    await expect.poll(() => words.textContent(), { timeout: 120_000 }).not.toBe(first);
  });

  it("sorts the table of workers by what is pressed", async () => {
    const { page } = await opened({ run: { workers: 6 } });
    const fastest = page.locator(".workers tbody tr").first();
    await page.getByRole("button", { name: "Samples/s" }).click();
    expect(await fastest.textContent()).toContain("Ana laptop");
    await page.getByRole("button", { name: "Samples/s" }).click();
    expect(await fastest.textContent()).toContain("iPad second row");
    expect(await page.locator("th[aria-sort]").getAttribute("aria-sort")).toBe("ascending");
  });
});
