import { open } from "@tributary/kernels";
import { CLOSE_CODES, crc32, encodeChunkFrame } from "@tributary/protocol";
import { beforeEach, describe, expect, it } from "vitest";
import { WorkerError } from "./errors.ts";
import { LocalComputation } from "./local-computation.ts";
import type { SessionEvent } from "./session-event.ts";
import type { FakeCoordinator } from "./testing/fake-coordinator.ts";
import { ManualClock } from "./testing/manual-clock.ts";
import { type Bench, HELLO, join, leaseOf, PARAMETERS, RUN, settle, start } from "./testing/session-bench.ts";
import { SlowComputation } from "./testing/slow-computation.ts";

describe("joining", () => {
  it("[J1] says hello first, then after welcome and parameters that it is ready", async () => {
    const { coordinator, events } = await start();
    expect(await coordinator.hear("hello")).toEqual({ type: "hello", ...HELLO, resume: null });
    coordinator.say(RUN.welcome);
    coordinator.sayParameters(7, PARAMETERS);
    expect(await coordinator.hear("ready")).toEqual({ type: "ready", step: 7 });
    expect(events.map((event) => event.type)).toEqual(["connecting", "joined", "ready"]);
  });

  it("[J3] a program that is not what its hash says ends the session as failed, and the worker leaves", async () => {
    const other = { ...RUN.welcome, programs: { gradient: "1".repeat(64), evaluate: null } };
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
    ["a lease before welcome", CLOSE_CODES.policy.code, (c: FakeCoordinator) => c.say(leaseOf(1))],
    ["bytes that are no frame", CLOSE_CODES.badData.code, (c: FakeCoordinator) => c.sayBytes(new Uint8Array(40))],
    ["a chunk of nothing", 1007, (c: FakeCoordinator) => c.sayBytes(encodeChunkFrame(1, 0, new Uint8Array(8)))],
    ["welcome with a codec not offered", 1007, (c: FakeCoordinator) => c.say({ ...RUN.welcome, codec: "zip" })],
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
    coordinator.say(RUN.welcome);
    coordinator.sayParameters(0, new Float32Array(6));
    await settle();
    expect(coordinator.closedWith).toEqual([CLOSE_CODES.tooBig.code]);
  });

  it("[T5] new parameters replace ones whose chunks are still coming", async () => {
    const { coordinator } = await start();
    await coordinator.hear("hello");
    coordinator.say(RUN.welcome);
    const tensor = { transfer: 0, byteLength: 20, elements: 5, codec: "float32", crc32: 1 };
    // The fake coordinator numbers its own transfers from 1 on; this one is announced first, and never sent.
    coordinator.say({ type: "parameters", step: 0, tensor: { ...tensor, transfer: 1 } });
    coordinator.sayBytes(encodeChunkFrame(1, 0, new Uint8Array(8)));
    coordinator.skipTransfers(1);
    coordinator.sayParameters(1, PARAMETERS);
    expect(await coordinator.hear("ready")).toEqual({ type: "ready", step: 1 });
  });

  it("[T5] chunks of the ones that were replaced pass by when they come late", async () => {
    const computation = new SlowComputation();
    const { coordinator } = await start({ computation });
    await coordinator.hear("hello");
    coordinator.say(RUN.welcome);
    const bytes = new Uint8Array(PARAMETERS.slice().buffer);
    const tensor = { byteLength: 20, elements: 5, codec: "float32", crc32: crc32(bytes) };
    for (const transfer of [1, 2])
      coordinator.say({ type: "parameters", step: transfer, tensor: { ...tensor, transfer } });
    coordinator.sayBytes(encodeChunkFrame(1, 0, bytes));
    await settle();
    // Ready for parameters, and without any: nothing else is waited for.
    expect(computation.asked).toEqual(["prepare"]);
    coordinator.sayBytes(encodeChunkFrame(2, 0, bytes));
    expect(await coordinator.hear("ready")).toEqual({ type: "ready", step: 2 });
    expect(computation.asked).toEqual(["prepare", "parameters 2"]);
  });
});

