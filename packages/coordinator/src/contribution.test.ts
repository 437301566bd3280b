import { describe, expect, it } from "vitest";
import { Scenario } from "./testing/scenario.ts";
import { twoMeasured } from "./testing/two-workers.ts";

describe("what a worker sends twice, too early, too late or wrong", () => {
  it("[L9] duplicates of a result and of a contribution are counted and change nothing", () => {
    const run = twoMeasured();
    const lease = run.lease("a");
    run.result("a");
    run.result("a", undefined, lease);
    run.upload("a", lease);
    run.upload("a", lease);
    run.arrive("a", lease);
    run.arrive("a", lease);
    run.result("a", undefined, lease);
    expect(run.machine.counters.duplicates).toBe(4);
    expect(run.dropped).toHaveLength(1);
    expect(run.folds.filter((folded) => folded === lease.lease)).toHaveLength(1);
  });

  it("[L8] messages about a future step, or somebody else's lease, are refused with a reason", () => {
    const run = twoMeasured();
    const lease = run.lease("a");
    run.result("a", 1, { ...lease, step: 9 });
    run.result("b", 1, lease);
    expect(run.told("a", "rejected")).toMatchObject([{ code: "FUTURE_STEP", step: 1 }]);
    expect(run.told("b", "rejected")).toMatchObject([{ code: "UNKNOWN_LEASE", step: 1 }]);
    run.work("a", "b");
    expect(run.machine.step).toBe(2);
  });

  it("[L3] more microbatches than were leased are a strike", () => {
    const run = twoMeasured();
    run.result("a", 99);
    expect(run.told("a", "rejected")).toMatchObject([{ code: "BAD_RANGE" }]);
    expect(run.machine.counters.strikes).toBe(1);
  });

  it("[L4] a contribution without credit, or of another size, is not accepted", () => {
    const run = twoMeasured();
    run.upload("a");
    expect(run.told("a", "rejected")).toMatchObject([{ code: "UNKNOWN_LEASE" }]);
    expect(run.machine.counters.strikes).toBe(1);
  });

  it("[refused] a contribution that is not finite is dropped before the fold, given to another, and its worker leaves at the third", () => {
    const run = twoMeasured({ batchSize: 8, trainSamples: 640 });
    run.finding = { verdict: "usable", norm: 1 };
    for (let time = 1; time <= 3; time += 1) {
      const { step } = run.machine;
      const bad = run.lease("b");
      run.finish("b", { finite: false });
      expect(run.dropped).toHaveLength(time);
      expect(run.folds).not.toContain(bad.lease);
      run.work("a", ...(time < 3 ? ["b"] : []));
      expect(run.machine.step).toBe(step + 1);
    }
    expect(run.told("b", "refused")).toMatchObject([{ code: "QUARANTINED" }]);
    expect(run.closed.get("b")).toBe(4004);
  });

  it("[refused] a finite 1e30 among norms of 1 is refused like one that is not finite", () => {
    const run = new Scenario({ trainSamples: 800 });
    run.join("a", "b");
    for (let step = 0; step < 16; step += 1) run.work("a", "b");
    run.finish("a", { norm: 1e30 });
    expect(run.told("a", "rejected").at(-1)).toMatchObject({ code: "NOT_FINITE" });
  });

  it("[refused] sums that state another sample count than was leased are refused: the coordinator knows the count", () => {
    const run = twoMeasured();
    run.finish("a", { samples: 1_000 });
    expect(run.told("a", "rejected")).toMatchObject([{ code: "BAD_RANGE" }]);
    expect(run.machine.counters.strikes).toBe(1);
  });

  it("[T3] a wrong checksum frees the lease and is a strike", () => {
    const run = twoMeasured();
    const { lease } = run.lease("a");
    run.result("a");
    run.upload("a");
    run.event({ type: "transferFailed", worker: "a", lease, code: "BAD_CHECKSUM" });
    expect(run.told("a", "rejected")).toMatchObject([{ code: "BAD_CHECKSUM" }]);
    run.work("a", "b");
    expect(run.machine.step).toBe(2);
  });

  it("[diverged] when every worker fails on the same samples, the run is over, and says why", () => {
    const run = new Scenario();
    run.join("a", "b");
    const spoil = (worker: string) => run.finish(worker, { finite: false });
    spoil("a");
    for (let round = 0; round < 6 && run.summary === null; round += 1)
      spoil(run.lease("b").start === 0 || round > 0 ? "b" : "a");
    expect(run.summary).toMatchObject({ outcome: "diverged" });
    expect(run.checkpoints).toEqual([]);
  });
});
