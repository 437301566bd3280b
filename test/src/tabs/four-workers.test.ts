import { readFile } from "node:fs/promises";
import {
  decodeSafetensors,
  fit,
  modelFromSafetensors,
  type TracedRun,
  traceRun,
  withOverrides,
} from "@tributary/training";
import type { Browser } from "playwright";
import { describe, expect, it } from "vitest";
import { relativeDifference } from "../equivalence/trained-together.ts";
import { Command } from "../running/command.ts";
import { expectEverySampleOnce, readRecord } from "../running/run-record.ts";
import { temporaryFolder } from "../running/temporary-folder.ts";
import { findChromium, JoinTab, launchBrowser } from "./browser-tabs.ts";
import { type PagedCoordinator, startWithPages, untilEvent } from "./coordinated.ts";
import images from "./image.run.ts";

const chromium = findChromium("tests of browser tabs and Node processes that train together");
const TRAIN_SAMPLES = 4_000;
/** What the run is stopped at. */
const ACCURACY = 0.97;
/** Norm of the difference over the norm of the parameters, between GPU and CPU over 20 steps of Adam. */
const TOLERANCE = 1e-4;

/** A worker of each kind twice; `ids` as the coordinator names them. */
interface FourWorkers {
  readonly tabs: readonly [JoinTab, JoinTab];
  readonly processes: readonly [Command, Command];
  readonly ids: readonly string[];
}

/** Two tabs on webgpu and two Node processes on wasm, all of which have joined. */
async function joinFour(coordinator: PagedCoordinator, browser: Browser): Promise<FourWorkers> {
  const open = () => JoinTab.open(browser, coordinator.joinUrl, { backend: "webgpu", recordsDevices: true });
  const tabs: [JoinTab, JoinTab] = [await open(), await open()];
  for (const tab of tabs) await tab.press("Start");
  const folder = await temporaryFolder();
  const join = (name: string) =>
    Command.start(["join", coordinator.joinUrl, "--json", "--backend", "wasm", "--name", name], folder);
  const processes: [Command, Command] = [join("process-1"), join("process-2")];
  const ids = await joinedIds(coordinator, 4);
  return { tabs, processes, ids };
}

async function joinedIds({ events }: PagedCoordinator, count: number): Promise<string[]> {
  const joined = () =>
    events.flatMap((event) => (event.event === "worker" && event.state === "joined" ? [event.id] : []));
  await untilEvent({ events }, () => joined().length >= count);
  return joined();
}

/** Ids of workers that have a part in what the record says was committed. */
async function contributors({ folder }: PagedCoordinator): Promise<Set<string>> {
  const record = await readRecord(folder);
  return new Set(record.flatMap(({ commits }) => commits.map(({ worker }) => worker)));
}

async function parametersOf(run: TracedRun, model: string | null): Promise<Float32Array> {
  if (model === null) throw new Error("The run left no model");
  return modelFromSafetensors(run.layout, decodeSafetensors(new Uint8Array(await readFile(model)))).parameters;
}

describe.skipIf(chromium === undefined)("two tabs on webgpu and two Node processes on wasm", () => {
  const executable = chromium ?? "";

  it("learn the digits together, while a GPU is lost, a tab loaded again and another closed, and a process killed", async () => {
    const coordinator = await startWithPages({ run: await traceRun(images) });
    const browser = await launchBrowser(executable, { swiftShader: true });
    const { tabs, processes } = await joinFour(coordinator, browser);
    const [first, second] = tabs;
    for (const tab of tabs) await tab.untilContributed(2);
    expect(await first.facts()).toMatchObject({ backend: "webgpu" });
    expect(await second.facts()).toMatchObject({ backend: "webgpu" });

    // The tab goes on with another device, and stays the same worker.
    const { worker } = await first.facts();
    await first.destroyDevice();
    await first.untilContributed(2);
    expect(await first.facts()).toMatchObject({ backend: "webgpu", worker });

    await second.page.reload();
    await second.untilContributed(2);

    const heard = coordinator.events.length;
    const isGone = (event: { readonly event: string }) =>
      event.event === "worker" && "state" in event && event.state !== "joined";
    processes[0].signal("SIGKILL");
    await untilEvent(coordinator, isGone, heard);
    await second.page.close();
    await untilEvent(coordinator, (event) => isGone(event) && coordinator.events.filter(isGone).length >= 2, heard);
    await first.untilContributed(2);

    const isGood = (event: { readonly event: string }) =>
      event.event === "epoch" && "testAccuracy" in event && Number(event.testAccuracy) >= ACCURACY;
    await untilEvent(coordinator, isGood);
    coordinator.stop("The network is good enough");
    const { outcome, steps } = await coordinator.finished;
    expect(outcome).toBe("stopped");
    await first.until(["ended"]);
    expect((await processes[1].ended).code).toBe(0);
    const record = await readRecord(coordinator.folder);
    expect(record).toHaveLength(steps);
    expectEverySampleOnce(record, TRAIN_SAMPLES, false);
    expect((await contributors(coordinator)).size).toBeGreaterThanOrEqual(4);
  });

  it("come to one process's parameters in 20 undisturbed steps", async () => {
    const run = withOverrides(images, { steps: 20 });
    const { model } = await fit(run, { backend: "wasm" });
    const coordinator = await startWithPages({
      run: model.traced,
      backend: "wasm",
      // Eight microbatches a step are four leases: one for each worker that waits when the step begins.
      tuning: { leaseMicrobatches: 2 },
    });
    coordinator.command({ command: "pause" });
    const browser = await launchBrowser(executable, { swiftShader: true });
    const { ids, tabs } = await joinFour(coordinator, browser);
    // Their shaders are compiled: each is free when a step begins.
    for (const tab of tabs) await tab.until(["waiting", "training"]);
    coordinator.command({ command: "resume" });
    const result = await coordinator.finished;
    expect(result.steps).toBe(20);
    expectEverySampleOnce(await readRecord(coordinator.folder), TRAIN_SAMPLES, false);
    expect([...(await contributors(coordinator))].sort()).toEqual([...ids].sort());
    const together = await parametersOf(model.traced, result.model);
    expect(relativeDifference(together, model.flat.parameters)).toBeLessThanOrEqual(TOLERANCE);
  });
});
