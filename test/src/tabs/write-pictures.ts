import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensurePages } from "@tributary/browser";
import { type CoordinatorOptions, readPages, startCoordinator } from "@tributary/coordinator-app";
import { traceRun } from "@tributary/training";
import type { Browser, BrowserContext } from "playwright";
import { findChromium, JoinTab, startBrowser } from "./browser-tabs.ts";
import images from "./image.run.ts";
import { savePicture } from "./picture-file.ts";

// `node test/src/tabs/write-pictures.ts`: photographs the join page for docs/pictures, on a desktop and on a phone, in the light and in the
// dark: before Start, while it trains, and with what may be in the way.

const DESKTOP = { width: 1_120, height: 720 };
const PHONE = { width: 360, height: 740 };

const LOOKS = [
  { name: "desktop-light", colorScheme: "light", viewport: DESKTOP },
  { name: "desktop-dark", colorScheme: "dark", viewport: DESKTOP },
  { name: "phone-light", colorScheme: "light", viewport: PHONE },
  { name: "phone-dark", colorScheme: "dark", viewport: PHONE },
] as const;

/** What is in the way looks the same everywhere: two looks of it are enough. */
const TWO_LOOKS = LOOKS.filter(({ name }) => name === "desktop-light" || name === "phone-dark");

/** Milliseconds after which the curve has something to show. */
const TRAINING_MILLISECONDS = 20_000;

/** A name that the browser takes for another machine: http from there is no secure context. */
const STRANGE_NAME = "studio.local";

const TOKEN = "Zk3pQ9xVbT5sLw8mRy2nHc";

const executablePath = findChromium("pictures of the join page");
if (executablePath === undefined) process.exit(1);
const pages = await readPages(await ensurePages());
const run = await traceRun({ ...images, name: "digits" });
const browser = await startBrowser(executablePath, { strangeName: STRANGE_NAME });
try {
  await photographTraining(browser);
  await photographWrongLink(browser);
  await photographEnd(browser);
} finally {
  await browser.close();
}

type Look = (typeof LOOKS)[number];

async function coordinate<Result>(
  options: Pick<CoordinatorOptions, "run" | "token" | "names">,
  use: (joinUrl: string, stop: (reason: string) => void) => Promise<Result>,
): Promise<Result> {
  const out = await mkdtemp(join(tmpdir(), "tributary-pictures-"));
  const coordinator = await startCoordinator({ ...options, pages, out });
  try {
    return await use(coordinator.joinUrl, (reason) => coordinator.stop(reason));
  } finally {
    await coordinator.kill();
    await rm(out, { recursive: true, force: true });
  }
}

async function opened(from: Browser, joinUrl: string, { colorScheme, viewport }: Look) {
  const context = await from.newContext({ colorScheme, viewport });
  const tab = await JoinTab.open(from, joinUrl, { context });
  await tab.page.getByLabel("Name of this device").fill("Ada");
  await tab.page.getByRole("heading", { level: 1 }).click();
  return { context, tab };
}

/** The whole page, in a window as high as it is: what sticks to the window's edge is where it belongs then. */
async function photograph({ page }: JoinTab, name: string, { colorScheme, viewport }: Look): Promise<void> {
  await page.emulateMedia({ colorScheme });
  await page.setViewportSize(viewport);
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewportSize({ ...viewport, height: Math.max(height, viewport.height) });
  await savePicture(name, page);
  await page.setViewportSize(viewport);
}

/** One tab trains, and is looked at from every side. */
async function photographTraining(from: Browser): Promise<void> {
  await coordinate({ run, token: TOKEN }, async (joinUrl) => {
    for (const look of LOOKS) {
      const { context, tab } = await opened(from, joinUrl, look);
      await photograph(tab, `join-before-${look.name}`, look);
      if (look.name === "phone-light") await photographWhole(tab, context);
      await context.close();
    }
  });
  await coordinate({ run, token: TOKEN, names: [STRANGE_NAME] }, async (joinUrl) => {
    const strangeUrl = joinUrl.replace(/127\.0\.0\.1|localhost/, STRANGE_NAME);
    for (const look of TWO_LOOKS) {
      const { context, tab } = await opened(from, strangeUrl, look);
      await photograph(tab, `join-http-${look.name}`, look);
      await context.close();
    }
  });
}

/** Starts, waits until there is a curve, and photographs all looks. */
async function photographWhole(tab: JoinTab, context: BrowserContext): Promise<void> {
  await tab.start();
  await context.pages()[0]?.waitForTimeout(TRAINING_MILLISECONDS);
  for (const look of LOOKS) await photograph(tab, `join-training-${look.name}`, look);
}

/** Somebody copied half of the link. */
async function photographWrongLink(from: Browser): Promise<void> {
  await coordinate({ run, token: TOKEN }, async (joinUrl) => {
    for (const look of TWO_LOOKS) {
      const { context, tab } = await opened(from, joinUrl.split("#")[0] ?? joinUrl, look);
      await tab.press("Start");
      await tab.until(["ended"]);
      await photograph(tab, `join-link-${look.name}`, look);
      await context.close();
    }
  });
}

/** The run is over, after this device helped. */
async function photographEnd(from: Browser): Promise<void> {
  await coordinate({ run, token: TOKEN }, async (joinUrl, stop) => {
    const [first = LOOKS[0], ...others] = TWO_LOOKS;
    const { context, tab } = await opened(from, joinUrl, first);
    await tab.start();
    await tab.untilContributed(30);
    stop("The lesson is over");
    await tab.until(["ended"]);
    for (const look of [first, ...others]) await photograph(tab, `join-ended-${look.name}`, look);
    await context.close();
  });
}
