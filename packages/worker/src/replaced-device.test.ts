import { describe, expect, it } from "vitest";
import type { LeaseSpan, RunSetup } from "./computation.ts";
import { WorkerError } from "./errors.ts";
import { LossRecord } from "./losses.ts";
import { ResilientComputation } from "./resilient-computation.ts";
import { ManualClock } from "./testing/manual-clock.ts";
import { type Script, ScriptedDevice } from "./testing/scripted-device.ts";
import { settle } from "./testing/session-bench.ts";

const LEASE: LeaseSpan = { step: 4, kind: "gradient", epoch: 0, start: 8, end: 16 };
const PROGRAMS = { gradient: "a".repeat(64), evaluate: null };
const SETUP: RunSetup = {
  run: "r1",
  programs: PROGRAMS,
  variants: [{ microbatch: 4, programs: PROGRAMS }],
  manifest: "b".repeat(64),
  microbatch: 8,
  codec: "float32",
  seed: 1,
  layout: { hash: "c".repeat(64), parameterLength: 1, trainableLength: 1, statisticsLength: 0, bufferLength: 0 },
};

/** An error as a device has it. */
function trouble(code: string): Error {
  return Object.assign(new Error(`The device has ${code}: nothing can be done`), { code });
}

/** A script that fails once, when it is asked for this. */
function failingOnce(operation: string, code = "DEVICE_LOST", before: () => void = () => {}): Script {
  let isDone = false;
  return (asked) => {
    if (asked !== operation || isDone) return;
    isDone = true;
    before();
    throw trouble(code);
  };
}

/** A computation on GPUs that all follow one script. @param beforeGpu awaited before a GPU is opened; throws to refuse it */
async function bench(script: Script, beforeGpu: (number: number) => void | Promise<void> = () => {}) {
  const clock = new ManualClock();
  const gpus: ScriptedDevice[] = [];
  const cpus: ScriptedDevice[] = [];
  let attempts = 0;
  const computation = await ResilientComputation.open({
    openGpu: async () => {
      attempts += 1;
      await beforeGpu(attempts);
      const gpu = new ScriptedDevice("webgpu", script);
      gpus.push(gpu);
      return gpu;
    },
    openCpu: async () => {
      const cpu = new ScriptedDevice("wasm");
      cpus.push(cpu);
      return cpu;
    },
    clock,
    onEvent: () => {},
  });
  const hold = (step: number, ...values: readonly number[]) => {
    const bytes = computation.allocate(values.length);
    bytes.set(values);
    return computation.setParameters(step, "float32", bytes);
  };
  return { computation, clock, gpus, cpus, hold, attempts: () => attempts };
}

describe("losses within ten minutes", () => {
  it.each([
    ["the third, a millisecond before the first is ten minutes old", [0, 300_000, 599_999], [false, false, true]],
    ["the third, when the first is ten minutes old", [0, 300_000, 600_000], [false, false, false]],
    [
      "the fourth, with two others in the ten minutes before it",
      [0, 300_000, 600_000, 899_999],
      [false, false, false, true],
    ],
  ])("are too many with %s", (_, times, expected) => {
    const losses = new LossRecord();
    expect(times.map((timeMs) => losses.isTooMuch(timeMs))).toEqual(expected);
  });
});

