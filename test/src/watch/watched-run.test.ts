import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type RunningCoordinator, startCoordinator } from "@tributary/coordinator-app";
import { runNodeWorker } from "@tributary/node-worker";
import type { RunEvent } from "@tributary/program";
import { WATCH_CELL_SAMPLES_MAX, type WatchCommand } from "@tributary/protocol";
import { decodeSafetensors, modelFromSafetensors, type TracedRun, TrainedModel, traceRun } from "@tributary/training";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import small from "../running/small.run.ts";
import { temporaryFolder } from "../running/temporary-folder.ts";
import { Watching } from "./watching.ts";

const TEST_SAMPLES = 128;

/** Milliseconds for the last table of a run: a slow machine takes its time, and what is tested is the table. */
const LAST_JUDGEMENT_MILLISECONDS = 600_000;

describe("a watched run", () => {
  let traced: TracedRun;
  const started: RunningCoordinator[] = [];

  beforeAll(async () => {
    traced = await traceRun(small);
  });

  afterEach(async () => {
    for (const coordinator of started.splice(0)) await coordinator.kill();
  });

  async function start(): Promise<{ coordinator: RunningCoordinator; events: RunEvent[]; worker: Promise<unknown> }> {
    const events: RunEvent[] = [];
    const out = await temporaryFolder();
    const coordinator = await startCoordinator({
      run: traced,
      out,
      onEvent: (event) => events.push(event),
      lastJudgementMilliseconds: LAST_JUDGEMENT_MILLISECONDS,
    });
    started.push(coordinator);
    return { coordinator, events, worker: runNodeWorker({ url: coordinator.localJoinUrl, name: "Ada" }) };
  }

  it("shows each step once and whoever computes it, and to those who come later what was before", async () => {
    const { coordinator, events, worker } = await start();
    const watching = await Watching.open(coordinator);
    const { run, role } = await watching.until("snapshot");
    expect(role).toBe("viewer");
    expect(run).toMatchObject({
      ...{
        name: "small",
        parameters: 7_850,
        batchSize: 128,
        microbatch: 16,
        trainSamples: 512,
        testSamples: TEST_SAMPLES,
      },
      ...{ stepsPerEpoch: 4, metrics: ["accuracy"], classes: 10, classNames: null, joinUrl: coordinator.joinUrl },
      features: { predict: true, activations: true, samples: true },
    });
    expect(run.layers).toEqual([
      { path: "0", kind: "Flatten", outputShape: [784], parameters: 0 },
      { path: "1", kind: "Linear", outputShape: [10], parameters: 7_850 },
    ]);
    const { workers } = await watching.until(
      "update",
      ({ workers: [row] }) => row !== undefined && row.samples > 0 && row.roundTripMilliseconds !== null,
    );
    expect(workers).toMatchObject([
      { name: "Ada", kind: "node", backend: "wasm", threads: 1, codec: "float32", rejected: 0, stale: 0 },
    ]);
    expect(workers[0]?.bytesIn).toBeGreaterThan(4 * 7_850);
    await watching.until("update", ({ epochs }) => epochs.length > 0);

    const late = await Watching.open(coordinator);
    const history = await late.until("snapshot");
    expect(history.steps.length).toBeGreaterThanOrEqual(4);
    expect(history.epochs[0]).toMatchObject({ epoch: 1, step: 4 });
    expect(history.events.map(({ text }) => text)).toContain("Ada joined");

    coordinator.stop("seen enough");
    expect(await watching.closed).toBe(4005);
    const last = watching.last("update");
    expect(last.progress).toMatchObject({ state: "finished", outcome: "stopped: seen enough" });
    expect(last.traffic).toMatchObject([{ codec: "float32" }]);
    // What the last model takes for what is the last thing that is told.
    const judged = watching.all("update").findLast(({ confusion }) => confusion !== null);
    expect(judged?.confusion?.step).toBe(last.progress.step);
    const points = watching.all("update").flatMap(({ steps }) => steps);
    const told = events.flatMap((event) => (event.event === "step" ? [event] : []));
    expect(points.map(({ step, loss }) => [step, loss])).toEqual(told.map(({ step, loss }) => [step, loss]));
    expect(last.progress.step).toBe(told.length);
    await worker;
  });

  it("can be paused, saved, set to another learning rate, let go on and stopped with the admin token", async () => {
    const { coordinator, events, worker } = await start();
    const watching = await Watching.open(coordinator, coordinator.dashboardUrl.split("#a=")[1]);
    expect((await watching.until("snapshot")).role).toBe("admin");
    await watching.until("update", ({ progress }) => progress.step >= 2);
    const command = (given: WatchCommand) => watching.ask({ type: "command", command: given });
    expect(await command({ command: "pause" })).toMatchObject({ type: "done" });
    const paused = await watching.next("update", ({ progress }) => progress.state === "paused");
    expect(paused.progress.why).toBe(
      `The run is paused after step ${paused.progress.step} until somebody lets it go on`,
    );
    expect(await command({ command: "learningRateFactor", factor: 0.5 })).toMatchObject({ type: "done" });
    await watching.until("update", ({ events: lines }) =>
      lines.some(({ text }) => text.includes("to 0.5 times the schedule's, from the next update on; it was 1 times")),
    );
    expect(await command({ command: "checkpoint" })).toMatchObject({ type: "done" });
    await watching.next("update", ({ events: lines }) => lines.some(({ kind }) => kind === "checkpoint"));
    const rested = await watching.next("update");
    expect(rested.progress).toMatchObject({ state: "paused", step: paused.progress.step, learningRateFactor: 0.5 });
    expect(events.filter(({ event }) => event === "checkpoint")).toMatchObject([{ step: paused.progress.step }]);
    expect(await command({ command: "resume" })).toMatchObject({ type: "done" });
    await watching.next("update", ({ progress }) => progress.step > paused.progress.step);
    await command({ command: "stop", reason: "enough" });
    expect(await watching.closed).toBe(4005);
    expect(await coordinator.finished).toMatchObject({ outcome: "stopped", reason: "enough" });
    await worker;
  });

  it("shows what the model makes of samples with the parameters of now, and new activations as they change", async () => {
    const { coordinator, events, worker } = await start();
    const watching = await Watching.open(coordinator, coordinator.dashboardUrl.split("#a=")[1]);
    const command = (given: WatchCommand) => watching.ask({ type: "command", command: given });
    await watching.until("update", ({ progress }) => progress.step >= 2);
    await command({ command: "pause" });
    await watching.next("update", ({ progress }) => progress.state === "paused");
    await command({ command: "checkpoint" });
    await watching.next("update", ({ events: lines }) => lines.some(({ kind }) => kind === "checkpoint"));

    const saved = events.flatMap((event) => (event.event === "checkpoint" ? [event] : []))[0];
    const bytes = await readFile(join(saved?.path ?? "", "model.safetensors"));
    const flat = modelFromSafetensors(traced.layout, decodeSafetensors(bytes));
    const model = new TrainedModel(traced, flat, "reference");
    const { inputs, targets } = await small.data.test.take(1, 7);
    if (inputs === undefined || targets === undefined) throw new Error("The data has no inputs and targets");

    const { sample } = await watching.ask({ type: "sample", index: 7 }, "sample");
    expect(Buffer.from(sample.inputs, "base64")).toEqual(Buffer.from(Uint8Array.from(inputs.data)));
    expect(sample.label).toBe(targets.data[0]);

    const expected = [...(await model.predict(inputs)).data];
    const prediction = await watching.ask({ type: "predict", inputs: sample.inputs }, "prediction");
    expect(prediction).toMatchObject({ step: saved?.step, shape: [10] });
    for (const [index, output] of prediction.outputs.entries()) expect(output).toBeCloseTo(expected[index] ?? 0, 4);
    expect(prediction.probabilities?.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 4);

    const { layers } = await watching.ask({ type: "activations", source: { sample: 7 } }, "activations");
    expect(layers.map(({ path, shape }) => [path, shape])).toEqual([
      ["0", [784]],
      ["1", [10]],
    ]);
    // The last layer's values are the outputs: bytes say where between the least and the greatest.
    expect([layers[1]?.minimum, layers[1]?.maximum].map((value) => value?.toFixed(3))).toEqual([
      Math.min(...expected).toFixed(3),
      Math.max(...expected).toFixed(3),
    ]);

    const { samples, searched, step } = await watching.ask({ type: "samples", label: 3, predicted: 3 }, "samples");
    expect(searched).toBe(TEST_SAMPLES);
    for (const found of samples) expect([found.label, found.predicted]).toEqual([3, 3]);
    // An epoch that ended before the pause was judged with older parameters.
    const { confusion } = await watching.until("update", (update) => update.confusion?.step === step);
    expect(confusion?.counts.flat().reduce((sum, count) => sum + count, 0)).toBe(TEST_SAMPLES);
    // All of a cell are found that are shown, and there are some.
    expect(samples).toHaveLength(Math.min(WATCH_CELL_SAMPLES_MAX, confusion?.counts[3]?.[3] ?? 0));
    expect(samples.length).toBeGreaterThan(0);

    await watching.ask({ type: "follow", source: { sample: 7 } });
    const first = await watching.next("activations");
    await command({ command: "resume" });
    const second = await watching.next("activations", ({ step }) => step > first.step);
    expect(second.request).toBe(first.request);
    coordinator.stop("seen enough");
    await worker;
  });
});
