import { mkdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensurePages } from "@tributary/browser";
import { readPages, startCoordinator } from "@tributary/coordinator-app";
import { traceRun } from "@tributary/training";
import { chromium } from "playwright";
import { ROOT } from "../running/command.ts";
import small from "../running/small.run.ts";
import { findChromium, JoinTab } from "./browser-tabs.ts";

// `node test/src/tabs/write-pictures.ts`: photographs the join page for docs/pictures, desktop and phone, light and dark.

const FOLDER = join(ROOT, "docs", "pictures");
const LOOKS = [
  { name: "desktop-light", colorScheme: "light", viewport: { width: 1_120, height: 800 } },
  { name: "phone-dark", colorScheme: "dark", viewport: { width: 360, height: 740 } },
] as const;

/** Milliseconds after which the curve has something to show. */
const TRAINING_MILLISECONDS = 20_000;

const executablePath = findChromium("pictures of the join page");
if (executablePath === undefined) process.exit(1);
mkdirSync(FOLDER, { recursive: true });
const out = await mkdtemp(join(tmpdir(), "tributary-pictures-"));
const run = await traceRun({ ...small, name: "digits" });
const coordinator = await startCoordinator({ run, out, pages: await readPages(await ensurePages()) });
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
for (const { name, colorScheme, viewport } of LOOKS) {
  const context = await browser.newContext({ colorScheme, viewport });
  const tab = await JoinTab.open(browser, coordinator.joinUrl, { context });
  await tab.page.getByLabel("Name of this device").fill("Ada");
  await tab.page.screenshot({ path: join(FOLDER, `join-before-${name}.png`), fullPage: true });
  await tab.start();
  await tab.page.waitForTimeout(TRAINING_MILLISECONDS);
  await tab.page.screenshot({ path: join(FOLDER, `join-training-${name}.png`), fullPage: true });
  await context.close();
}
await browser.close();
await coordinator.kill();
await rm(out, { recursive: true, force: true });
