import { traceRun } from "@tributary/training";
import { describe, expect, it } from "vitest";
import small from "../running/small.run.ts";
import { findChromium, JoinTab, launchBrowser } from "./browser-tabs.ts";
import { startWithPages } from "./coordinated.ts";

const chromium = findChromium("tests of a tab on a GPU");
const traced = await traceRun(small);

describe.skipIf(chromium === undefined)("a tab with an imitated GPU", () => {
  const executable = chromium ?? "";

  it("leaves it alone, computes on the processor, and says why", async () => {
    const { joinUrl } = await startWithPages({ run: traced });
    const tab = await JoinTab.open(await launchBrowser(executable, { swiftShader: true }), joinUrl);
    await tab.start();
    await tab.untilContributed();
    const { backend, obstacles } = await tab.facts();
    expect([backend, obstacles]).toEqual(["wasm", ["SOFTWARE_ADAPTER"]]);
  });

  it("computes on it when the link names webgpu, and goes on with the same lease after its device was destroyed", async () => {
    const { joinUrl, events } = await startWithPages({ run: traced });
    const browser = await launchBrowser(executable, { swiftShader: true });
    const tab = await JoinTab.open(browser, joinUrl, { backend: "webgpu", recordsDevices: true });
    await tab.start();
    await tab.untilContributed(3);
    expect(await tab.facts()).toMatchObject({ backend: "webgpu", threads: 1, obstacles: [] });
    expect((await tab.facts()).adapter).toMatch(/swiftshader/i);
    await tab.page.getByLabel("Use the GPU for").fill("50");
    await tab.untilContributed(3);
    await tab.destroyDevice();
    await tab.untilFacts(({ obstacles }) => obstacles.includes("DEVICE_MENDED"));
    await tab.untilContributed(3);
    expect(await tab.facts()).toMatchObject({ state: "training", backend: "webgpu" });
    // The session stayed: nobody joined twice.
    expect(events.filter((event) => event.event === "worker").map(({ event }) => event)).toEqual(["worker"]);
    for (let loss = 2; loss <= 3; loss++) {
      await tab.destroyDevice();
      await tab.untilContributed(3);
    }
    const { backend, obstacles } = await tab.untilFacts((facts) => facts.backend === "wasm");
    expect([backend, obstacles]).toEqual(["wasm", expect.arrayContaining(["GPU_GIVEN_UP"])]);
    await tab.untilContributed();
    expect(tab.errors).toEqual([]);
  });
});
