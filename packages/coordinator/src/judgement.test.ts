import { describe, expect, it } from "vitest";
import { fail, faults, oneLease, spoil, why } from "./testing/failing-workers.ts";
import { Scenario } from "./testing/scenario.ts";

describe("a worker that is alone and whose results are of no use", () => {
  it("[L12] is not believed: at the third time the coordinator computes the samples itself", () => {
    const run = oneLease("a");
    spoil(run, "a", 2);
    expect(run.examinations).toEqual([]);
    run.held.push("examine");
    spoil(run, "a", 1);
    const asked = { type: "examine", kind: "gradient", step: 0, epoch: 0, start: 0, end: 8 };
    run.perform();
    expect(run.examinations).toEqual([asked]);
  });

  it("[judge] ends the run where the coordinator's own result is not finite either, and goes home with it, not in disgrace", () => {
    const run = oneLease("a");
    spoil(run, "a", 3);
    expect(run.summary).toMatchObject({
      outcome: "diverged",
      reason:
        "3 results for the same samples of step 0 were of no use: its values are not finite; the coordinator's own computation agreed",
    });
    expect(run.told("a", "refused")).toEqual([]);
    expect(run.closed.get("a")).toBe(4005);
    expect(faults(run)).toEqual([]);
  });

  it("[L12] is sent away where the coordinator's own result is good; the run waits, says why, and another worker finishes it", () => {
    const run = oneLease("a");
    run.finding = { verdict: "usable", norm: 1 };
    spoil(run, "a", 3);
    expect(run.summary).toBeNull();
    expect(run.told("a", "refused")).toMatchObject([{ code: "QUARANTINED" }]);
    expect(faults(run)).toEqual([
      {
        event: "error",
        code: "WORKER_AT_FAULT",
        message:
          "Worker a: what was computed for samples 0 to 7 of step 1 is of no use (its values are not finite), but the coordinator's own result for them is good",
        remedy: expect.stringMatching(/^Let another device join; /),
      },
    ]);
    expect(why(run)).toBe(
      "Step 1 waits for a worker: none is there; a failed on samples 0 to 7 (its values are not finite), which the coordinator itself can compute: let another device join",
    );
    run.join("b");
    run.work("b");
    expect(run.summary).toMatchObject({ outcome: "finished", steps: 1, samples: 8 });
    expect(run.records[0]?.commits).toMatchObject([{ worker: "b", start: 0, end: 8 }]);
  });

  it("[judge] that comes back under new ids strikes out each time, with longer and longer rests, and is not examined again", () => {
    const run = oneLease("a");
    run.finding = { verdict: "usable", norm: 1 };
    spoil(run, "a", 3);
    run.join("a again");
    const leases = () => run.leasesOf("a again").length;
    run.finish("a again", { finite: false });
    expect(leases()).toBe(1);
    run.wait(249);
    expect(leases()).toBe(1);
    run.wait(1);
    expect(leases()).toBe(2);
    run.finish("a again", { finite: false });
    run.wait(499);
    expect(leases()).toBe(2);
    run.wait(1);
    run.finish("a again", { finite: false });
    expect(run.closed.get("a again")).toBe(4004);
    expect(run.examinations).toHaveLength(1);
    // Said once of each session.
    expect(faults(run)).toHaveLength(2);
  });

  it("[judge] is not sent away for three failures on different samples either before the coordinator has computed the last of them", () => {
    const diverged = new Scenario();
    diverged.join("a");
    spoil(diverged, "a", 3);
    // Sample 0, then 1 to 7, then 0 again: no three on the same, but a third strike. The fourth lease is of others than are examined.
    expect(diverged.leasesOf("a").map(({ start }) => start)).toEqual([0, 1, 0, 1]);
    expect(diverged.told("a", "refused")).toEqual([]);
    expect(diverged.summary).toMatchObject({ outcome: "diverged" });
    const fine = new Scenario();
    fine.finding = { verdict: "usable", norm: 1 };
    fine.join("a");
    spoil(fine, "a", 3);
    expect(fine.closed.get("a")).toBe(4004);
    expect(why(fine)).toMatch(/^Step 1 waits for a worker: none is there; a failed on sample 0 /);
  });

  it("[unable] is sent away where the coordinator cannot compute them, and the run waits", () => {
    const run = new Scenario();
    run.finding = { verdict: "unable", detail: "there is too little memory" };
    run.join("a");
    spoil(run, "a", 3);
    expect(run.summary).toBeNull();
    expect(run.closed.get("a")).toBe(4004);
    expect(faults(run)).toMatchObject([
      { code: "WORKER_AT_FAULT", message: "Worker a was sent away: 3 of its contributions had to be refused" },
    ]);
  });

  it("[judge] whose evaluations are not finite does not end the run either", () => {
    const run = new Scenario({ leaseMicrobatches: 8, testSamples: 4 });
    run.finding = { verdict: "usable", norm: 0 };
    run.join("a");
    run.work("a");
    const evaluate = (finite: boolean, worker: string) => {
      const { lease, step } = run.lease(worker);
      const handle = run.handle({ samples: 4, finite });
      run.say(worker, { type: "evaluation", lease, step, microbatches: 4, milliseconds: 1, handle });
    };
    for (let time = 0; time < 3; time += 1) evaluate(false, "a");
    expect(run.examinations).toEqual([{ type: "examine", kind: "evaluate", step: 1, epoch: 0, start: 0, end: 4 }]);
    expect(run.closed.get("a")).toBe(4004);
    run.join("b");
    evaluate(true, "b");
    expect(run.summary).toMatchObject({ outcome: "finished" });
  });

  it("[judge] that fails by its own word is struck only where the coordinator could compute the samples", () => {
    const run = oneLease("a");
    run.finding = { verdict: "usable", norm: 1 };
    fail(run, "a");
    fail(run, "a");
    expect(run.machine.counters.strikes).toBe(0);
    fail(run, "a");
    expect(run.machine.counters.strikes).toBe(1);
    expect(faults(run)).toMatchObject([{ message: expect.stringContaining("(the driver broke)") }]);
    fail(run, "a");
    fail(run, "a");
    expect(run.closed.get("a")).toBe(4004);
    expect(run.examinations).toHaveLength(1);
  });

  it("[judge] ends the run as failed where the coordinator fails as well", () => {
    const run = oneLease("a");
    run.finding = { verdict: "failed", detail: "an index is out of its range" };
    for (let time = 0; time < 3; time += 1) fail(run, "a");
    expect(run.summary).toMatchObject({
      outcome: "failed",
      reason:
        "3 results for the same samples of step 0 were of no use: the driver broke; the coordinator itself could not compute them either: an index is out of its range",
    });
  });
});

