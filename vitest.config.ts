import { existsSync } from "node:fs";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";

/** Milliseconds: tests that start processes or train for real take their time on a busy machine. */
const SLOW_TEST_TIMEOUT_MS = 300_000;

/** Where Chromium usually is; CHROMIUM names another place. */
const CHROMIUM_PATHS = [
  process.env["CHROMIUM"] ?? "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];
const chromium = CHROMIUM_PATHS.find((path) => existsSync(path));

/** Headless, as root in a container too, and without connections of its own. */
const CHROMIUM_ARGUMENTS = [
  "--no-sandbox",
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

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["packages/*/src/**/*.test.ts", "apps/*/src/**/*.test.ts"],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: "cross-package",
          include: ["test/src/**/*.test.ts"],
          exclude: ["test/src/house/**", "test/src/browser/**"],
          testTimeout: SLOW_TEST_TIMEOUT_MS,
          hookTimeout: SLOW_TEST_TIMEOUT_MS,
        },
      },
      { test: { name: "house", include: ["test/src/house/*.test.ts"] } },
      ...browserProjects(),
    ],
  },
});
