import { open } from "@tributary/kernels";
import { CLOSE_CODES, crc32, encodeChunkFrame, type LeaseMessage } from "@tributary/protocol";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Computation } from "./computation.ts";
import { WorkerError } from "./errors.ts";
import { LocalComputation } from "./local-computation.ts";
import { WorkerSession } from "./session.ts";
import type { SessionEvent } from "./session-event.ts";
import type { SessionOptions } from "./session-options.ts";
import { FakeCoordinator } from "./testing/fake-coordinator.ts";
import { ManualClock } from "./testing/manual-clock.ts";
import { createTinyRun } from "./testing/tiny-run.ts";

const run = createTinyRun(12, 4);
const PARAMETERS = new Float32Array([1, 2, 0, 0, 0.5]);
const HELLO = {
  protocol: 1,
  programFormats: [1],
  operations: null,
  run: null,
  name: "tester",
  backend: "reference",
  arithmeticClass: "reference",
  threads: 1,
  codecs: ["float32", "float16"],
};

function lease(id: number, change: Partial<LeaseMessage> = {}): LeaseMessage {
  const base = { type: "lease", lease: id, step: 0, kind: "gradient", epoch: 0, start: 0, end: 4 } as const;
  return { ...base, milliseconds: 1_000, ...change };
}

/** Lets everything that is ready to happen, happen. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

interface Bench {
  readonly coordinator: FakeCoordinator;
  readonly clock: ManualClock;
  readonly session: WorkerSession;
  readonly events: SessionEvent[];
  readonly ended: ReturnType<WorkerSession["run"]>;
}

async function start(
  change: Partial<SessionOptions> = {},
  prepare: (c: FakeCoordinator) => void = () => {},
): Promise<Bench> {
  const coordinator = new FakeCoordinator();
  prepare(coordinator);
  const clock = new ManualClock();
  const events: SessionEvent[] = [];
  const computation =
    change.computation ??
    new LocalComputation({ device: await open("reference"), fetchBlob: run.fetchBlob, clock, crc32 });
  const session = new WorkerSession({
    connect: coordinator.connect,
    clock,
    random: () => 0.5,
    crc32,
    hello: HELLO,
    firstAttemptsMax: 3,
    onEvent: (event) => events.push(event),
    ...change,
    computation,
  });
  return { coordinator, clock, session, events, ended: session.run() };
}

/** A session that holds the parameters of step 0. */
async function join(change: Partial<SessionOptions> = {}): Promise<Bench> {
  const bench = await start(change);
  await bench.coordinator.hear("hello");
  bench.coordinator.say(run.welcome);
  bench.coordinator.sayParameters(0, PARAMETERS);
  await bench.coordinator.hear("ready");
  return bench;
}

/** A computation that does nothing until it is told to; what it is asked for is kept. */
class SlowComputation implements Computation {
  readonly asked: string[] = [];
  finish: () => void = () => {};
  #fail: (error: Error) => void = () => {};

  prepare(): Promise<void> {
    this.asked.push("prepare");
    return Promise.resolve();
  }
  allocate(byteLength: number): Uint8Array {
    return new Uint8Array(byteLength);
  }
  setParameters(step: number): Promise<void> {
    this.asked.push(`parameters ${step}`);
    return Promise.resolve();
  }
  run(span: LeaseMessage) {
    this.asked.push(`run ${span.lease}`);
    return new Promise<Awaited<ReturnType<Computation["run"]>>>((resolve, reject) => {
      const bytes = new Uint8Array(16);
      const gradient = { bytes, elements: 4, crc32: crc32(bytes) };
      this.finish = () => resolve({ microbatches: 2, milliseconds: 5, gradient, sums: new Uint8Array(12) });
      this.#fail = reject;
    });
  }
  stop(): void {
    this.asked.push("stop");
    this.#fail(new WorkerError("LEASE_STOPPED", "Stopped"));
  }
  dispose(): Promise<void> {
    return Promise.resolve();
  }
}