describe("several workers that fail on the same samples", () => {
  it("[judge] all of them are at fault where the coordinator's own result is good, and are named together", () => {
    const run = oneLease("a", "b");
    run.finding = { verdict: "usable", norm: 1 };
    run.finish("a", { finite: false });
    run.finish("b", { finite: false });
    expect(run.examinations).toHaveLength(1);
    expect(run.machine.counters.strikes).toBe(2);
    expect(faults(run)).toMatchObject([{ message: expect.stringMatching(/^Worker a, b: /) }]);
    // Neither is spared what both failed on, once they have rested.
    run.wait(250);
    run.work("a", "b");
    expect(run.summary).toMatchObject({ outcome: "finished" });
  });

  it("[judge] who failed rests, so that a worker that comes gets the samples first", () => {
    const run = oneLease("a", "b", "c");
    run.finding = { verdict: "usable", norm: 1 };
    for (const worker of ["a", "b", "c"]) run.finish(worker, { finite: false });
    run.join("another");
    run.work("another");
    expect(run.summary).toMatchObject({ outcome: "finished" });
  });

  it("[judge] a worker that hangs does not keep the others from being judged", () => {
    const run = oneLease("hung");
    run.join("a");
    run.wait(31_000);
    spoil(run, "a", 3);
    expect(run.summary).toMatchObject({ outcome: "diverged" });
  });
});

describe("results that are finite and far too large", () => {
  /** 16 steps whose gradients have norm 1, then three of 1e30 from the only worker. */
  function exploded(ownNorm: number): Scenario {
    const run = new Scenario({ leaseMicrobatches: 8, trainSamples: 800 });
    run.finding = { verdict: "usable", norm: ownNorm };
    run.join("a");
    for (let step = 0; step < 16; step += 1) run.work("a");
    for (let time = 0; time < 3; time += 1) run.finish("a", { norm: 1e30 });
    return run;
  }

  it("[judge] are the run's where the coordinator's own are as large, and the worker's where they are not", () => {
    expect(exploded(1e30).summary).toMatchObject({ outcome: "diverged", steps: 16 });
    const run = exploded(2);
    expect(run.summary).toBeNull();
    expect(run.closed.get("a")).toBe(4004);
  });
});
