import { mkdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensurePages } from "@tributary/browser";
import { readPages, startCoordinator } from "@tributary/coordinator-app";
import { spawnNodeWorker } from "@tributary/node-worker";
import { traceRun } from "@tributary/training";
import type { Browser, Page } from "playwright";
import { ROOT } from "../running/command.ts";
import { findChromium, JoinTab, startBrowser } from "../tabs/browser-tabs.ts";
import images from "../tabs/image.run.ts";

// `node test/src/dashboard/write-screenshots.ts`: photographs dashboard and join page for docs/pictures, in the middle of a real run
// with two Node workers and a tab. The join page's other looks are made by test/src/tabs/write-pictures.ts.

const FOLDER = join(ROOT, "docs", "pictures");
const DESKTOP = { width: 1_440, height: 1_100 };
const PHONE = { width: 360, height: 1_480 };

/** Epochs after which curves, matrix and activations have something to show. */
const EPOCHS = 5;
/** Seconds of throughput to show. */
const SECONDS = 20;

const executablePath = findChromium("pictures of the dashboard");
if (executablePath === undefined) process.exit(1);
mkdirSync(FOLDER, { recursive: true });
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
  const context = await from.newContext({ colorScheme: "dark", viewport: { width: 1_120, height: 800 } });
  const tab = await JoinTab.open(from, coordinator.joinUrl, { context, backend: "wasm" });
  await tab.page.getByLabel("Name of this device").fill("Ada");
  await tab.start();
  await ready.promise;
  await tab.page.waitForTimeout(Math.max(0, 1_000 * SECONDS - (Date.now() - started)));
  await picture(tab.page, "join-training-desktop-dark", true);
  await tab.page.setViewportSize(PHONE);
  await tab.page.emulateMedia({ colorScheme: "light" });
  await picture(tab.page, "join-training-phone-light", true);
  const page = await from.newPage({ viewport: DESKTOP, colorScheme: "light" });
  await page.goto(coordinator.dashboardUrl);
  for (const [name, viewport] of [["desktop", DESKTOP] as const, ["phone", PHONE] as const]) {
    await page.setViewportSize(viewport);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await picture(page, `dashboard-${name}-${colorScheme}`, false);
    }
  }
  await page.setViewportSize(DESKTOP);
  await page.emulateMedia({ colorScheme: "light" });
  await drawSeven(page);
  await page.locator("#inside .layer").first().waitFor();
  await page.locator("#inside").screenshot({ path: file("dashboard-inside-light") });
  await page.locator("#drawing").screenshot({ path: file("dashboard-drawing-light") });
  await page.emulateMedia({ colorScheme: "dark" });
  await page.locator("#confusion").scrollIntoViewIfNeeded();
  await page.locator("#confusion .sample").first().waitFor();
  await page.locator("#confusion").screenshot({ path: file("dashboard-confusion-dark") });
}

function file(name: string): string {
  return join(FOLDER, `${name}.png`);
}

async function picture(page: Page, name: string, fullPage: boolean): Promise<void> {
  // Two frames: the style of the other scheme, then the charts that are drawn with its colours.
  await page.waitForTimeout(800);
  await page.screenshot({ path: file(name), fullPage });
}

async function drawSeven(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Hold still" }).scrollIntoViewIfNeeded();
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
