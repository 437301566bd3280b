import { arrays } from "@tributary/data";
import { Linear, mseLoss, Sequential, sgd } from "@tributary/nn";
import { defineRun, traceRun } from "@tributary/training";
import { describe, expect, it } from "vitest";
import { blobsOf, settingsOf } from "../run-content.ts";
import type { BlobEntries, ExaminedPart } from "./compute-message.ts";
import { SampleExaminer } from "./sample-examiner.ts";

/** y = w x + b with w = 3 and b = 0 errs by 1 and by 2 in the training data; in the test data the last two errors overflow when they are squared. */
const TRAIN = { inputs: Float32Array.of(1, 2), targets: Float32Array.of(2, 4) };
const TEST = { inputs: Float32Array.of(1, 2, 1e30, 1e30), targets: Float32Array.of(2, 4, -1e30, -1e30) };

const run = defineRun({
  name: "line",
  model: () => new Sequential(new Linear(1, 1)),
  loss: mseLoss,
  optimizer: sgd({ learningRate: 0.1 }),
  data: arrays({ fields: { inputs: [1], targets: [1] }, train: TRAIN, test: TEST }),
  batchSize: 2,
  microbatch: 2,
});

async function examine(freeBytes = 2 ** 30) {
  const traced = await traceRun(run);
  const all = blobsOf(traced);
  const { welcome } = settingsOf(traced, "line-1", ["float32"], {});
  const pick = (...hashes: (string | null)[]) => [...all].filter(([hash]) => hashes.includes(hash));
  const blobs = pick(welcome.manifest, welcome.programs.gradient, welcome.programs.evaluate);
  const place = (name: string) => traced.layout.parameters.find((entry) => entry.name === name)?.offset ?? -1;
  const parameters = new Float32Array(traced.layout.parameterLength);
  parameters[place("0.weight")] = 3;
  const tensors = { step: 7, parametersAndBuffers: async () => parameters };
  const setup = { run: { ...welcome, codec: "float32" }, blobs };
  const examiner = await SampleExaminer.open(setup, "reference", tensors, freeBytes);
  const part = (change: Partial<ExaminedPart> = {}) =>
    examiner.examine({ step: 7, kind: "evaluate", epoch: 0, start: 0, end: 2, first: true, blobs: [], ...change });
  /** Asks again with the shards that were missing. */
  const whole = async (change: Partial<ExaminedPart> = {}) => {
    const answer = await part(change);
    if (!("missing" in answer)) return answer;
    const missing: BlobEntries = pick(...answer.missing);
    return part({ ...change, blobs: missing });
  };
  return { part, whole, parameters };
}

describe("SampleExaminer", () => {
  it("names the shards that it lacks, and computes when they are there", async () => {
    const { part, whole } = await examine();
    expect(await part()).toEqual({ missing: [expect.stringMatching(/^[0-9a-f]{64}$/)] });
    expect(await whole()).toEqual({ finding: { verdict: "usable", norm: 0 } });
    // It is kept.
    expect(await part()).toEqual({ finding: { verdict: "usable", norm: 0 } });
  });

  it("adds a range up, so that what overflows in its second microbatch is found, and forgets it for the next range", async () => {
    const { whole } = await examine();
    expect(await whole()).toMatchObject({ finding: { verdict: "usable" } });
    expect(await whole({ start: 2, end: 4, first: false })).toEqual({ finding: { verdict: "notFinite" } });
    expect(await whole()).toMatchObject({ finding: { verdict: "usable" } });
  });

  it("gives the norm of the gradient that a worker would have sent", async () => {
    const { whole } = await examine();
    const answer = await whole({ kind: "gradient" });
    // Sums of 2 e x and of 2 e over both samples: 2 + 8 = 10 and 2 + 4 = 6.
    expect(answer).toEqual({ finding: { verdict: "usable", norm: expect.closeTo(Math.sqrt(136), 4) } });
  });

  it("finds parameters that are not finite", async () => {
    const { whole, parameters } = await examine();
    parameters.fill(Number.POSITIVE_INFINITY);
    expect(await whole({ kind: "gradient" })).toEqual({ finding: { verdict: "notFinite" } });
  });

  it("says nothing about a step that is over", async () => {
    const { part } = await examine();
    expect(await part({ step: 6 })).toEqual({ finding: { verdict: "unable", detail: "the step is over" } });
  });

  it("is not opened where a microbatch would take most of the free memory", async () => {
    await expect(examine(100)).rejects.toThrow("a microbatch takes 1 MiB of memory, and 1 MiB are free");
  });
});
