import { open } from "@tributary/kernels";
import { crc32 } from "@tributary/protocol";
import { describe, expect, it, vi } from "vitest";
import { WorkerError } from "./errors.ts";
import { LocalComputation } from "./local-computation.ts";
import { ManualClock } from "./testing/manual-clock.ts";
import { join, leaseOf, PARAMETERS, RUN, settle } from "./testing/session-bench.ts";
import { SlowComputation } from "./testing/slow-computation.ts";

describe("a worker's leases", () => {
  it("[L4] a gradient waits for credit; then the contribution and its chunks are sent", async () => {
    const { coordinator, events } = await join();
    coordinator.say(leaseOf(41));
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
    coordinator.say(leaseOf(5, { kind: "evaluate" }));
    const { sums } = await coordinator.hear("evaluation");
    // x0 is 0, 10, 20, 30 and x . p = x0 + 2.
    expect([...new Float32Array(sums.slice().buffer)]).toEqual([68, 4, 4]);
  });

  it("[L2] a lease of a step whose parameters are not here is declined as stale", async () => {
    const { coordinator } = await join();
    coordinator.say(leaseOf(6, { step: 1 }));
    expect(await coordinator.hear("decline")).toMatchObject({ lease: 6, step: 1, reason: "stale" });
  });

  it("[L2] such a lease is not computed: whose parameters the device holds is not its affair", async () => {
    const computation = new SlowComputation();
    const { coordinator } = await join({ computation });
    coordinator.say(leaseOf(6, { step: 1 }));
    await coordinator.hear("decline");
    expect(computation.asked).toEqual(["prepare", "parameters 0"]);
  });

  it("[L2] the fifth lease at a time is declined as busy", async () => {
    const { coordinator } = await join({ computation: new SlowComputation() });
    for (let id = 1; id <= 5; id++) coordinator.say(leaseOf(id));
    expect(await coordinator.hear("decline")).toMatchObject({ lease: 5, reason: "busy" });
  });

  it("[L3] the time a lease waited for its turn counts", async () => {
    const computation = new SlowComputation();
    const runs = vi.spyOn(computation, "run");
    const { coordinator, clock } = await join({ computation });
    coordinator.say(leaseOf(1));
    coordinator.say(leaseOf(2));
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
      return hashes <= 3 ? RUN.fetchBlob(hash) : Promise.reject(new WorkerError("BLOB_UNREACHABLE", "Gone"));
    };
    const clock = new ManualClock();
    const computation = new LocalComputation({ device: await open("reference"), fetchBlob, clock, crc32 });
    const { coordinator } = await join({ computation });
    coordinator.say(leaseOf(1));
    expect(await coordinator.hear("decline")).toMatchObject({ lease: 1, reason: "data", detail: "Gone" });
  });

  it("[L7] cancel stops a lease that is computed, and drops one that is queued or waits", async () => {
    const computation = new SlowComputation();
    const { coordinator } = await join({ computation });
    for (const id of [1, 2, 3]) coordinator.say(leaseOf(id));
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

  it("[L7] what comes out of a lease that was cancelled meanwhile is not spoken of", async () => {
    const computation = new SlowComputation();
    computation.stop = () => {};
    const { coordinator, events } = await join({ computation });
    coordinator.say(leaseOf(1));
    await settle();
    coordinator.say({ type: "cancel", lease: 1, step: 0, reason: "deadline" });
    await coordinator.hear("decline");
    computation.finish();
    await settle();
    expect(coordinator.heard).toEqual([]);
    expect(events.map(({ type }) => type)).not.toContain("computed");
  });

  it("[L7] cancel comes too late for a lease whose gradient is being sent: it arrives whole", async () => {
    const computation = new SlowComputation();
    const { coordinator } = await join({ computation });
    coordinator.say(leaseOf(1));
    await settle();
    computation.finish();
    await coordinator.hear("result");
    coordinator.room = 0;
    coordinator.say({ type: "credit", lease: 1, step: 0 });
    await coordinator.hear("contribution");
    coordinator.say({ type: "cancel", lease: 1, step: 0, reason: "deadline" });
    coordinator.makeRoom();
    await settle();
    expect([coordinator.heard, coordinator.chunks.length]).toEqual([[], 1]);
  });

  it("[L4] the memory of a gradient is given back once it is sent, and not before", async () => {
    const computation = new SlowComputation();
    const { coordinator } = await join({ computation });
    coordinator.say(leaseOf(1));
    await settle();
    computation.finish();
    await coordinator.hear("result");
    expect(computation.asked.at(-1)).toBe("run 1");
    coordinator.say({ type: "credit", lease: 1, step: 0 });
    await coordinator.hear("contribution");
    await settle();
    expect(computation.asked.slice(-2)).toEqual(["run 1", "release"]);
  });

  it("[L8] a rejected lease is dropped without a word", async () => {
    const { coordinator } = await join();
    coordinator.say(leaseOf(1));
    await coordinator.hear("result");
    coordinator.say({ type: "rejected", lease: 1, code: "STALE_STEP", step: 1 });
    coordinator.say({ type: "credit", lease: 1, step: 0 });
    await settle();
    expect(coordinator.heard).toEqual([]);
  });

  it("[L10] new parameters do not void a result that waits for credit", async () => {
    const { coordinator } = await join();
    coordinator.say(leaseOf(1));
    await coordinator.hear("result");
    coordinator.sayParameters(1, PARAMETERS);
    await coordinator.hear("ready");
    coordinator.say({ type: "credit", lease: 1, step: 0 });
    expect(await coordinator.hear("contribution")).toMatchObject({ lease: 1, step: 0 });
  });

  it("a lease is computed while another's gradient is sent slowly", async () => {
    const { coordinator } = await join();
    coordinator.say(leaseOf(1));
    await coordinator.hear("result");
    coordinator.room = 0;
    coordinator.say({ type: "credit", lease: 1, step: 0 });
    coordinator.say(leaseOf(2));
    await coordinator.hear("contribution");
    await coordinator.hear("result");
    expect(coordinator.chunks).toEqual([]);
    coordinator.makeRoom();
    await settle();
    expect(coordinator.chunks.length).toBe(1);
  });

  it("a compute thread that is gone gives the lease back and ends the session as failed", async () => {
    const computation = new SlowComputation();
    const { coordinator, ended } = await join({ computation });
    coordinator.say(leaseOf(1));
    await settle();
    computation.fail(new WorkerError("THREAD_FAILED", "Gone"));
    expect(await coordinator.hear("decline")).toMatchObject({ lease: 1, reason: "failed" });
    expect(await coordinator.hear("leave")).toMatchObject({ reason: "Gone" });
    expect(await ended).toMatchObject({ reason: "failed", code: "THREAD_FAILED" });
  });
});
