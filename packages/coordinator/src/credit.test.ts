import { describe, expect, it } from "vitest";
import { Scenario } from "./testing/scenario.ts";

const names = (count: number) => Array.from({ length: count }, (_, index) => `w${String(index).padStart(2, "0")}`);

describe("folding and credit", () => {
  it("[fold] contributions are folded in sample order, whatever the order of arrival", () => {
    const run = new Scenario({ leaseMicrobatches: 2 });
    run.join("a", "b", "c", "d");
    const order = ["a", "b", "c", "d"].map((worker) => run.lease(worker).lease);
    for (const worker of ["d", "b", "c"]) run.finish(worker);
    expect(run.folds).toEqual([]);
    run.finish("a");
    expect(run.folds).toEqual(order);
    expect(run.records[0]?.commits.map(({ start, end, worker }) => [start, end, worker])).toEqual([
      [0, 2, "a"],
      [2, 4, "b"],
      [4, 6, "c"],
      [6, 8, "d"],
    ]);
  });

  it("[credit] at most 16 leases ahead of the fold are credited, in sample order; the first always gets a place", () => {
    const run = new Scenario({ trainSamples: 40, batchSize: 40, leaseMicrobatches: 1 });
    const workers = names(40);
    run.join(...workers);
    for (const worker of workers.toReversed()) run.result(worker);
    const credited = workers.filter((worker) => run.told(worker, "credit").length > 0);
    expect(credited).toEqual(workers.slice(0, 16));
    expect(run.machine.sizes.staged).toBe(16);
    for (const worker of workers.slice(1, 16)) {
      run.upload(worker);
      run.arrive(worker);
    }
    expect(run.machine.sizes.staged).toBe(16);
    expect(run.told("w16", "credit")).toEqual([]);
    run.upload("w00");
    run.arrive("w00");
    // All 16 are folded, so the next 16 have credit.
    expect(workers.filter((worker) => run.told(worker, "credit").length > 0)).toEqual(workers.slice(0, 32));
  });

  it("[credit] a worker that holds three results gets the samples the fold waits for as well, and nothing else", () => {
    const run = new Scenario({ batchSize: 40, trainSamples: 40, leaseMicrobatches: 1 });
    run.join("a", "b");
    for (let time = 0; time < 3; time += 1) run.result("b");
    expect(run.leasesOf("b").map(({ start }) => start)).toEqual([1, 2, 3]);
    const { lease, step } = run.lease("a");
    run.say("a", { type: "decline", lease, step, reason: "failed", detail: "" });
    expect(run.span("b")).toBe("0-1");
    run.result("b");
    expect(run.leasesOf("b")).toHaveLength(4);
    expect(run.told("b", "credit").map((credit) => credit.lease)).toContain(run.lease("b").lease);
  });

  it("[credit] an upload of a worker that went never takes the place of the samples the fold waits for", () => {
    const run = new Scenario({ batchSize: 80, trainSamples: 160, leaseTargetMilliseconds: 10 });
    const finish = (worker: string, microbatchMs: number) => {
      run.microbatchMs = microbatchMs;
      run.finish(worker);
    };
    run.join("gone", "fast");
    // 1 and 10 samples in the 10 ms that a lease may take.
    const isFirst = () => run.machine.step === 0;
    while (isFirst()) {
      finish("gone", 10);
      if (isFirst()) finish("fast", 1);
    }
    expect([run.span("fast"), run.span("gone")]).toEqual(["80-90", "90-91"]);
    run.microbatchMs = 10;
    for (let time = 0; time < 2; time += 1) {
      run.result("gone");
      run.upload("gone", run.leasesOf("gone").at(-2));
    }
    const lost = run.leasesOf("gone").at(-2);
    expect(lost).toMatchObject({ start: 91, end: 92 });
    finish("fast", 1);
    run.close("gone");
    finish("fast", 1);
    // The samples of the one that went are one range again, at the front, and 15 leases behind it arrive.
    expect(run.span("fast")).toBe("90-93");
    run.join("quick");
    while (run.machine.sizes.staged < 15) finish("quick", 10);
    const late = run.arrive("gone", lost);
    expect(run.dropped).toEqual([late]);
    expect(run.machine.sizes.staged).toBe(15);
    finish("fast", 1);
    expect(run.machine.sizes.staged).toBe(0);
  });

  it("[credit] an upload that does not come in time loses its place and its samples", () => {
    const run = new Scenario({ leaseMicrobatches: 8 });
    run.join("a");
    run.result("a");
    run.upload("a");
    const { lease } = run.lease("a");
    run.wait(60_000);
    expect(run.abandoned).toEqual([lease]);
    expect(run.told("a", "rejected")).toMatchObject([{ lease, code: "EXPIRED_LEASE" }]);
    run.wait(1_000);
    expect(run.lease("a").lease).not.toBe(lease);
    run.finish("a");
    expect(run.summary?.outcome).toBe("finished");
  });
});
