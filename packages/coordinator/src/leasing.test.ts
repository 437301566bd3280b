import { describe, expect, it } from "vitest";
import { Scenario } from "./testing/scenario.ts";
import { twoMeasured } from "./testing/two-workers.ts";

describe("leases", () => {
  it("[L1] each step owns the next B samples, and the last step of an epoch what is left", () => {
    const run = new Scenario({ trainSamples: 20, epochs: 2 });
    run.join("a");
    for (let step = 0; step < 6; step += 1) run.work("a");
    const owned = run.records.map(({ epoch, commits }) => [epoch, commits[0]?.start, commits.at(-1)?.end]);
    const each = [
      [0, 8],
      [8, 16],
      [16, 20],
    ];
    expect(owned).toEqual([0, 1].flatMap((epoch) => each.map((range) => [epoch, ...range])));
    expect(run.updates.map(({ step, samplesCommitted, samples }) => [step, samplesCommitted, samples])).toEqual([
      [0, 0, 8],
      [1, 8, 8],
      [2, 16, 4],
      [3, 20, 8],
      [4, 28, 8],
      [5, 36, 4],
    ]);
  });

  it("[size] a new worker gets one microbatch, then its share by speed", () => {
    const run = new Scenario({ trainSamples: 40, batchSize: 40, leaseTargetMilliseconds: 60_000 });
    run.join("fast", "slow");
    expect([run.span("fast"), run.span("slow")]).toEqual(["0-1", "1-2"]);
    const [fast, slow] = [run.lease("fast"), run.lease("slow")];
    run.wait(300);
    const result = { type: "result", step: 0, microbatches: 1, codec: "float32", byteLength: 64 } as const;
    run.say("slow", { ...result, lease: slow.lease, milliseconds: 300 });
    // 38 are free: the other, not measured yet, is taken to be as fast, so half of them.
    expect(run.span("slow")).toBe("2-21");
    run.say("fast", { ...result, lease: fast.lease, milliseconds: 100 });
    // 19 are free and shared 3 to 1: 14.25 and 4.75. 15 take the fast one 1,500 ms, as long as 5 the slow one.
    expect(run.span("fast")).toBe("21-36");
  });

  it("[size] no lease is longer than the target time", () => {
    const run = new Scenario({ trainSamples: 40, batchSize: 40, leaseTargetMilliseconds: 1_000 });
    run.join("a");
    const { lease } = run.lease("a");
    run.wait(100);
    const result = { type: "result", lease, step: 0, microbatches: 1, codec: "float32", byteLength: 64 } as const;
    run.say("a", { ...result, milliseconds: 100 });
    expect(run.span("a")).toBe("1-11");
  });

  it("[churn] a worker that dies while computing: its samples are another's in the same receive", () => {
    const run = twoMeasured();
    run.finish("a");
    const lost = run.lease("b");
    run.close("b");
    expect(run.span("a")).toBe(`${lost.start}-${lost.end}`);
    expect(run.lease("a").lease).not.toBe(lost.lease);
    expect(run.events).toContainEqual({ event: "worker", id: "b", name: "b", state: "lost" });
    expect(run.events.at(-1)).toMatchObject({ event: "reissued", from: "b", to: "a", milliseconds: 0 });
    run.work("a");
    expect(run.machine.step).toBe(2);
  });

  it("[churn] a worker that dies in mid-upload is never counted in part", () => {
    const run = twoMeasured();
    const lost = run.lease("b");
    run.result("b");
    run.upload("b");
    run.close("b");
    run.work("a");
    expect(run.machine.step).toBe(2);
    expect(run.records[1]?.commits.every(({ worker }) => worker === "a")).toBe(true);
    expect(run.folds).not.toContain(lost.lease);
  });

  it("[churn] an upload whose check ends just after the socket closed still counts, if it is first", () => {
    const run = twoMeasured();
    const lost = run.lease("b");
    run.result("b");
    run.upload("b");
    run.close("b");
    run.arrive("b", lost);
    run.work("a");
    expect(run.records[1]?.commits.map(({ worker }) => worker)).toEqual(["a", "b"]);
  });

  it("[churn] when the last missing worker leaves, the idle one gets its samples at once", () => {
    const run = twoMeasured();
    run.finish("a");
    run.say("b", { type: "leave", reason: "tab closed" });
    run.finish("a");
    expect(run.machine.step).toBe(2);
    expect(run.events).toContainEqual({ event: "worker", id: "b", name: "b", state: "left" });
  });

  it("[churn] a contributor that leaves after its upload is counted, once", () => {
    const run = twoMeasured();
    run.finish("b");
    run.close("b");
    run.work("a");
    expect(run.machine.step).toBe(2);
    expect(run.records[1]?.commits.map(({ worker }) => worker)).toEqual(["a", "b"]);
  });

  it("[L8] a frozen worker's late result for a closed step is answered by the next step and its parameters", () => {
    const run = twoMeasured();
    const stale = run.lease("b");
    run.finish("a");
    run.wait(60_000);
    // The deadline passed: b counts as silent, a gets its samples and finishes the step.
    run.work("a");
    expect(run.machine.step).toBe(2);
    expect(run.lease("b")).toBe(stale);
    expect(run.told("b", "cancel")).toMatchObject([{ lease: stale.lease }]);
    run.result("b", undefined, stale);
    expect(run.told("b", "rejected")).toMatchObject([{ lease: stale.lease, code: "STALE_STEP", step: 2 }]);
    expect(run.broadcasts.at(-1)).toMatchObject({ step: 2, workers: ["b"] });
    run.work("a", "b");
    expect(run.machine.step).toBe(3);
  });

  it("[L9] a late result that is still the first for its samples is taken, and the other's lease cancelled", () => {
    const run = twoMeasured();
    const late = run.lease("b");
    run.finish("a");
    run.wait(60_000);
    const second = run.lease("a");
    expect([second.start, second.end]).toEqual([late.start, late.end]);
    run.result("b", undefined, late);
    expect(run.told("a", "cancel")).toMatchObject([{ lease: second.lease }]);
    run.upload("b", late);
    run.arrive("b", late);
    expect(run.machine.step).toBe(2);
    run.result("a", undefined, second);
    expect(run.told("a", "rejected")).toMatchObject([{ lease: second.lease, code: "STALE_STEP" }]);
  });

  it("[L3] a straggler's partial return is a prefix, and the rest goes to who is idle", () => {
    const run = twoMeasured();
    const slow = run.lease("b");
    run.finish("a");
    run.result("b", 1);
    expect(run.lease("a")).toMatchObject({ start: slow.start + 1 });
    run.upload("b", slow, 1);
    run.arrive("b", slow, { samples: 1 });
    run.work("a", "b");
    expect(run.machine.step).toBe(2);
  });

  it("[deadline] a worker that answers nothing keeps its session, but not its lease after the deadline", () => {
    const run = twoMeasured();
    run.finish("a");
    const stuck = run.lease("b");
    run.wait(stuck.milliseconds);
    expect(run.machine.counters.lapsed).toBe(0);
    run.wait(5_000);
    expect(run.machine.counters.lapsed).toBe(1);
    expect(run.lease("a")).toMatchObject({ start: stuck.start, end: stuck.end });
    expect(run.closed.has("b")).toBe(false);
    expect(run.machine.sizes.workers).toBe(2);
  });

  it("[churn] when everybody leaves, the run says that it waits, and goes on with the next worker where it was", () => {
    const run = twoMeasured();
    run.finish("a");
    run.close("a");
    run.close("b");
    expect(run.events.at(-1)).toEqual({ event: "waiting", step: 1, reason: "No worker is there" });
    run.wait(3_600_000);
    run.join("c");
    run.work("c");
    expect(run.machine.step).toBe(2);
    expect(run.records[1]?.commits.map(({ worker }) => worker)[0]).toBe("a");
  });

  it("[churn] a flapping worker costs one microbatch at a time", () => {
    const run = twoMeasured();
    run.finish("a");
    for (let life = 0; life < 5; life += 1) {
      run.hello(`f${life}`);
      run.say(`f${life}`, { type: "ready", step: 1 });
      run.close(`f${life}`);
    }
    expect(run.machine.counters.reissued).toBeLessThanOrEqual(5);
    run.work("a", "b");
    expect(run.machine.step).toBe(2);
  });

  it("[L6] declined samples go to somebody else, and who declines for a fault of its own rests, longer every time", () => {
    const run = new Scenario();
    run.join("a");
    const decline = () => {
      const { lease, step } = run.lease("a");
      run.say("a", { type: "decline", lease, step, reason: "data", detail: "no shard" });
    };
    decline();
    expect(run.leasesOf("a")).toHaveLength(1);
    run.wait(250);
    expect(run.leasesOf("a")).toHaveLength(2);
    decline();
    run.wait(250);
    expect(run.leasesOf("a")).toHaveLength(2);
    run.wait(250);
    expect(run.leasesOf("a")).toHaveLength(3);
  });

  it("[churn] a worker that fell silent does not keep samples from one that failed on them and may try again", () => {
    const run = new Scenario({ leaseMicrobatches: 4 });
    run.join("frozen", "a");
    run.finish("a");
    run.wait(31_000);
    expect(run.span("a")).toBe("0-4");
    const { lease, step } = run.lease("a");
    run.say("a", { type: "decline", lease, step, reason: "failed", detail: "" });
    run.wait(250);
    expect(run.leasesOf("a")).toHaveLength(3);
  });

  it("[L2] leases follow the parameters at once, unless the worker declined one as stale: then they follow its ready", () => {
    const run = new Scenario({ trainSamples: 64, leaseMicrobatches: 4 });
    run.join("a");
    run.hello("b");
    run.say("b", { type: "ready", step: 0 });
    run.work("a", "b");
    expect(run.lease("b")).toMatchObject({ step: 1, start: 12 });
    const { lease } = run.lease("b");
    run.say("b", { type: "decline", lease, step: 1, reason: "stale", detail: "" });
    expect(run.lease("b").lease).toBe(lease);
    run.say("b", { type: "ready", step: 1 });
    expect(run.lease("b")).toMatchObject({ step: 1, start: 12 });
    run.work("a", "b");
    expect(run.broadcasts.at(-1)).toMatchObject({ step: 2 });
    expect(run.lease("b").step).toBe(1);
    run.say("b", { type: "ready", step: 2 });
    expect(run.lease("b").step).toBe(2);
  });
});
