import { existsSync } from "node:fs";
import { join } from "node:path";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";

/** Milliseconds: tests that start processes or train for real take their time on a busy machine. */
const SLOW_TEST_TIMEOUT_MS = 300_000;

/** Milliseconds for which a test asks again for what must become so: the default, one second, is short on a busy machine. */
const POLL_TIMEOUT_MS = 60_000;

/** Where Chromium usually is; CHROMIUM names another place. */
const CHROMIUM_PATHS = [
  process.env["CHROMIUM"] ?? "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];
const chromium = CHROMIUM_PATHS.find((path) => existsSync(path));

/** Where Linux distributions put Chromium's libraries, SwiftShader among them: a Vulkan in software, for WebGPU in Node. */
const SWIFTSHADER_FOLDERS = ["/usr/lib/chromium", "/usr/lib/chromium-browser", "/opt/google/chrome"];
const swiftShader = SWIFTSHADER_FOLDERS.find((folder) => existsSync(join(folder, "vk_swiftshader_icd.json")));

/** Headless, as root in a container too, with WebGPU in software, and without connections of its own. */
const CHROMIUM_ARGUMENTS = [
  "--no-sandbox",
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  // SwiftShader compiles Vulkan's own zeroing of workgroup memory to a store a word: seconds for every shader. Dawn's is a loop.
  "--disable-dawn-features=use_vulkan_zero_initialize_workgroup_memory_extension",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

function browserProjects() {
  if (chromium === undefined) {
    const message = "No Chromium: the browser tests do not run (install it, or name it in CHROMIUM)";
    if (process.env["CI"]) throw new Error(`${message}, and CI takes no skipped test`);
    process.stderr.write(`\n*** ${message}\n\n`);
    return [];
  }
  return [
    {
      test: {
        name: "browser",
        include: ["test/src/browser/**/*.test.ts"],
        testTimeout: SLOW_TEST_TIMEOUT_MS,
        browser: {
          enabled: true,
          headless: true,
          screenshotFailures: false,
          provider: playwright({ launchOptions: { executablePath: chromium, args: CHROMIUM_ARGUMENTS } }),
          instances: [{ browser: "chromium" as const }],
        },
      },
    },
  ];
}

/** What tests in Node need for WebGPU; without it they are skipped. */
function gpuOptions() {
  if (swiftShader !== undefined) {
    return { env: { SWIFTSHADER_FOLDER: swiftShader }, setupFiles: ["./test/src/gpu/vulkan-setup.ts"] };
  }
  const message = "No SwiftShader (it comes with Chromium on Linux): the tests of WebGPU in Node do not run";
  if (process.env["CI"]) throw new Error(`${message}, and CI takes no skipped test`);
  process.stderr.write(`\n*** ${message}\n\n`);
  return {};
}
const gpu = gpuOptions();

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["packages/*/src/**/*.test.ts", "apps/*/src/**/*.test.ts"],
          testTimeout: 60_000,
          expect: { poll: { timeout: POLL_TIMEOUT_MS } },
          ...gpu,
        },
      },
      {
        test: {
          name: "cross-package",
          include: ["test/src/**/*.test.ts"],
          exclude: ["test/src/house/**", "test/src/browser/**"],
          testTimeout: SLOW_TEST_TIMEOUT_MS,
          hookTimeout: SLOW_TEST_TIMEOUT_MS,
          expect: { poll: { timeout: POLL_TIMEOUT_MS } },
          ...gpu,
        },
      },
      { test: { name: "house", include: ["test/src/house/*.test.ts"] } },
      ...browserProjects(),
    ],
  },
});