describe("joining", () => {
  it("[J1] says hello first, then after welcome and parameters that it is ready", async () => {
    const { coordinator, events } = await start();
    expect(await coordinator.hear("hello")).toEqual({ type: "hello", ...HELLO, resume: null });
    coordinator.say(run.welcome);
    coordinator.sayParameters(7, PARAMETERS);
    expect(await coordinator.hear("ready")).toEqual({ type: "ready", step: 7 });
    expect(events.map((event) => event.type)).toEqual(["connecting", "joined", "ready"]);
  });

  it("[J3] a program that is not what its hash says ends the session as failed, and the worker leaves", async () => {
    const other = { ...run.welcome, programs: { gradient: "1".repeat(64), evaluate: null } };
    const { coordinator, ended } = await start();
    await coordinator.hear("hello");
    coordinator.say(other);
    await coordinator.hear("leave");
    expect(await ended).toMatchObject({ reason: "failed" });
  });

  it("[J2] refused for good ends the session with the coordinator's words; full is tried again", async () => {
    const { coordinator, ended, clock, events } = await start();
    await coordinator.hear("hello");
    coordinator.say({ type: "refused", code: "FULL", message: "No room", remedy: "Try again" });
    await settle();
    expect(events.at(-1)).toMatchObject({ type: "disconnected" });
    clock.advance(30_000);
    await coordinator.hear("hello");
    coordinator.say({ type: "refused", code: "QUARANTINED", message: "Too many", remedy: "Mend it" });
    expect(await ended).toMatchObject({ reason: "refused", code: "QUARANTINED", message: "Too many: Mend it" });
  });

  it("[J7] finish ends the session", async () => {
    const { coordinator, ended } = await join();
    coordinator.say({ type: "finish", reason: "all epochs are done" });
    expect(await ended).toMatchObject({ reason: "finished", message: "all epochs are done" });
  });

  it.each([
    ["a lease before welcome", CLOSE_CODES.policy.code, (c: FakeCoordinator) => c.say(lease(1))],
    ["bytes that are no frame", CLOSE_CODES.badData.code, (c: FakeCoordinator) => c.sayBytes(new Uint8Array(40))],
    ["a chunk of nothing", 1007, (c: FakeCoordinator) => c.sayBytes(encodeChunkFrame(1, 0, new Uint8Array(8)))],
    ["welcome with a codec not offered", 1007, (c: FakeCoordinator) => c.say({ ...run.welcome, codec: "zip" })],
  ])("[E1] %s closes the connection with %i, and the worker comes back", async (_, code, act) => {
    const { coordinator, clock } = await start();
    await coordinator.hear("hello");
    act(coordinator);
    await settle();
    expect(coordinator.closedWith).toEqual([code]);
    clock.advance(30_000);
    await coordinator.hear("hello");
  });

  it("[T1] parameters of another size than the layout's close the connection with 1009", async () => {
    const { coordinator } = await start();
    await coordinator.hear("hello");
    coordinator.say(run.welcome);
    coordinator.sayParameters(0, new Float32Array(6));
    await settle();
    expect(coordinator.closedWith).toEqual([CLOSE_CODES.tooBig.code]);
  });

  it("[T5] new parameters replace ones whose chunks are still coming", async () => {
    const { coordinator } = await start();
    await coordinator.hear("hello");
    coordinator.say(run.welcome);
    const tensor = { transfer: 0, byteLength: 20, elements: 5, codec: "float32", crc32: 1 };
    // The fake coordinator numbers its own transfers from 1 on; this one is announced first, and never sent.
    coordinator.say({ type: "parameters", step: 0, tensor: { ...tensor, transfer: 1 } });
    coordinator.sayBytes(encodeChunkFrame(1, 0, new Uint8Array(8)));
    coordinator.skipTransfers(1);
    coordinator.sayParameters(1, PARAMETERS);
    expect(await coordinator.hear("ready")).toEqual({ type: "ready", step: 1 });
  });
});