describe("coming back", () => {
  it("[J5] goes on with the session of an earlier life that it is told of", async () => {
    const { coordinator } = await start({ resume: "w7" });
    expect(await coordinator.hear("hello")).toMatchObject({ resume: "w7" });
  });

  it("[E4] connects again after a random time, resumes, and goes on with the current parameters", async () => {
    const { coordinator, clock, events } = await join();
    coordinator.say(leaseOf(1));
    await coordinator.hear("result");
    coordinator.close(1006);
    await settle();
    expect(events.at(-1)).toMatchObject({ type: "disconnected", retryMilliseconds: 250 });
    clock.advance(250);
    expect(await coordinator.hear("hello")).toMatchObject({ resume: "w1" });
    coordinator.say({ ...RUN.welcome, worker: "w2", step: 3 });
    coordinator.sayParameters(3, PARAMETERS);
    expect(await coordinator.hear("ready")).toEqual({ type: "ready", step: 3 });
    coordinator.say({ type: "credit", lease: 1, step: 0 });
    coordinator.say(leaseOf(2, { step: 3 }));
    expect(await coordinator.hear("result")).toMatchObject({ lease: 2 });
  });

  it("[E4] waits longer each time that it is let in and then cannot fetch what it needs", async () => {
    const fetchBlob = () => Promise.reject(new WorkerError("BLOB_UNREACHABLE", "HTTP 404"));
    const clock = new ManualClock();
    const computation = new LocalComputation({ device: await open("reference"), fetchBlob, clock, crc32 });
    const { coordinator, events, clock: sessionClock } = await start({ computation });
    for (let attempt = 0; attempt < 3; attempt++) {
      await coordinator.hear("hello");
      coordinator.say(RUN.welcome);
      await coordinator.hear("leave");
      await settle();
      sessionClock.advance(2_000);
    }
    const waits = events.flatMap((event) => (event.type === "disconnected" ? [event.retryMilliseconds] : []));
    expect(waits).toEqual([250, 500, 1_000]);
  });

  it("[E4] tries at once when it is told that the network is back", async () => {
    const { coordinator, session } = await join();
    coordinator.close(1006);
    await settle();
    session.retryNow();
    expect(await coordinator.hear("hello")).toMatchObject({ resume: "w1" });
  });

  it("[E4] connects again only when nothing of the connection before is computed any more", async () => {
    const computation = new SlowComputation();
    computation.stop = () => {};
    const { coordinator, clock } = await join({ computation });
    coordinator.say(leaseOf(1));
    await settle();
    coordinator.close(1006);
    await settle();
    clock.advance(30_000);
    await settle();
    expect(coordinator.connections).toBe(1);
    computation.finish();
    await settle();
    clock.advance(30_000);
    await coordinator.hear("hello");
    expect(coordinator.connections).toBe(2);
  });

  it("[E4] programs are prepared once, and again only for another run", async () => {
    const computation = new SlowComputation();
    const { coordinator, clock } = await join({ computation });
    for (const welcome of [RUN.welcome, { ...RUN.welcome, run: "other" }]) {
      coordinator.close(1012);
      await settle();
      clock.advance(30_000);
      await coordinator.hear("hello");
      coordinator.say(welcome);
      await settle();
    }
    expect(computation.asked.filter((what) => what === "prepare").length).toBe(2);
  });

  it("[E4] waits double from half a second up to 30 s, and being ready takes them back", async () => {
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
    coordinator.say(RUN.welcome);
    coordinator.sayParameters(0, PARAMETERS);
    await coordinator.hear("ready");
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
    for (const id of [1, 2, 3]) coordinator.say(leaseOf(id));
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
    coordinator.say(leaseOf(1));
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
