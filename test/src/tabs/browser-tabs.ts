import { existsSync } from "node:fs";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright";
import { onTestFinished } from "vitest";

/** Where Chromium usually is; CHROMIUM names another place. */
const CHROMIUM_PATHS = [
  process.env.CHROMIUM ?? "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** Headless, as root in a container too, and without connections of its own. */
const CHROMIUM_ARGUMENTS = [
  "--no-sandbox",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** WebGPU by SwiftShader, a program on the processor: what there is without a GPU. */
const SWIFTSHADER_ARGUMENTS = [
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  // It compiles Vulkan's own zeroing of workgroup memory to a store a word: seconds for every shader. Dawn's is a loop.
  "--disable-dawn-features=use_vulkan_zero_initialize_workgroup_memory_extension",
];

/** Milliseconds a tab may take for anything; a busy machine takes its time. */
const TAB_MILLISECONDS = 120_000;

/** The path of Chromium; undefined without one, which is said loudly, and fails where CI is set. */
export function findChromium(purpose: string): string | undefined {
  const found = CHROMIUM_PATHS.find((path) => existsSync(path));
  if (found !== undefined) return found;
  const message = `SKIPPED: ${purpose}, because there is no Chromium (install it, or name it in CHROMIUM)`;
  if (process.env.CI) throw new Error(`${message}, and CI takes no skipped test`);
  process.stderr.write(`\n*** ${message}\n\n`);
  return undefined;
}

/** How a browser is started. */
export interface BrowserOptions {
  /** Whether there is WebGPU, imitated on the processor. Default false: no GPU at all. */
  readonly swiftShader?: boolean;
  /** A name that stands for this machine, though no browser takes it for its own: http from there is no secure context. */
  readonly strangeName?: string;
}

/** Starts a browser, which whoever asked for it closes. */
export function startBrowser(executablePath: string, options: BrowserOptions = {}): Promise<Browser> {
  const { swiftShader = false, strangeName } = options;
  const args = [...CHROMIUM_ARGUMENTS, ...(swiftShader ? SWIFTSHADER_ARGUMENTS : [])];
  if (strangeName !== undefined) args.push(`--host-resolver-rules=MAP ${strangeName} 127.0.0.1`);
  return chromium.launch({ executablePath, args });
}

/** Starts a browser, which ends with the test. */
export async function launchBrowser(executablePath: string, options: BrowserOptions = {}): Promise<Browser> {
  const browser = await startBrowser(executablePath, options);
  onTestFinished(() => browser.close());
  return browser;
}

/** Where a tab is on its way: the join page's data-state. */
export type TabState =
  | "loading"
  | "consent"
  | "opening"
  | "connecting"
  | "preparing"
  | "training"
  | "waiting"
  | "paused"
  | "ended";

/** What the join page says of itself in data attributes. */
export interface TabFacts {
  readonly state: TabState;
  /** "wasm", "webgpu", or nothing before a device is open. */
  readonly backend: string;
  readonly adapter: string;
  readonly threads: number;
  /** Id of the worker at the coordinator; nothing before it has joined. */
  readonly worker: string;
  readonly step: number;
  /** Steps that this tab had a part in. */
  readonly steps: number;
  readonly contributions: number;
  /** Codes of what is in the way. */
  readonly obstacles: readonly string[];
}

/** How a tab is opened. */
export interface TabOptions {
  /** Stands in for the backend that the page would choose: "webgpu" takes an imitated GPU too. */
  readonly backend?: "wasm" | "webgpu";
  /** Keeps record of GPU devices, for {@link JoinTab.destroyDevice}. */
  readonly recordsDevices?: boolean;
  /** Another context than one of its own: tabs of one context share storage, and know of each other. */
  readonly context?: BrowserContext;
}

/** The join page in a tab of a real browser. */
export class JoinTab {
  readonly page: Page;
  /** Errors of the page and of its threads, and what its content security policy refused. */
  readonly errors: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(TAB_MILLISECONDS);
    page.on("pageerror", (error) => this.errors.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") this.errors.push(message.text());
    });
  }

  /** Opens the page by a join link; it asks for consent then. */
  static async open(browser: Browser, joinUrl: string, options: TabOptions = {}): Promise<JoinTab> {
    const context = options.context ?? (await browser.newContext());
    const tab = new JoinTab(await context.newPage());
    if (options.recordsDevices === true) await recordDevices(tab.page);
    await tab.page.goto(linkWith(joinUrl, options.backend));
    await tab.until(["consent"]);
    return tab;
  }

  /** Presses Start, and waits until this tab trains. */
  async start(): Promise<void> {
    await this.press("Start");
    await this.until(["training"]);
  }

  /** Presses the button with this name. */
  async press(name: string): Promise<void> {
    await this.page.getByRole("button", { name, exact: true }).click();
  }

  /** Resolves when the page is in one of these states; rejects with what stands on the page when it has ended instead. */
  async until(states: readonly TabState[]): Promise<void> {
    const selector = [...states, "ended"].map((state) => `main[data-state="${state}"]`).join(", ");
    await this.page.waitForSelector(selector).catch((cause: unknown) => this.#fail(`${states} did not come`, cause));
    const { state } = await this.facts();
    if (state === "ended" && !states.includes("ended")) await this.#fail("It has ended", null);
  }

  /** @throws Error with what stands on the page and what went wrong in it */
  async #fail(what: string, cause: unknown): Promise<never> {
    const text = await this.page.locator("main").textContent();
    throw new Error(`${what}; the page says:\n${text}\n${this.errors.join("\n")}`, { cause });
  }

  /** Resolves when this tab has sent so many contributions more than now. */
  async untilContributed(more = 1): Promise<void> {
    const { contributions } = await this.facts();
    await this.untilFacts((facts) => facts.contributions >= contributions + more);
  }

  /** Resolves when what the page says is as wanted; what it says is looked at a few times a second. */
  async untilFacts(isWanted: (facts: TabFacts) => boolean): Promise<TabFacts> {
    for (const endMs = Date.now() + TAB_MILLISECONDS; Date.now() < endMs; ) {
      const facts = await this.facts();
      if (isWanted(facts)) return facts;
      await this.page.waitForTimeout(100);
    }
    throw new Error(`A tab did not come to what was waited for; it says ${JSON.stringify(await this.facts())}`);
  }

  /** What the page says of itself now. */
  async facts(): Promise<TabFacts> {
    const data = await this.page.locator("main").evaluate((main) => ({ ...main.dataset }));
    return {
      state: stateNamed(data.state),
      backend: data.backend ?? "",
      adapter: data.adapter ?? "",
      threads: Number(data.threads),
      worker: data.worker ?? "",
      step: Number(data.step),
      steps: Number(data.steps),
      contributions: Number(data.contributions),
      obstacles: (data.obstacles ?? "").split(" ").filter((code) => code !== ""),
    };
  }

  /** The sentence that screen readers are told. */
  async status(): Promise<string> {
    return (await this.page.getByRole("status").textContent()) ?? "";
  }

  /** Destroys the GPU device that the training thread opened last, as a driver's reset does; needs recordsDevices. */
  async destroyDevice(): Promise<void> {
    for (const thread of this.page.workers()) {
      const isDone = await thread.evaluate(() => {
        const device: { destroy(): void } | undefined = Reflect.get(globalThis, "latestDevice");
        device?.destroy();
        return device !== undefined;
      });
      if (isDone) return;
    }
    throw new Error("No thread of this tab has opened a GPU device");
  }
}