describe("leases", () => {
  it("[L4] a gradient waits for credit; then the contribution and its chunks are sent", async () => {
    const { coordinator, events } = await join();
    coordinator.say(lease(41));
    const result = await coordinator.hear("result");
    expect(result).toMatchObject({ lease: 41, step: 0, microbatches: 2, codec: "float32", byteLength: 16 });
    await settle();
    expect(coordinator.chunks).toEqual([]);
    coordinator.say({ type: "credit", lease: 41, step: 0 });
    const contribution = await coordinator.hear("contribution");
    await settle();
    const bytes = coordinator.chunks[0]?.bytes ?? new Uint8Array(0);
    expect(contribution).toMatchObject({ lease: 41, microbatches: 2, tensor: { transfer: 1, elements: 4 } });
    expect(contribution.tensor.crc32).toBe(crc32(bytes));
    // Four samples: two microbatches of step 0 + seed 3 + b 0.5, and a weight of 4 in all.
    expect(new Float32Array(bytes.slice().buffer)[3]).toBe(7);
    expect(new Float32Array(contribution.sums.slice().buffer)[1]).toBe(4);
    expect(events.slice(-2).map((event) => event.type)).toEqual(["computed", "sent"]);
  });

  it("[L5] an evaluation needs no credit", async () => {
    const { coordinator } = await join();
    coordinator.say(lease(5, { kind: "evaluate" }));
    const { sums } = await coordinator.hear("evaluation");
    // x0 is 0, 10, 20, 30 and x . p = x0 + 2.
    expect([...new Float32Array(sums.slice().buffer)]).toEqual([68, 4, 4]);
  });

  it("[L2] a lease of a step whose parameters are not here is declined as stale", async () => {
    const { coordinator } = await join();
    coordinator.say(lease(6, { step: 1 }));
    expect(await coordinator.hear("decline")).toMatchObject({ lease: 6, step: 1, reason: "stale" });
  });

  it("[L2] the fifth lease at a time is declined as busy", async () => {
    const { coordinator } = await join({ computation: new SlowComputation() });
    for (let id = 1; id <= 5; id++) coordinator.say(lease(id));
    expect(await coordinator.hear("decline")).toMatchObject({ lease: 5, reason: "busy" });
  });

  it("[L3] the time a lease waited for its turn counts", async () => {
    const computation = new SlowComputation();
    const runs = vi.spyOn(computation, "run");
    const { coordinator, clock } = await join({ computation });
    coordinator.say(lease(1));
    coordinator.say(lease(2));
    await settle();
    clock.advance(400);
    computation.finish();
    await settle();
    expect(runs.mock.calls.map((call) => (call as unknown[])[1])).toEqual([1_000, 600]);
  });

  it("[L6] a shard that cannot be fetched gives the lease back with data", async () => {
    let hashes = 0;
    const fetchBlob = (hash: string) => {
      hashes += 1;
      // The first three blobs are the manifest and the two programs.
      return hashes <= 3 ? run.fetchBlob(hash) : Promise.reject(new WorkerError("BLOB_UNREACHABLE", "Gone"));
    };
    const clock = new ManualClock();
    const computation = new LocalComputation({ device: await open("reference"), fetchBlob, clock, crc32 });
    const { coordinator } = await join({ computation });
    coordinator.say(lease(1));
    expect(await coordinator.hear("decline")).toMatchObject({ lease: 1, reason: "data", detail: "Gone" });
  });

  it("[L7] cancel stops a lease that is computed, and drops one that is queued or waits", async () => {
    const computation = new SlowComputation();
    const { coordinator } = await join({ computation });
    for (const id of [1, 2, 3]) coordinator.say(lease(id));
    await settle();
    computation.finish();
    await coordinator.hear("result");
    await settle();
    expect(computation.asked.slice(-2)).toEqual(["run 1", "run 2"]);
    for (const id of [1, 2, 3]) {
      coordinator.say({ type: "cancel", lease: id, step: 0, reason: "deadline" });
      expect(await coordinator.hear("decline")).toMatchObject({ lease: id, reason: "cancelled" });
    }
    await settle();
    expect(computation.asked.at(-1)).toBe("stop");
    coordinator.say({ type: "credit", lease: 1, step: 0 });
    await settle();
    expect(coordinator.heard).toEqual([]);
  });

  it("[L8] a rejected lease is dropped without a word", async () => {
    const { coordinator } = await join();
    coordinator.say(lease(1));
    await coordinator.hear("result");
    coordinator.say({ type: "rejected", lease: 1, code: "STALE_STEP", step: 1 });
    coordinator.say({ type: "credit", lease: 1, step: 0 });
    await settle();
    expect(coordinator.heard).toEqual([]);
  });

  it("[L10] new parameters do not void a result that waits for credit", async () => {
    const { coordinator } = await join();
    coordinator.say(lease(1));
    await coordinator.hear("result");
    coordinator.sayParameters(1, PARAMETERS);
    await coordinator.hear("ready");
    coordinator.say({ type: "credit", lease: 1, step: 0 });
    expect(await coordinator.hear("contribution")).toMatchObject({ lease: 1, step: 0 });
  });

  it("a lease is computed while another's gradient is sent slowly", async () => {
    const { coordinator } = await join();
    coordinator.say(lease(1));
    await coordinator.hear("result");
    coordinator.room = 0;
    coordinator.say({ type: "credit", lease: 1, step: 0 });
    coordinator.say(lease(2));
    await coordinator.hear("contribution");
    await coordinator.hear("result");
    expect(coordinator.chunks).toEqual([]);
    coordinator.makeRoom();
    await settle();
    expect(coordinator.chunks.length).toBe(1);
  });
});

