import { describe, expect, it } from "vitest";
import { Scenario } from "./testing/scenario.ts";
import { twoMeasured } from "./testing/two-workers.ts";

const why = (run: Scenario) => run.machine.view(run.nowMs).why;

describe("why a step is open", () => {
  it("[why] names the samples, the worker, the time so far and the deadline", () => {
    const run = new Scenario();
    run.hello("Adas laptop");
    run.say("Adas laptop", { type: "ready", step: 0 });
    run.wait(2_300);
    // The first lease of a worker allows 30 s, and a second for the way.
    expect(why(run)).toBe("Step 1 waits for sample 0 from Adas laptop, 2.3 s so far, deadline in 28.7 s");
  });

  it("[why] says what else is out", () => {
    const run = twoMeasured();
    expect(why(run)).toMatch(
      /^Step 2 waits for samples 8 to 11 from a, 0\.0 s so far, deadline in .* s, and for 1 more lease$/,
    );
    run.finish("a");
    expect(why(run)).toMatch(/^Step 2 waits for samples 12 to 15 from b, /);
  });

  it("[why] says that an upload is on its way", () => {
    const run = new Scenario({ leaseMicrobatches: 8 });
    run.join("a");
    run.result("a");
    expect(why(run)).toMatch(/^Step 1 waits for samples 0 to 7 about to be sent by a, /);
    run.upload("a", run.lease("a"), 8);
    expect(why(run)).toMatch(/^Step 1 waits for samples 0 to 7 being sent by a, /);
  });

  it("[why] says that nobody is there, or ready, or heard of", () => {
    const run = new Scenario();
    run.event({ type: "tick" });
    expect(why(run)).toBe("Step 1 waits for a worker: none is there");
    run.hello("a");
    expect(why(run)).toBe("Step 1 waits for a to get ready");
    run.say("a", { type: "ready", step: 0 });
    run.wait(31_000);
    expect(why(run)).toBe("Step 1 waits for a worker: a fell silent");
  });

  it("[why] says that a worker rests after a lease it could not compute", () => {
    const run = new Scenario({ leaseMicrobatches: 8 });
    run.join("a");
    const { lease, step } = run.lease("a");
    run.say("a", { type: "decline", lease, step, reason: "data", detail: "" });
    expect(why(run)).toBe("Step 1 waits for a, resting for 0.3 s after work that failed");
  });

  it("[why] says what is done between two steps, in a pause and at the end", () => {
    const run = new Scenario({ trainSamples: 24 });
    run.join("a");
    run.held.push("update");
    run.work("a");
    expect(why(run)).toBe("Step 1 is complete: its update is being computed");
    run.held.push("persist");
    run.command({ command: "pause" });
    expect(run.machine.view(0).pausing).toBe(true);
    run.perform();
    expect(why(run)).toBe("The run is paused after step 1 until somebody lets it go on");
    run.command({ command: "stop", reason: "enough" });
    expect(why(run)).toBe("The run is over: enough");
  });

  it("[why] says that the pause will come", () => {
    const run = new Scenario();
    run.event({ type: "tick" });
    run.command({ command: "pause" });
    expect(why(run)).toBe("Step 1 waits for a worker: none is there; then the run pauses");
  });
});

describe("the view of a run", () => {
  it("[view] tells workers that join, work, wait and are slow apart", () => {
    const run = new Scenario({ leaseMicrobatches: 8, trainSamples: 64 });
    run.join("a", "b");
    run.hello("c", { kind: "tab", backend: "webgpu", adapter: "Apple M3", threads: 2 });
    run.event({ type: "connectionOpened", worker: "d" });
    const states = () => run.machine.view(run.nowMs).workers.map(({ id, state }) => [id, state]);
    expect(states()).toEqual([
      ["a", "active"],
      ["b", "waiting"],
      ["c", "joining"],
    ]);
    expect(run.machine.view(0).workers[2]).toEqual({
      ...{ id: "c", name: "c", kind: "tab", backend: "webgpu", adapter: "Apple M3", threads: 2, codec: "float32" },
      ...{ state: "joining", lag: null, accepted: 0, rejected: 0, stale: 0 },
    });
    run.wait(30_500);
    expect(states()[0]).toEqual(["a", "slow"]);
  });

  it("[view] a worker between two leases is at work, for two seconds", () => {
    const run = new Scenario({ leaseMicrobatches: 8, trainSamples: 16 });
    run.join("a");
    run.command({ command: "pause" });
    run.work("a");
    const state = () => run.machine.view(run.nowMs).workers[0]?.state;
    run.wait(1_999);
    expect(state()).toBe("active");
    run.wait(1);
    expect(state()).toBe("waiting");
  });

  it("[view] counts what was accepted, rejected and late, and how far behind results were", () => {
    const run = new Scenario({ leaseMicrobatches: 8, trainSamples: 64 });
    run.join("a");
    const first = run.lease("a");
    run.finish("a");
    run.finish("a", { finite: false });
    run.result("a", 8, first);
    const { workers, staleness, step, stepSamples, stepSamplesIn } = run.machine.view(0);
    expect(workers[0]).toMatchObject({ accepted: 1, rejected: 1, stale: 1, lag: 0 });
    expect([step, stepSamples, stepSamplesIn]).toEqual([1, 8, 0]);
    expect(staleness.slice(0, 3)).toEqual([1, 1, 0]);
  });
});
