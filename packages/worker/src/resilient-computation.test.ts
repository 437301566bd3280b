import { open } from "@tributary/kernels";
import { crc32 } from "@tributary/protocol";
import { beforeEach, describe, expect, it } from "vitest";
import type { DeviceComputation, LeaseOutcome, LeaseSpan } from "./computation.ts";
import { WorkerError } from "./errors.ts";
import { LocalComputation } from "./local-computation.ts";
import { ResilientComputation } from "./resilient-computation.ts";
import type { DeviceEvent } from "./session-event.ts";
import { type Fault, FragileGpu } from "./testing/fragile-gpu.ts";
import { ManualClock } from "./testing/manual-clock.ts";
import { HELLO, leaseOf, PARAMETERS, settle, start } from "./testing/session-bench.ts";
import { createTinyRun } from "./testing/tiny-run.ts";

const run = createTinyRun(12, 5, [2]);
const EVALUATE: LeaseSpan = { step: 4, kind: "evaluate", epoch: 0, start: 0, end: 5 };
const GRADIENT: LeaseSpan = { step: 4, kind: "gradient", epoch: 1, start: 3, end: 8 };
/** x0 is 0 + 10 + 20 + 30 + 40; x . p = x0 + 2: see lease-runner.test.ts. */
const EVALUATION = [110, 5, 5];

let clock: ManualClock;
let events: DeviceEvent[];
let gpus: FragileGpu[];

beforeEach(() => {
  clock = new ManualClock();
  events = [];
  gpus = [];
});

const sentences = () => events.map(({ sentence }) => sentence);

async function openCpu(): Promise<DeviceComputation> {
  return new LocalComputation({ device: await open("reference"), fetchBlob: run.fetchBlob, clock, crc32 });
}

function openResilient(fault: Fault, openFails: (attempt: number) => boolean = () => false) {
  let attempt = 0;
  return ResilientComputation.open({
    openGpu: async () => {
      attempt += 1;
      if (openFails(attempt)) throw new WorkerError("THREAD_FAILED", "There is no GPU any more: reset it");
      const gpu = await FragileGpu.open(run.fetchBlob, clock, fault);
      gpus.push(gpu);
      return gpu;
    },
    openCpu,
    clock,
    onEvent: (event) => events.push(event),
  });
}

async function ready(computation: DeviceComputation): Promise<void> {
  await computation.prepare(run.welcome);
  await hold(computation);
}

function hold(computation: DeviceComputation): Promise<void> {
  const bytes = computation.allocate(PARAMETERS.byteLength);
  bytes.set(new Uint8Array(PARAMETERS.buffer));
  return computation.setParameters(4, "float32", bytes);
}

function sumsOf(outcome: LeaseOutcome): number[] {
  return [...new Float32Array(outcome.sums.slice().buffer)];
}

/** Fails the first `count` times that an operation is asked for. */
function failing(operation: string, count: number, code: "DEVICE_LOST" | "OUT_OF_MEMORY" = "DEVICE_LOST"): Fault {
  let left = count;
  return (asked) => {
    if (asked !== operation || left === 0) return null;
    left -= 1;
    return code;
  };
}

describe("what a computation begins with", () => {
  it("the GPU, by name", async () => {
    const computation = await openResilient(() => null);
    expect(computation).toMatchObject({ backend: "webgpu", arithmeticClass: "webgpu-test", adapter: "Test GPU" });
    expect(sentences()).toEqual(["Computing on the GPU Test GPU"]);
  });

  it("the GPU, with what of it is left unused", async () => {
    const openGpu = async () => {
      const gpu = await FragileGpu.open(run.fetchBlob, clock, () => null);
      return Object.assign(gpu, { remark: "its subgroups are left unused, because they exchange wrong values" });
    };
    const onEvent = (event: DeviceEvent) => events.push(event);
    await ResilientComputation.open({ openGpu, openCpu, clock, onEvent });
    expect(sentences()).toEqual([
      "Computing on the GPU Test GPU; its subgroups are left unused, because they exchange wrong values",
    ]);
  });

  it("the CPU where the GPU computes wrong, with the reason in words", async () => {
    const openGpu = () =>
      Promise.reject(new WorkerError("DEVICE_WRONG", "This GPU computes convolutions wrong: update its driver"));
    const onEvent = (event: DeviceEvent) => events.push(event);
    const computation = await ResilientComputation.open({ openGpu, openCpu, clock, onEvent });
    expect(computation.backend).toBe("reference");
    expect(sentences()).toEqual(["This GPU computes convolutions wrong, so the CPU is used"]);
    const required = ResilientComputation.open({ openGpu, openCpu, gpuRequired: true, clock, onEvent });
    await expect(required).rejects.toMatchObject({ code: "DEVICE_WRONG" });
  });
});

