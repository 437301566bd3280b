import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensurePages } from "@tributary/browser";
import { readPages, startCoordinator } from "@tributary/coordinator-app";
import { spawnNodeWorker } from "@tributary/node-worker";
import { traceRun } from "@tributary/training";
import type { Browser, Page } from "playwright";
import { findChromium, JoinTab, startBrowser } from "../tabs/browser-tabs.ts";
import images from "../tabs/image.run.ts";
import { savePicture } from "../tabs/picture-file.ts";

// `node test/src/dashboard/write-screenshots.ts`: photographs the dashboard for docs/pictures, in the middle of a real run with two Node
// workers and a tab. The join page's pictures are made by test/src/tabs/write-pictures.ts.

const DESKTOP = { width: 1_440, height: 1_100 };
const PHONE = { width: 360, height: 1_480 };
/** Every part of the page is seen at once, so that each is drawn and none is cut off. */
const TALL = { width: 1_440, height: 4_000 };

/** Epochs after which curves, matrix and activations have something to show. */
const EPOCHS = 5;
/** Seconds of throughput to show. */
const SECONDS = 20;

const executablePath = findChromium("pictures of the dashboard");
if (executablePath === undefined) process.exit(1);
const out = await mkdtemp(join(tmpdir(), "tributary-pictures-"));
const ready = Promise.withResolvers<void>();
const coordinator = await startCoordinator({
  run: await traceRun({ ...images, name: "digits", epochs: 60 }),
  out,
  codecs: ["float16"],
  pages: await readPages(await ensurePages()),
  onEvent: (event) => {
    if (event.event === "epoch" && event.epoch === EPOCHS) ready.resolve();
  },
});
const names = ["atelier", "lab 3"];
const workers = names.map((name) =>
  spawnNodeWorker({ url: coordinator.localJoinUrl, name, threads: 1, backend: "wasm" }),
);
const browser = await startBrowser(executablePath);
try {
  await photograph(browser);
} finally {
  await browser.close();
  for (const { child } of workers) child.kill();
  await coordinator.kill();
  await rm(out, { recursive: true, force: true });
}

async function photograph(from: Browser): Promise<void> {
  const started = Date.now();
  const context = await from.newContext();
  const tab = await JoinTab.open(from, coordinator.joinUrl, { context, backend: "wasm" });
  await tab.page.getByLabel("Name of this device").fill("Ada");
  await tab.start();
  const page = await from.newPage({ viewport: DESKTOP, colorScheme: "light" });
  await page.goto(coordinator.dashboardUrl);
  await ready.promise;
  await page.waitForTimeout(Math.max(0, 1_000 * SECONDS - (Date.now() - started)));
  for (const [name, viewport] of [["desktop", DESKTOP] as const, ["phone", PHONE] as const]) {
    await page.setViewportSize(viewport);
    for (const colorScheme of ["light", "dark"] as const) {
      await show(page, colorScheme);
      await savePicture(`dashboard-${name}-${colorScheme}`, page);
    }
  }
  await page.setViewportSize(TALL);
  await show(page, "light");
  await setLearningRate(page);
  await drawSeven(page);
  await page.locator("#inside .layer").first().waitFor();
  await page.locator("#confusion .sample").first().waitFor();
  await part(page, "workers", "light");
  await part(page, "inside", "light");
  await part(page, "drawing", "light");
  await part(page, "confusion", "dark");
  await part(page, "events", "dark");
}

async function show(page: Page, colorScheme: "light" | "dark"): Promise<void> {
  await page.emulateMedia({ colorScheme });
  // The style of the other scheme, then the charts that are drawn with its colours, then the answers that were asked for.
  await page.waitForTimeout(1_000);
}

async function part(page: Page, id: string, colorScheme: "light" | "dark"): Promise<void> {
  await show(page, colorScheme);
  await savePicture(`dashboard-${id}-${colorScheme}`, page.locator(`#${id}`));
}

async function setLearningRate(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Learning rate × 1", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Learning rate" });
  await dialog.getByRole("button", { name: "÷ 2" }).click();
  await savePicture("dashboard-learning-rate-light", dialog);
  await dialog.getByRole("button", { name: "Set", exact: true }).click();
  await page.getByRole("button", { name: "Learning rate × 0.5", exact: true }).waitFor();
}

async function drawSeven(page: Page): Promise<void> {
  const pad = page.locator(".draw-pad");
  await pad.scrollIntoViewIfNeeded();
  const box = await pad.boundingBox();
  if (box === null) throw new Error("The pad is not on the page");
  const at = (x: number, y: number) => [box.x + x * box.width, box.y + y * box.height] as const;
  await page.mouse.move(...at(0.28, 0.25));
  await page.mouse.down();
  await page.mouse.move(...at(0.72, 0.23), { steps: 8 });
  await page.mouse.move(...at(0.42, 0.8), { steps: 10 });
  await page.mouse.up();
  await page.locator(".guess").waitFor();
}
