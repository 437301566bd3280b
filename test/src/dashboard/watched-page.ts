import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Browser, BrowserContextOptions, Page } from "playwright";
import { onTestFinished } from "vitest";
import { type FakeCoordinator, startFakeCoordinator } from "./fake-coordinator.ts";
import { FakeRun, type FakeRunOptions } from "./fake-run.ts";

/** Sizes of screens. */
export const DESKTOP = { width: 1440, height: 900 };
export const PHONE = { width: 360, height: 740 };

/** Milliseconds a page may take for anything; a busy machine takes its time. */
export const PAGE_MILLISECONDS = 120_000;

/** Source of axe-core, which is evaluated in the page. */
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** How a dashboard is opened. */
export interface WatchedPageOptions {
  readonly run?: FakeRunOptions;
  /** Whether steps go on. Default false, so that what is seen is the same each time. */
  readonly advance?: boolean;
  /** Behind the address. Default: an admin's token. */
  readonly fragment?: string;
  readonly context?: BrowserContextOptions;
}

/** The dashboard of a played run in a real browser. */
export interface WatchedPage {
  readonly page: Page;
  readonly run: FakeRun;
  readonly coordinator: FakeCoordinator;
  /** Errors of scripts, and what the content security policy refused. */
  readonly errors: readonly string[];
  /** Addresses of everything the page asked for. */
  readonly requests: readonly string[];
}

/** Opens it, and waits until it shows the run. All of it ends with the test. */
export async function openDashboard(browser: Browser, options: WatchedPageOptions = {}): Promise<WatchedPage> {
  const run = new FakeRun(options.run);
  const coordinator = await startFakeCoordinator(run, options.advance ?? false);
  onTestFinished(() => coordinator.close());
  const context = await browser.newContext({ viewport: DESKTOP, ...options.context });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(PAGE_MILLISECONDS);
  const errors: string[] = [];
  const requests: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") errors.push(message.text());
  });
  page.on("request", (request) => requests.push(request.url()));
  page.on("websocket", (socket) => requests.push(socket.url()));
  await page.goto(`${coordinator.url}${options.fragment ?? "#a=admin-token"}`);
  await page.getByRole("heading", { level: 1, name: run.run.name }).waitFor();
  return { page, run, coordinator, errors, requests };
}

/** One rule that the page breaks. */
export interface AccessibilityFinding {
  readonly rule: string;
  readonly impact: string;
  /** Selectors of the first elements. */
  readonly where: readonly string[];
}

/** What axe-core finds that is serious or critical. */
export async function seriousFindings(page: Page): Promise<readonly AccessibilityFinding[]> {
  // Evaluated by the debugger: the page's policy lets in no script from elsewhere.
  await page.evaluate(AXE);
  return await page.evaluate(async () => {
    const axe = Reflect.get(globalThis, "axe");
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    const found: { rule: string; impact: string; where: string[] }[] = [];
    for (const { id, impact, nodes } of violations) {
      if (impact !== "serious" && impact !== "critical") continue;
      const where: string[] = [];
      for (const node of nodes.slice(0, 5)) where.push(`${node.target.join(" ")}: ${node.failureSummary}`);
      found.push({ rule: id, impact, where });
    }
    return found;
  });
}
