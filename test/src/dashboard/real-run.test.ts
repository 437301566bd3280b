import { runNodeWorker } from "@tributary/node-worker";
import { traceRun } from "@tributary/training";
import type { Browser, Page } from "playwright";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { findChromium, startBrowser } from "../tabs/browser-tabs.ts";
import { startWithPages } from "../tabs/coordinated.ts";
import images from "../tabs/image.run.ts";
import { DESKTOP, PAGE_MILLISECONDS } from "./watched-page.ts";

/** A test never fails because a machine is slow. */
const PATIENCE = { timeout: PAGE_MILLISECONDS };

const chromium = findChromium("the dashboard of a real run is not tested");

let browser: Browser | undefined;

beforeAll(async () => {
  if (chromium !== undefined) browser = await startBrowser(chromium);
});

afterAll(() => browser?.close());

/** A page, and what went wrong in it. */
async function pageAt(url: string): Promise<{ readonly page: Page; readonly errors: readonly string[] }> {
  if (browser === undefined) throw new Error("No browser was started");
  const context = await browser.newContext({ viewport: DESKTOP });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(PAGE_MILLISECONDS);
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  await page.goto(url);
  return { page, errors };
}

describe.runIf(chromium !== undefined)("the dashboard of a real run", () => {
  it("shows it while a worker computes, looks inside, and steers it to its end", async () => {
    const run = await traceRun(images);
    const coordinator = await startWithPages({ run, token: "let-me-in" });
    const worker = runNodeWorker({ url: coordinator.joinUrl, name: "atelier", backend: "wasm" });
    const { page, errors } = await pageAt(coordinator.dashboardUrl);

    await page.getByRole("rowheader", { name: "atelier" }).waitFor();
    await page.getByRole("img", { name: /Loss in training: \d/ }).waitFor();
    await page.locator("#inside").scrollIntoViewIfNeeded();
    await page
      .getByRole("img", { name: /Conv2d: 6 feature maps of 28 by 28/ })
      .first()
      .waitFor();
    await page.getByRole("spinbutton", { name: "Or test sample" }).fill("7");
    await page.keyboard.press("Enter");
    await page.locator("#drawing .guess").waitFor();

    const state = page.locator(".run-title .badge");
    await page.getByRole("button", { name: "Pause" }).click();
    await expect.poll(() => state.textContent(), PATIENCE).toBe("Paused");
    await page.getByRole("button", { name: "Resume" }).click();
    await expect.poll(() => state.textContent(), PATIENCE).not.toBe("Paused");
    await page.getByRole("button", { name: "Stop", exact: true }).click();
    await page.getByRole("button", { name: "Stop the run" }).click();
    expect((await coordinator.finished).outcome).toBe("stopped");
    expect((await worker).reason).toBe("finished");
    await page.getByText("Finished", { exact: true }).waitFor();
    expect(await page.locator("#curves canvas").count()).toBe(2);
    // The connection ends with the coordinator, which a browser tells as an error of the network; the page then asks why.
    const ofTheEnd = /WebSocket connection|Failed to load resource: net::/;
    expect(errors.filter((text) => !ofTheEnd.test(text))).toEqual([]);
  });

  it("lets the join token look, and not steer", async () => {
    const coordinator = await startWithPages({ run: await traceRun(images), token: "let-me-in" });
    const { page } = await pageAt(`${coordinator.url}/#t=let-me-in`);
    await page.getByText("Waiting for workers").waitFor();
    await page.getByRole("button", { name: "Checkpoint" }).click({ force: true });
    await page.getByText("Steering takes the admin token").waitFor();
  });

  it("says what to do when the link has no token, or a wrong one", async () => {
    const coordinator = await startWithPages({ run: await traceRun(images), token: "let-me-in" });
    const wrong = await pageAt(`${coordinator.url}/#t=wrong`);
    await wrong.page.getByText("The coordinator does not know the token of this link").waitFor();
    const missing = await pageAt(coordinator.url);
    await missing.page.getByText("Watching this run takes a token").waitFor();
  });
});
