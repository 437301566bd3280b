import { open } from "@tributary/kernels";
import { crc32, float16Codec, float32Codec } from "@tributary/protocol";
import { beforeEach, describe, expect, it } from "vitest";
import type { LeaseSpan } from "./computation.ts";
import { LeaseRunner, seedWords } from "./lease-runner.ts";
import { LocalComputation } from "./local-computation.ts";
import { ManualClock } from "./testing/manual-clock.ts";
import { createTinyRun } from "./testing/tiny-run.ts";
import { tinySamples } from "./testing/tiny-samples.ts";

const TRAIN = 12;
const run = createTinyRun(TRAIN, 5);
const never = () => false;
// p = [1, 2, 0, 0], b = [0.5].
const PARAMETERS = new Uint8Array(new Float32Array([1, 2, 0, 0, 0.5]).buffer);
const GRADIENT: LeaseSpan = { step: 4, kind: "gradient", epoch: 1, start: 3, end: 8 };
const EVALUATE: LeaseSpan = { step: 4, kind: "evaluate", epoch: 0, start: 0, end: 5 };

const samplesAt = (start: number, end: number) => tinySamples(run.welcome.seed, TRAIN, { epoch: 1, start, end });

describe("LeaseRunner", () => {
  let runner: LeaseRunner;

  beforeEach(async () => {
    runner = await LeaseRunner.create(await open("reference"), run.welcome, run.fetchBlob);
    await runner.setParameters(4, "float32", PARAMETERS);
  });

  it("[L1] adds whole microbatches of the epoch's order; the last is padded with weight 0", async () => {
    const samples = samplesAt(3, 8);
    const sumX0 = samples.reduce((sum, { x0 }) => sum + x0, 0);
    const sumIndex = samples.reduce((sum, { index }) => sum + index, 0);
    await runner.begin("gradient");
    expect(runner.microbatchesOf(GRADIENT)).toBe(3);
    expect(await runner.accumulate(GRADIENT, 0, 3, never)).toBe(3);
    // Three microbatches each add step 4 + seed's low word 3 + b 0.5 = 7.5. x . p = x0 + 2.
    expect([...(await runner.collect("gradient"))]).toEqual([sumX0, 5, sumIndex, 22.5, sumX0 + 10, 5, 5]);
  });

  it("[L1] evaluate leases go through the test split in its own order", async () => {
    await runner.begin("evaluate");
    await runner.accumulate(EVALUATE, 0, 3, never);
    // x0 is 0 + 10 + 20 + 30 + 40; x . p = x0 + 2.
    expect([...(await runner.collect("evaluate"))]).toEqual([110, 5, 5]);
  });

  it("[L3] two runners that share a lease's microbatches have the sums of one", async () => {
    const other = await LeaseRunner.create(await open("reference"), run.welcome, run.fetchBlob);
    await other.setParameters(4, "float32", PARAMETERS);
    for (const each of [runner, other]) await each.begin("gradient");
    await runner.accumulate(GRADIENT, 0, 1, never);
    await other.accumulate(GRADIENT, 1, 2, never);
    const [a, b] = [await runner.collect("gradient"), await other.collect("gradient")];
    const sumX0 = samplesAt(3, 8).reduce((sum, { x0 }) => sum + x0, 0);
    expect((a[0] ?? 0) + (b[0] ?? 0)).toBe(sumX0);
    expect((a[6] ?? 0) + (b[6] ?? 0)).toBe(5);
  });

  it("[L3] begin clears the sums of the lease before", async () => {
    await runner.begin("evaluate");
    await runner.accumulate(EVALUATE, 0, 3, never);
    await runner.begin("evaluate");
    await runner.accumulate(EVALUATE, 0, 1, never);
    expect([...(await runner.collect("evaluate"))]).toEqual([14, 2, 2]);
  });

  it("[L2] a lease of another step is refused", async () => {
    await runner.begin("gradient");
    await expect(runner.accumulate({ ...GRADIENT, step: 5 }, 0, 1, never)).rejects.toMatchObject({
      code: "STALE_STEP",
    });
  });

  it("[K3] takes parameters in float16 too", async () => {
    const coded = new Uint8Array(float16Codec.encodedByteLength(5));
    float16Codec.encode(new Float32Array([1, 2, 0, 0, 0.5]), coded);
    await runner.setParameters(4, "float16", coded);
    await runner.begin("evaluate");
    await runner.accumulate(EVALUATE, 0, 3, never);
    expect((await runner.collect("evaluate"))[0]).toBe(110);
  });

  it("a seed's words are its low 32 bits, then the rest", () => {
    expect([...seedWords(2 ** 33 + 3)]).toEqual([3, 2]);
  });
});