describe("a lost device", () => {
  it("is opened anew, gets program and parameters again, and computes the same lease", async () => {
    const computation = await openResilient(failing("run", 1));
    await ready(computation);
    expect(sumsOf(await computation.run(EVALUATE, 1_000))).toEqual(EVALUATION);
    expect(gpus.map(({ asked }) => asked)).toEqual([
      ["prepare", "setParameters", "run"],
      ["prepare", "setParameters", "run"],
    ]);
    expect(gpus.map(({ isDisposed }) => isDisposed)).toEqual([true, false]);
    expect(sentences().at(-1)).toBe(
      "The test GPU failed (DEVICE_LOST), and was opened again: the same lease is computed once more",
    );
  });

  it("while parameters are put, with a lease right behind them: both come to an end", async () => {
    const computation = await openResilient(failing("setParameters", 1));
    await computation.prepare(run.welcome);
    const [, outcome] = await Promise.all([hold(computation), computation.run(EVALUATE, 1_000)]);
    expect(sumsOf(outcome)).toEqual(EVALUATION);
    expect(gpus.length).toBe(2);
  });

  it("three times within ten minutes makes it the CPU's turn, said in words; the session joins again", async () => {
    const computation = await openResilient(failing("run", 3));
    await ready(computation);
    await expect(computation.run(EVALUATE, 1_000)).rejects.toMatchObject({ code: "DEVICE_CHANGED" });
    expect(computation).toMatchObject({ backend: "reference", adapter: null });
    expect(sentences().at(-1)).toMatch(/for the third time within ten minutes: the CPU is used from now on$/);
    await hold(computation);
    expect(sumsOf(await computation.run(EVALUATE, 1_000))).toEqual(EVALUATION);
    expect(gpus.every(({ isDisposed }) => isDisposed)).toBe(true);
  });

  it("every six minutes is put up with", async () => {
    let runs = 0;
    const computation = await openResilient((operation) => {
      if (operation === "run") runs += 1;
      return operation === "run" && runs % 2 === 1 ? "DEVICE_LOST" : null;
    });
    await ready(computation);
    for (let loss = 0; loss < 5; loss++) {
      clock.advance(360_000);
      expect(sumsOf(await computation.run(EVALUATE, 1_000))).toEqual(EVALUATION);
    }
    expect(computation.backend).toBe("webgpu");
  });

  it("that cannot be opened again is tried twice more, two seconds apart", async () => {
    const computation = await openResilient(failing("run", 1), (attempt) => attempt > 1);
    await ready(computation);
    const running = computation.run(EVALUATE, 10_000);
    running.catch(() => {});
    await settle();
    clock.advance(2_000);
    await settle();
    await expect(running).rejects.toMatchObject({ code: "DEVICE_CHANGED" });
    expect(sentences().at(-1)).toMatch(/cannot be opened again: the CPU is used from now on$/);
  });

  it("[L7] does not compute a lease again that was stopped meanwhile", async () => {
    let computation: ResilientComputation | null = null;
    const opened = await openResilient((operation) => {
      if (operation !== "run") return null;
      computation?.stop();
      return "DEVICE_LOST";
    });
    computation = opened;
    await ready(opened);
    await expect(opened.run(EVALUATE, 1_000)).rejects.toMatchObject({ code: "LEASE_STOPPED" });
    expect(gpus[1]?.asked).toEqual(["prepare", "setParameters"]);
  });
});

describe("a GPU that refuses what every GPU must do", () => {
  it("is left for the CPU at once, said in words", async () => {
    const computation = await openResilient((operation) => (operation === "run" ? "DEVICE_FAILED" : null));
    await ready(computation);
    await expect(computation.run(EVALUATE, 1_000)).rejects.toMatchObject({ code: "DEVICE_CHANGED" });
    expect(sentences().at(-1)).toBe("The test GPU failed (DEVICE_FAILED), so the CPU is used from now on");
    await hold(computation);
    expect(sumsOf(await computation.run(EVALUATE, 1_000))).toEqual(EVALUATION);
  });
});