const STATES: readonly TabState[] = [
  ...(["loading", "consent", "opening", "connecting", "preparing"] as const),
  ...(["training", "waiting", "paused", "ended"] as const),
];

function stateNamed(name: string | undefined): TabState {
  const state = STATES.find((candidate) => candidate === name);
  if (state === undefined) throw new Error(`The join page is in a state that no test knows: ${name}`);
  return state;
}

function linkWith(joinUrl: string, backend: string | undefined): string {
  if (backend === undefined) return joinUrl;
  return `${joinUrl}${joinUrl.includes("#") ? "&" : "#"}backend=${backend}`;
}

/** Makes every thread of a page keep its latest GPU device where a test finds it. */
async function recordDevices(page: Page): Promise<void> {
  await page.addInitScript(holdThreads);
  page.on("worker", (thread) => {
    const recording = thread
      .evaluate(recordInThread)
      .then(() => page.evaluate(() => Reflect.get(window, "freeThreads")()));
    // A thread, or its page, may end before it is asked.
    recording.catch(() => {});
  });
}

/** In the page: what is said to a thread waits until the thread records. */
function holdThreads(): void {
  const { postMessage } = Worker.prototype;
  const free = new WeakSet<Worker>();
  let held: { readonly thread: Worker; readonly words: readonly unknown[] }[] = [];
  Reflect.set(Worker.prototype, "postMessage", function (this: Worker, ...words: readonly unknown[]) {
    if (free.has(this)) Reflect.apply(postMessage, this, words);
    else held.push({ thread: this, words });
  });
  Reflect.set(window, "freeThreads", () => {
    const waiting = held;
    held = [];
    for (const { thread, words } of waiting) {
      free.add(thread);
      Reflect.apply(postMessage, thread, words);
    }
  });
}

/** In a thread. */
function recordInThread(): void {
  if (typeof GPUAdapter !== "function") return;
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (descriptor) {
    const device = await requestDevice.call(this, descriptor);
    Reflect.set(globalThis, "latestDevice", device);
    return device;
  };
}