describe("coming back", () => {
  it("[E4] connects again after a random time, resumes, and goes on with the current parameters", async () => {
    const { coordinator, clock, events } = await join();
    coordinator.say(lease(1));
    await coordinator.hear("result");
    coordinator.close(1006);
    await settle();
    expect(events.at(-1)).toMatchObject({ type: "disconnected", retryMilliseconds: 250 });
    clock.advance(250);
    expect(await coordinator.hear("hello")).toMatchObject({ resume: "w1" });
    coordinator.say({ ...run.welcome, worker: "w2", step: 3 });
    coordinator.sayParameters(3, PARAMETERS);
    expect(await coordinator.hear("ready")).toEqual({ type: "ready", step: 3 });
    coordinator.say({ type: "credit", lease: 1, step: 0 });
    coordinator.say(lease(2, { step: 3 }));
    expect(await coordinator.hear("result")).toMatchObject({ lease: 2 });
  });

  it("[E4] programs are prepared once, and again only for another run", async () => {
    const computation = new SlowComputation();
    const { coordinator, clock } = await join({ computation });
    for (const welcome of [run.welcome, { ...run.welcome, run: "other" }]) {
      coordinator.close(1012);
      await settle();
      clock.advance(30_000);
      await coordinator.hear("hello");
      coordinator.say(welcome);
      await settle();
    }
    expect(computation.asked.filter((what) => what === "prepare").length).toBe(2);
  });

  it("[E4] waits double from half a second up to 30 s, and a welcome takes them back", async () => {
    const waits: number[] = [];
    const onEvent = (event: SessionEvent) => {
      if (event.type === "disconnected") waits.push(event.retryMilliseconds);
    };
    const { coordinator, clock } = await start({ firstAttemptsMax: 100, onEvent }, (c) => {
      c.failures = 9;
    });
    for (let attempt = 0; attempt < 9; attempt++) {
      await settle();
      clock.advance(30_000);
    }
    expect(waits).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
    await coordinator.hear("hello");
    coordinator.say(run.welcome);
    coordinator.close(1006);
    await settle();
    expect(waits.at(-1)).toBe(250);
  });

  it("[E4] gives up on a coordinator that it never reached, but not on one that it lost", async () => {
    const never = await start({}, (c) => {
      c.failures = 100;
    });
    for (let attempt = 0; attempt < 3; attempt++) {
      await settle();
      never.clock.advance(30_000);
    }
    expect(await never.ended).toMatchObject({ reason: "unreachable", message: "Nobody is here" });

    const lost = await join();
    lost.coordinator.failures = 20;
    lost.coordinator.close(1006);
    for (let attempt = 0; attempt < 21; attempt++) {
      await settle();
      lost.clock.advance(30_000);
    }
    await lost.coordinator.hear("hello");
  });

  it.each([
    [4005, "finished"],
    [4004, "closed"],
    [1009, "closed"],
  ])("[E3] close code %i ends the session as %s", async (code, reason) => {
    const { coordinator, ended } = await join();
    coordinator.close(code);
    expect(await ended).toMatchObject({ reason, code });
  });

  it("[E2] silence closes the connection, after a second look; pings keep it", async () => {
    const { coordinator, clock } = await join();
    for (let minute = 0; minute < 8; minute++) {
      clock.advance(7_500);
      coordinator.ping();
    }
    expect(coordinator.closedWith).toEqual([]);
    clock.advance(15_000);
    expect(coordinator.closedWith).toEqual([]);
    clock.advance(7_500);
    expect(coordinator.closedWith).toEqual([CLOSE_CODES.abnormal.code]);
  });
});

describe("leaving", () => {
  let bench: Bench;
  let computation: SlowComputation;

  beforeEach(async () => {
    computation = new SlowComputation();
    bench = await join({ computation });
  });

  it("[J6] gives leases back, says goodbye, and ends", async () => {
    const { coordinator, session, ended } = bench;
    for (const id of [1, 2, 3]) coordinator.say(lease(id));
    await settle();
    computation.finish();
    await coordinator.hear("result");
    await settle();
    void session.leave("stopped by a signal");
    for (const id of [1, 2, 3])
      expect(await coordinator.hear("decline")).toMatchObject({ lease: id, reason: "leaving" });
    expect(await coordinator.hear("leave")).toEqual({ type: "leave", reason: "stopped by a signal" });
    expect(await ended).toMatchObject({ reason: "left" });
    expect(coordinator.closedWith).toEqual([1000]);
  });

  it("[J6] finishes an upload that has begun", async () => {
    const { coordinator, session, ended } = bench;
    coordinator.say(lease(1));
    await settle();
    computation.finish();
    await coordinator.hear("result");
    coordinator.room = 0;
    coordinator.say({ type: "credit", lease: 1, step: 0 });
    await coordinator.hear("contribution");
    void session.leave("stop");
    await settle();
    expect([coordinator.heard, coordinator.closedWith]).toEqual([[], []]);
    coordinator.makeRoom();
    await coordinator.hear("leave");
    expect(coordinator.chunks.length).toBe(1);
    expect(await ended).toMatchObject({ reason: "left" });
  });

  it("[J6] leaves while it waits to connect again, without waiting", async () => {
    const { coordinator, session, ended, clock } = bench;
    coordinator.close(1006);
    await settle();
    await session.leave("stop");
    expect(await ended).toMatchObject({ reason: "left" });
    expect(clock.timers).toBe(0);
  });
});
