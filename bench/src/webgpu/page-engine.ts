import type { BrowserContext, Page } from "playwright";
import { EngineRefusal } from "../engine-process.ts";
import type { GpuBrowser } from "./gpu-browser.ts";
import { installGpuCounters } from "./gpu-counters.ts";
import type { PageWindow } from "./page-bench.ts";
import type { PageEngineName, PageServer } from "./page-server.ts";

/** Longest that an engine may take to get ready or to run a window: SwiftShader compiles hundreds of shaders slowly. */
const ANSWER_MS_MAX = 300_000;

/** One engine in a page of its own, with one work on the GPU. While it is not asked for a window it only waits. */
export class PageEngine {
  readonly #context: BrowserContext;
  readonly #page: Page;

  private constructor(context: BrowserContext, page: Page) {
    this.#context = context;
    this.#page = page;
  }

  /** Opens an engine's page and waits until it has warmed up on the work. @throws EngineRefusal */
  static async start(
    engine: PageEngineName,
    work: string,
    { browser, server }: { readonly browser: GpuBrowser; readonly server: PageServer },
  ): Promise<{ running: PageEngine; parameters: number }> {
    const context = await browser.browser.newContext();
    const page = await context.newPage();
    const running = new PageEngine(context, page);
    const faults: string[] = [];
    page.on("pageerror", (error) => faults.push(error.message));
    try {
      await page.addInitScript(installGpuCounters);
      await page.goto(server.urlOf(engine), { waitUntil: "load" });
      const isReady = await page.evaluate(() => "pageBench" in globalThis);
      if (!isReady) throw new EngineRefusal(faults[0] ?? "its page did not load");
      const parameters = await within(page.evaluate((name) => globalThis.pageBench.prepare(name), work));
      await running.#requireFinite();
      return { running, parameters };
    } catch (error) {
      await running.stop();
      throw refusalOf(error);
    }
  }

  /** Runs steps for so long, at least one. @throws EngineRefusal */
  async window(milliseconds: number): Promise<PageWindow> {
    try {
      return await within(this.#page.evaluate((time) => globalThis.pageBench.window(time), milliseconds));
    } catch (error) {
      throw refusalOf(error);
    }
  }

  async stop(): Promise<void> {
    await this.#context.close();
  }

  /** A step on values that are not finite can be quicker or slower than a real one: its time says nothing. */
  async #requireFinite(): Promise<void> {
    const loss = await within(this.#page.evaluate(() => globalThis.pageBench.loss()));
    if (!Number.isFinite(loss)) throw new EngineRefusal(`The loss is ${loss} after some steps`);
  }
}

async function within<Value>(answer: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const words = `it took more than ${ANSWER_MS_MAX / 1000} s to answer`;
    timer = setTimeout(() => reject(new EngineRefusal(words)), ANSWER_MS_MAX);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The engine's own words, without what the driver of the browser puts around them. */
function refusalOf(error: unknown): EngineRefusal {
  if (error instanceof EngineRefusal) return error;
  const text = error instanceof Error ? error.message : String(error);
  const line = text.replace(/^page\.evaluate: (Error: )?/, "").split("\n", 1)[0] ?? "";
  return new EngineRefusal(line.slice(0, 300));
}
