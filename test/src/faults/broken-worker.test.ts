import { type RunningCoordinator, startCoordinator } from "@tributary/coordinator-app";
import { runNodeWorker } from "@tributary/node-worker";
import type { RunEvent } from "@tributary/program";
import { traceRun } from "@tributary/training";
import { accuracy, crossEntropy, Dropout, defineRun, digits, Flatten, Linear, Sequential, sgd } from "tributary";
import { describe, expect, it } from "vitest";
import { expectEverySampleOnce, readRecord } from "../running/run-record.ts";
import { temporaryFolder } from "../running/temporary-folder.ts";
import { runBrokenWorker } from "./broken-worker.ts";

const TRAIN_SAMPLES = 96;

/** A coordinator of a small run, with all that it says. Dropout, so that seeds, steps and indices must be right here too. */
async function start(learningRate: number, leaseMicrobatches: number | null = null) {
  const run = await traceRun(
    defineRun({
      name: "broken",
      model: () => new Sequential(new Flatten(), new Dropout(0.25), new Linear(784, 10)),
      loss: crossEntropy,
      metrics: { accuracy },
      optimizer: sgd({ learningRate }),
      data: digits({ train: TRAIN_SAMPLES, test: 20 }),
      batchSize: 32,
      microbatch: 8,
      epochs: 2,
      seed: 3,
    }),
  );
  const out = await temporaryFolder();
  const events: RunEvent[] = [];
  const { promise: blamed, resolve } = Promise.withResolvers<RunEvent>();
  const onEvent = (event: RunEvent) => {
    events.push(event);
    if (event.event === "error") resolve(event);
  };
  const coordinator = await startCoordinator({ run, out, onEvent, backend: "wasm", tuning: { leaseMicrobatches } });
  return { coordinator, out, events, blamed };
}

const good = (coordinator: RunningCoordinator) =>
  runNodeWorker({ url: coordinator.joinUrl, backend: "wasm", name: "good" });

describe("a worker whose results are never finite", () => {
  it("alone in a run, does not end it: the run says what is wrong and waits, and a good worker finishes it", async () => {
    const { coordinator, out, events, blamed } = await start(0.1, 4);
    const end = await runBrokenWorker(coordinator.url, "phone");
    expect(end).toMatchObject({ reason: "refused", code: "QUARANTINED" });
    expect(await blamed).toMatchObject({
      code: "WORKER_AT_FAULT",
      message:
        "Worker phone: what was computed for samples 0 to 31 of step 1 is of no use (its values are not finite), but the coordinator's own result for them is good",
    });
    expect(coordinator.describe()).toBe(
      "Step 1 waits for a worker: none is there; phone failed on samples 0 to 31 (its values are not finite), which the coordinator itself can compute: let another device join",
    );
    const [result, goodEnd] = await Promise.all([coordinator.finished, good(coordinator)]);
    expect(result).toMatchObject({ outcome: "finished", steps: 6 });
    expect(goodEnd.reason).toBe("finished");
    const record = await readRecord(out);
    expectEverySampleOnce(record, TRAIN_SAMPLES);
    const workers = events.flatMap((event) => (event.event === "worker" && event.name === "good" ? [event.id] : []));
    expect(new Set(record.flatMap(({ commits }) => commits.map(({ worker }) => worker)))).toEqual(new Set(workers));
  });

  it("three of them before a good one comes: the run is finished as if they were not there", async () => {
    const { coordinator, out, blamed } = await start(0.1);
    const broken = ["one", "two", "three"].map((name) => runBrokenWorker(coordinator.url, name));
    await blamed;
    const [result] = await Promise.all([coordinator.finished, good(coordinator)]);
    expect(result).toMatchObject({ outcome: "finished", steps: 6 });
    // Whether all of them are sent away or the run is over first depends on their speed.
    for (const { reason } of await Promise.all(broken)) expect(["refused", "finished"]).toContain(reason);
    expectEverySampleOnce(await readRecord(out), TRAIN_SAMPLES);
  });
});

describe("a run that diverges", () => {
  it("ends so with one honest worker: the coordinator's own computation agrees", async () => {
    const { coordinator, events } = await start(1e38);
    const [result] = await Promise.all([coordinator.finished, good(coordinator)]);
    expect(result).toMatchObject({
      outcome: "diverged",
      reason: expect.stringMatching(
        /^(A result|\d results) for the same samples of step \d (was|were) of no use: its values are not finite; the coordinator's own computation agreed$/,
      ),
    });
    expect(events.filter(({ event }) => event === "error")).toMatchObject([{ code: "DIVERGED" }]);
  });
});
