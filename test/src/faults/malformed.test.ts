import { setTimeout as wait } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { startCoordinator } from "@tributary/coordinator-app";
import { runNodeWorker } from "@tributary/node-worker";
import type { RunEvent } from "@tributary/program";
import { traceRun } from "@tributary/training";
import fc from "fast-check";
import { arrays, crossEntropy, defineRun, Linear, sgd } from "tributary";
import { expect, it } from "vitest";
import { expectEverySampleOnce, readRecord } from "../running/run-record.ts";
import { temporaryFolder } from "../running/temporary-folder.ts";
import { malformedInput } from "./malformed-input.ts";
import { sendMalformed } from "./stranger.ts";

const INPUTS = 10_000;
/** A fixed seed: a failure is the same everywhere. */
const FIRST_SEED = 20_261_121;
/** Connections open at a time. */
const AT_A_TIME = 50;
/** Inputs after which memory is taken for warm: code is compiled and pools are filled. */
const WARM_UP = 2_000;
/** What 8,000 inputs may leave behind, in bytes: 1 KiB each would be too much. */
const GROWTH_BYTES_MAX = 8 * 2 ** 20;
const BETWEEN_COUNTS_MS = 20;
/** Lines that a stranger at one address may cause in the log. */
const LOG_LINES_MAX = 10;
const SAMPLES = 256;

// 27 parameters (28 with padding): what is under test is the traffic.
const run = defineRun({
  name: "besieged",
  model: () => new Linear(8, 3),
  loss: crossEntropy,
  optimizer: sgd({ learningRate: 0.05 }),
  data: arrays({
    fields: { inputs: [8], targets: [] },
    train: {
      inputs: Float32Array.from({ length: 8 * SAMPLES }, (_, index) => Math.sin(index)),
      targets: Int32Array.from({ length: SAMPLES }, (_, index) => index % 3),
    },
  }),
  batchSize: 64,
  microbatch: 8,
  epochs: 1_000_000,
});

/** Collects garbage, then counts the bytes that are held: the least of several counts, since buffers are freed in the background. */
async function heldBytes(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collectGarbage: () => void = runInNewContext("gc");
  const counts: number[] = [];
  for (let turn = 0; turn < 5; turn += 1) {
    collectGarbage();
    await wait(BETWEEN_COUNTS_MS);
    const { heapUsed, external } = process.memoryUsage();
    counts.push(heapUsed + external);
  }
  return Math.min(...counts);
}

it("[E1] 10,000 malformed inputs each close their own socket with its code; a worker trains on, and memory stays flat", async () => {
  const out = await temporaryFolder();
  let errors = 0;
  let steps = 0;
  let stepped = () => {};
  const onEvent = (event: RunEvent) => {
    if (event.event === "error") errors += 1;
    if (event.event !== "step") return;
    steps = event.step;
    stepped();
  };
  const coordinator = await startCoordinator({ run: await traceRun(run), out, onEvent });
  let disconnections = 0;
  const worker = runNodeWorker({
    url: coordinator.joinUrl,
    name: "honest",
    onEvent: ({ type }) => {
      if (type === "disconnected") disconnections += 1;
    },
  });
  const untilSteps = async (count: number) => {
    while (steps < count) {
      await new Promise<void>((resolve) => {
        stepped = resolve;
      });
    }
  };
  await untilSteps(1);

  let warmBytes = 0;
  for (let first = 0; first < INPUTS; first += AT_A_TIME) {
    const batch = fc.sample(malformedInput, { numRuns: AT_A_TIME, seed: FIRST_SEED + first });
    const codes = await Promise.all(batch.map((input) => sendMalformed(coordinator.url, input)));
    const wrong = batch.flatMap((input, index) =>
      input.codes.includes(codes[index] ?? 0) ? [] : [{ ...input, data: `${input.data}`, code: codes[index] }],
    );
    expect(wrong).toEqual([]);
    if (first + AT_A_TIME === WARM_UP) warmBytes = await heldBytes();
  }
  expect((await heldBytes()) - warmBytes).toBeLessThan(GROWTH_BYTES_MAX);

  await untilSteps(steps + 10);
  expect(disconnections).toBe(0);
  expect(errors).toBeLessThanOrEqual(LOG_LINES_MAX);
  const description: unknown = await (await fetch(`${coordinator.url}/runs`)).json();
  expect(description).toMatchObject([{ workers: 1, phase: expect.any(String) }]);
  coordinator.stop("the siege is over");
  const result = await coordinator.finished;
  expect(result).toMatchObject({ outcome: "stopped", model: expect.any(String) });
  expect(await worker).toMatchObject({ reason: "finished" });
  expectEverySampleOnce(await readRecord(out), SAMPLES, false);
});
