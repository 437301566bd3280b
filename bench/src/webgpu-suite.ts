import { measureOverDawn } from "./dawn-part.ts";
import { EngineRefusal } from "./engine-process.ts";
import { installPeers } from "./peers/installation.ts";
import { PRODUCT_SIZES, PRODUCT_WORKS, productSize } from "./products.ts";
import type { Suite, SuiteOptions } from "./suite.ts";
import { type GpuBrowser, launchGpuBrowser } from "./webgpu/gpu-browser.ts";
import type { PageWindow } from "./webgpu/page-bench.ts";
import { PageEngine } from "./webgpu/page-engine.ts";
import { type PageEngineName, type PageServer, servePages } from "./webgpu/page-server.ts";
import { WORKLOADS, type Workload } from "./workloads.ts";

/** Windows of one engine. The best counts: what else the machine does only ever makes a step slower. */
const WINDOWS = 3;
const WINDOW_MS = 1000;

const OURS: PageEngineName = "tributary-webgpu";
const PEERS: readonly PageEngineName[] = ["tfjs-webgpu", "jax-js-webgpu"];
const WORKS = ["mlp", "lenet", "lstm"] as const;

/** Training steps on the GPU of a browser: every engine in a page of its own, in the same Chromium on the same adapter. */
export const webgpuSuite: Suite = {
  what: "training steps on the GPU in Chromium: forward, backward, momentum SGD, float32",
  works: Object.fromEntries([
    ...WORKS.map((name) => [name, `${WORKLOADS[name]?.what}; batch ${WORKLOADS[name]?.batch}`]),
    ...PRODUCT_WORKS.map((name, index) => [
      name,
      `one product of ${PRODUCT_SIZES[index]} x ${PRODUCT_SIZES[index]}, float32; on a real GPU only`,
    ]),
  ]),
  ours: OURS,
  run: runWebgpuSuite,
};

/** What all engines of a run share. */
interface Stage {
  readonly browser: GpuBrowser;
  readonly server: PageServer;
}

async function runWebgpuSuite(options: SuiteOptions): Promise<boolean> {
  const steps = options.works.filter((work) => productSize(work) === null);
  const whole = steps.length === 0 || (await measureInBrowser(steps, options));
  await measureOverDawn(options.works, options);
  return whole;
}

async function measureInBrowser(works: readonly string[], options: SuiteOptions): Promise<boolean> {
  const engines = options.peers && installPeers(options.say) ? [OURS, ...PEERS] : [OURS];
  const browser = await launchGpuBrowser();
  options.say(`Chromium ${browser.browser.version()} on ${browser.adapter}`);
  if (browser.isSoftware) {
    options.say(
      "This adapter computes on the CPU: its figures say little about a GPU, and compare with one another only",
    );
  }
  const server = await servePages(engines);
  try {
    let whole = true;
    for (const work of works) {
      const workload = WORKLOADS[work];
      if (workload === undefined) throw new Error(`webgpu-suite: there is no workload ${work}`);
      whole = (await measure(work, workload, engines, { browser, server }, options)) && whole;
    }
    return whole;
  } finally {
    server.close();
    await browser.browser.close();
  }
}

interface Runner {
  readonly running: PageEngine;
  best: PageWindow | null;
}

/** Starts every engine on the work, then gives each a window in turn, so that all see the same machine. */
async function measure(
  work: string,
  workload: Workload,
  engines: readonly PageEngineName[],
  stage: Stage,
  { say, report, reportRefusal }: SuiteOptions,
): Promise<boolean> {
  const alive = new Map<PageEngineName, Runner>();
  const attempt = async (engine: PageEngineName, task: () => Promise<void>): Promise<void> => {
    try {
      await task();
    } catch (error) {
      if (!(error instanceof EngineRefusal)) throw error;
      await alive.get(engine)?.running.stop();
      alive.delete(engine);
      say(`${work}: ${engine} cannot run it: ${error.message}`);
      reportRefusal({ suite: "webgpu", work, engine, reason: error.message });
    }
  };
  for (const engine of engines) {
    say(`${work}: ${engine} is warming up`);
    await attempt(engine, async () => void alive.set(engine, await start(engine, work, workload, stage)));
  }
  for (let round = 0; round < WINDOWS; round += 1) {
    for (const [engine, runner] of [...alive]) {
      await attempt(engine, async () => {
        const window = await runner.running.window(WINDOW_MS);
        if (runner.best === null || perStep(window) < perStep(runner.best)) runner.best = window;
      });
    }
  }
  for (const [engine, { running, best }] of alive) {
    await running.stop();
    if (best === null) continue;
    const msPerStep = rounded(perStep(best), 3);
    const samplesPerSecond = rounded((1000 * workload.batch) / perStep(best), 1);
    const counts = Object.fromEntries(
      Object.entries(best.counts).map(([name, count]) => [name, rounded(count / best.steps, 2)]),
    );
    const { adapter } = stage.browser;
    report({ suite: "webgpu", work, engine, threads: 1, msPerStep, samplesPerSecond, ...counts, adapter });
  }
  return alive.has(OURS);
}

async function start(engine: PageEngineName, work: string, workload: Workload, stage: Stage): Promise<Runner> {
  const { running, parameters } = await PageEngine.start(engine, work, stage);
  if (parameters === workload.parameters) return { running, best: null };
  await running.stop();
  throw new EngineRefusal(
    `its model has ${parameters} trainable parameters, where the workload has ${workload.parameters}`,
  );
}

function perStep({ steps, milliseconds }: PageWindow): number {
  return milliseconds / steps;
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