describe("LocalComputation", () => {
  async function createComputation(clock = new ManualClock()): Promise<LocalComputation> {
    const computation = new LocalComputation({
      device: await open("reference"),
      fetchBlob: run.fetchBlob,
      clock,
      crc32,
    });
    await computation.prepare(run.welcome);
    await computation.setParameters(4, "float32", PARAMETERS.slice());
    return computation;
  }

  it("[L4] codes the gradient part, with its CRC-32, and leaves the other sums as they are", async () => {
    const computation = await createComputation();
    const outcome = await computation.run(GRADIENT, 1_000);
    const gradient = new Float32Array(4);
    float32Codec.decode(outcome.gradient?.bytes ?? new Uint8Array(0), gradient);
    const sumX0 = samplesAt(3, 8).reduce((sum, { x0 }) => sum + x0, 0);
    expect([gradient[0], gradient[1], gradient[3]]).toEqual([sumX0, 5, 22.5]);
    expect(outcome.gradient).toMatchObject({ elements: 4, crc32: crc32(outcome.gradient?.bytes ?? new Uint8Array(0)) });
    expect([...new Float32Array(outcome.sums.slice().buffer)]).toEqual([sumX0 + 10, 5, 5]);
    expect(outcome.microbatches).toBe(3);
  });

  it("[L3] stops when the time is up, after at least one microbatch: a prefix", async () => {
    const clock = new ManualClock();
    const computation = await createComputation(clock);
    expect((await computation.run(EVALUATE, 0)).microbatches).toBe(1);
    expect((await computation.run(EVALUATE, -5)).microbatches).toBe(1);
    let readings = 0;
    clock.now = () => {
      readings += 10;
      return readings;
    };
    // Read at the start (10), then after the first (20) and the second microbatch (30): 20 ms have passed there.
    expect((await computation.run(EVALUATE, 20)).microbatches).toBe(2);
  });

  it("[L7] breathes between microbatches, and can be stopped there", async () => {
    const computation = await createComputation();
    let breaths = 0;
    const breathe = async () => {
      breaths += 1;
      if (breaths > 2) computation.stop();
    };
    expect((await computation.run(GRADIENT, 1_000, breathe)).microbatches).toBe(3);
    expect(breaths).toBe(2);
    expect((await computation.run(GRADIENT, 1_000, breathe)).microbatches).toBe(1);
  });

  it("[L7] a run that is stopped before its first microbatch fails with LEASE_STOPPED", async () => {
    const computation = await createComputation();
    const running = computation.run(GRADIENT, 1_000);
    computation.stop();
    await expect(running).rejects.toMatchObject({ code: "LEASE_STOPPED" });
    expect((await computation.run(GRADIENT, 1_000)).microbatches).toBe(3);
  });

  it("[J3] nothing is computed before prepare", async () => {
    const device = await open("reference");
    const computation = new LocalComputation({ device, fetchBlob: run.fetchBlob, clock: new ManualClock(), crc32 });
    await expect(computation.run(GRADIENT, 1)).rejects.toMatchObject({ code: "NOT_PREPARED" });
  });
});
