import { defineConfig } from "vitest/config";

/** Milliseconds: tests that start processes or train for real take their time on a busy machine. */
const SLOW_TEST_TIMEOUT_MS = 300_000;

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
    ],
  },
});