describe("a device that takes the place of a lost one", () => {
  it("is given the parameters once when they were lost on their way", async () => {
    const { computation, gpus, hold } = await bench(failingOnce("parameters 4"));
    await computation.prepare(SETUP);
    await hold(4, 1, 2, 3);
    expect(gpus.map(({ asked }) => asked)).toEqual([
      ["prepare r1 in 1", "parameters 4", "dispose"],
      ["prepare r1 in 1", "parameters 4"],
    ]);
  });

  it("is given them as they came, whatever became of the memory that they came in", async () => {
    const { computation, gpus } = await bench(failingOnce("run 8"));
    await computation.prepare(SETUP);
    const bytes = computation.allocate(3);
    bytes.set([1, 2, 3]);
    await computation.setParameters(4, "float32", bytes);
    bytes.fill(9);
    await computation.run(LEASE, 1_000);
    expect(gpus[1]?.parameters).toEqual({ values: [1, 2, 3], isOwn: true });
  });

  it("is given later ones in memory of its own, because pools take back only what is theirs", async () => {
    const { computation, gpus } = await bench(failingOnce("run 8"));
    await computation.prepare(SETUP);
    const early = computation.allocate(2);
    early.set([5, 6]);
    await computation.run(LEASE, 1_000);
    await computation.setParameters(5, "float32", early);
    expect(gpus[1]?.parameters).toEqual({ values: [5, 6], isOwn: true });
  });

  it("[L3] has for the same lease the time that is left of it", async () => {
    let pass = () => {};
    const { computation, clock, gpus } = await bench(failingOnce("run 8", "DEVICE_LOST", () => pass()));
    pass = () => clock.advance(400);
    await computation.prepare(SETUP);
    await computation.run(LEASE, 1_000);
    expect(gpus.map(({ milliseconds }) => milliseconds)).toEqual([1_000, 600]);
  });

  it("does not get back what the lost one had made", async () => {
    let runs = 0;
    const { computation, gpus } = await bench((asked) => {
      if (!asked.startsWith("run")) return;
      runs += 1;
      if (runs === 2) throw trouble("DEVICE_LOST");
    });
    await computation.prepare(SETUP);
    const first = await computation.run(LEASE, 1_000);
    const second = await computation.run(LEASE, 1_000);
    computation.release(first);
    expect(gpus.flatMap(({ asked }) => asked)).not.toContain("release");
    computation.release(second);
    expect(gpus[1]?.asked.at(-1)).toBe("release");
  });

  it("is looked for two seconds after an attempt that failed", async () => {
    const { computation, clock, attempts } = await bench(failingOnce("run 8"), (number) => {
      if (number === 2) throw new WorkerError("THREAD_FAILED", "There is no GPU now: wait");
    });
    await computation.prepare(SETUP);
    const running = computation.run(LEASE, 10_000);
    await settle();
    expect(attempts()).toBe(2);
    clock.advance(1_999);
    await settle();
    expect(attempts()).toBe(2);
    clock.advance(1);
    await running;
    expect([attempts(), computation.backend]).toEqual([3, "webgpu"]);
  });

  it("is given back unused when everything ends while it is opened", async () => {
    const opening = Promise.withResolvers<void>();
    const { computation, gpus } = await bench(failingOnce("run 8"), (number) =>
      number === 2 ? opening.promise : undefined,
    );
    await computation.prepare(SETUP);
    const running = computation.run(LEASE, 1_000);
    const failed = expect(running).rejects.toMatchObject({ code: "DEVICE_LOST" });
    await settle();
    const disposed = computation.dispose();
    opening.resolve();
    await failed;
    await disposed;
    expect(gpus[1]?.asked).toEqual(["dispose"]);
  });
});

describe("a device of another arithmetic class", () => {
  it("[J6] gets no parameters of before: they come again with the next hello", async () => {
    const { computation, cpus, hold } = await bench(failingOnce("run 8", "DEVICE_FAILED"));
    await computation.prepare(SETUP);
    await hold(4, 1);
    await expect(computation.run(LEASE, 1_000)).rejects.toMatchObject({ code: "DEVICE_CHANGED" });
    expect(cpus.map(({ asked }) => asked)).toEqual([["prepare r1 in 1"]]);
  });

  it("[L11] is prepared once for the parts of a microbatch, though the session prepares it again when it has joined", async () => {
    const { computation, gpus } = await bench(failingOnce("prepare r1 in 1", "OUT_OF_MEMORY"));
    await expect(computation.prepare(SETUP)).rejects.toMatchObject({ code: "DEVICE_CHANGED" });
    expect(computation.arithmeticClass).toBe("webgpu-m2");
    await computation.prepare(SETUP);
    expect(gpus.map(({ asked }) => asked)).toEqual([["prepare r1 in 1", "prepare r1 in 2"]]);
  });

  it("[L11] tries whole microbatches again for another run, and says first that it does", async () => {
    const { computation, gpus } = await bench(failingOnce("prepare r1 in 1", "OUT_OF_MEMORY"));
    await expect(computation.prepare(SETUP)).rejects.toMatchObject({ code: "DEVICE_CHANGED" });
    const other = { ...SETUP, run: "r2" };
    await expect(computation.prepare(other)).rejects.toMatchObject({ code: "DEVICE_CHANGED" });
    expect(computation.arithmeticClass).toBe("webgpu");
    await computation.prepare(other);
    expect(gpus[0]?.asked.at(-1)).toBe("prepare r2 in 1");
  });
});
