import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright";

/** A browser with a GPU, or with a program that stands in for one. */
export interface GpuBrowser {
  readonly browser: Browser;
  /** For people: "NVIDIA, hopper" or "google, swiftshader". */
  readonly adapter: string;
  /** Computes on the CPU. */
  readonly isSoftware: boolean;
}

/** Where Chromium usually is; CHROMIUM names another place. */
const CHROMIUM_PATHS = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** Headless, as root in a container too, without connections of its own, and without slowing what it takes for hidden. */
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-background-timer-throttling",
  "--disable-renderer-backgrounding",
  "--disable-backgrounding-occluded-windows",
  "--enable-unsafe-webgpu",
];
const REAL_GPU = ["--enable-features=Vulkan", "--use-angle=vulkan", "--ignore-gpu-blocklist"];
// A step of a program that computes on the CPU takes longer than a watchdog has patience for.
const SOFTWARE_GPU = [
  "--use-webgpu-adapter=swiftshader",
  "--disable-gpu-watchdog",
  // It compiles Vulkan's own zeroing of workgroup memory to a store a word; Dawn's is a loop. It does every engine good.
  "--disable-dawn-features=use_vulkan_zero_initialize_workgroup_memory_extension",
];

/** What computes on the CPU under the name of a GPU. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|\bwarp\b|basic render/i;

/**
 * Starts Chromium on the real GPU where there is one, otherwise on SwiftShader.
 * @throws Error when there is no Chromium, or no adapter at all
 */
export async function launchGpuBrowser(): Promise<GpuBrowser> {
  const named = process.env.CHROMIUM;
  const executablePath = (named === undefined ? CHROMIUM_PATHS : [named]).find((path) => existsSync(path));
  if (executablePath === undefined) {
    throw new Error("There is no Chromium here: install it, or name it in the environment as CHROMIUM");
  }
  const real = await launch(executablePath, REAL_GPU);
  if (real !== null && !real.isSoftware) return real;
  await real?.browser.close();
  const software = await launch(executablePath, SOFTWARE_GPU);
  if (software === null) throw new Error("Chromium has no WebGPU adapter here, not even SwiftShader");
  return software;
}

async function launch(executablePath: string, more: readonly string[]): Promise<GpuBrowser | null> {
  const browser = await chromium.launch({ executablePath, headless: true, args: [...ARGUMENTS, ...more] });
  const page = await browser.newPage();
  // WebGPU is there in secure contexts only; about:blank is none.
  await page.route("**/*", (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html>" }));
  await page.goto("http://localhost/");
  const info = await page.evaluate(async () => {
    const adapter = (await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" })) ?? null;
    if (adapter === null) return null;
    const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
    return { words: [vendor, architecture, device, description], isFallback: isFallbackAdapter };
  });
  await page.close();
  if (info === null) {
    await browser.close();
    return null;
  }
  const adapter = info.words.filter((word) => word !== "").join(", ");
  return { browser, adapter, isSoftware: info.isFallback || SOFTWARE.test(adapter) };
}