describe("too little memory", () => {
  const tooSmallFor =
    (parts: number): Fault =>
    (operation, gpu) =>
      operation === "prepare" && gpu.parts < parts ? "OUT_OF_MEMORY" : null;

  it("[L11] a microbatch is computed in parts: the same sums, counted in whole microbatches", async () => {
    const whole = await openCpu();
    await ready(whole);
    const computation = await openResilient(tooSmallFor(2));
    await expect(computation.prepare(run.welcome)).rejects.toMatchObject({ code: "DEVICE_CHANGED" });
    expect(computation.arithmeticClass).toBe("webgpu-test-m2");
    expect(sentences().at(-1)).toBe("There is too little memory for a whole microbatch, so it is computed in 2 parts");
    await ready(computation);
    const [expected, found] = [await whole.run(GRADIENT, 1_000), await computation.run(GRADIENT, 1_000)];
    expect(found.microbatches).toBe(3);
    expect(sumsOf(found)).toEqual(sumsOf(expected));
    const gradient = ({ gradient }: LeaseOutcome) => [
      ...new Float32Array((gradient?.bytes ?? new Uint8Array(0)).slice().buffer),
    ];
    // The last element counts runs of the program: five samples are three microbatches, but five parts of one sample.
    expect(gradient(found).slice(0, 3)).toEqual(gradient(expected).slice(0, 3));
    expect([gradient(expected)[3], gradient(found)[3]]).toEqual([22.5, 37.5]);
  });

  it("[L3] a lease whose time is up comes back with whole microbatches, not with parts", async () => {
    const computation = await openResilient(tooSmallFor(2));
    await expect(computation.prepare(run.welcome)).rejects.toMatchObject({ code: "DEVICE_CHANGED" });
    await ready(computation);
    const outcome = await computation.run(EVALUATE, 0);
    // Two samples: 0 + 10, and 2 each.
    expect([outcome.microbatches, ...sumsOf(outcome)]).toEqual([1, 14, 2, 2]);
  });

  it("even for the smallest parts: the CPU, with whole microbatches", async () => {
    const computation = await openResilient((operation) => (operation === "prepare" ? "OUT_OF_MEMORY" : null));
    await expect(computation.prepare(run.welcome)).rejects.toMatchObject({ code: "DEVICE_CHANGED" });
    expect(computation).toMatchObject({ backend: "reference", arithmeticClass: "reference-float32" });
    expect(sentences().at(-1)).toMatch(/so the CPU is used from now on$/);
    await ready(computation);
    expect(sumsOf(await computation.run(EVALUATE, 1_000))).toEqual(EVALUATION);
  });

  it("for a run whose microbatches have no parts (batch normalisation has none): the CPU at once, said in words", async () => {
    const computation = await openResilient((operation) => (operation === "prepare" ? "OUT_OF_MEMORY" : null));
    await expect(computation.prepare({ ...run.welcome, variants: [] })).rejects.toMatchObject({
      code: "DEVICE_CHANGED",
    });
    expect(gpus.map(({ asked }) => asked)).toEqual([["prepare"]]);
    expect(sentences().at(-1)).toBe(
      "The GPU has too little memory for a microbatch of this run, which cannot be computed in parts, so the CPU is used from now on",
    );
  });

  it("for the model itself, which no part of a microbatch makes smaller: the CPU at once", async () => {
    const computation = await openResilient((operation) => (operation === "prepare" ? "MODEL_TOO_LARGE" : null));
    await expect(computation.prepare(run.welcome)).rejects.toMatchObject({ code: "DEVICE_CHANGED" });
    expect(gpus.map(({ asked }) => asked)).toEqual([["prepare"]]);
    expect(sentences().at(-1)).toBe("The test GPU failed (MODEL_TOO_LARGE), so the CPU is used from now on");
    await ready(computation);
    expect(sumsOf(await computation.run(EVALUATE, 1_000))).toEqual(EVALUATION);
  });

  it("in the middle of a lease: the parts from then on", async () => {
    const computation = await openResilient(failing("run", 1, "OUT_OF_MEMORY"));
    await ready(computation);
    await expect(computation.run(EVALUATE, 1_000)).rejects.toMatchObject({ code: "DEVICE_CHANGED" });
    await hold(computation);
    expect(sumsOf(await computation.run(EVALUATE, 1_000))).toEqual(EVALUATION);
    expect(gpus.map(({ parts }) => parts)).toEqual([2]);
  });
});

describe("a session whose device changes", () => {
  it("[J6] gives the lease back, and joins again by itself as what it is now", async () => {
    const computation = await openResilient(failing("run", 3));
    const hello = {
      ...HELLO,
      get backend() {
        return computation.backend;
      },
    };
    const { coordinator, clock: sessionClock } = await start({ computation, hello });
    expect((await coordinator.hear("hello")).backend).toBe("webgpu");
    coordinator.say(run.welcome);
    coordinator.sayParameters(0, PARAMETERS);
    await coordinator.hear("ready");
    coordinator.say(leaseOf(1));
    expect(await coordinator.hear("decline")).toMatchObject({ lease: 1, reason: "leaving" });
    expect((await coordinator.hear("leave")).reason).toContain("reference");
    await settle();
    sessionClock.advance(30_000);
    expect(await coordinator.hear("hello")).toMatchObject({ backend: "reference", resume: "w1" });
    coordinator.say(run.welcome);
    coordinator.sayParameters(0, PARAMETERS);
    await coordinator.hear("ready");
    coordinator.say(leaseOf(2));
    expect(await coordinator.hear("result")).toMatchObject({ lease: 2, microbatches: 2 });
  });
});
