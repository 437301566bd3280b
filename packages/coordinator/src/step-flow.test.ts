import { describe, expect, it } from "vitest";
import { Scenario } from "./testing/scenario.ts";

describe("a step", () => {
  it("[commit] nobody sees new parameters before the step is in the log, and all idle workers get them by one broadcast", () => {
    const run = new Scenario({ trainSamples: 64 });
    run.join("a", "b");
    const before = run.broadcasts.length;
    run.held.push("persist");
    run.work("a", "b");
    expect(run.broadcasts).toHaveLength(before);
    run.perform();
    expect(run.broadcasts.slice(before)).toMatchObject([{ step: 1 }]);
    expect(run.broadcasts.at(-1)?.workers.toSorted()).toEqual(["a", "b"]);
    expect(run.events).toContainEqual(
      expect.objectContaining({ event: "step", step: 1, epoch: 1, samples: 8, loss: 1, workers: 2 }),
    );
  });

  it("[commit] a worker that has not answered the last parameters is sent no others", () => {
    const run = new Scenario({ trainSamples: 64 });
    run.join("a");
    run.hello("dead");
    for (let step = 0; step < 5; step += 1) {
      run.work("a");
      run.say("a", { type: "ready", step: run.machine.step });
    }
    expect(run.broadcasts.filter(({ workers }) => workers.includes("dead"))).toHaveLength(1);
  });

  it("[quorum] below 1 the step closes at its deadline, divides by what is in, and the rest heads the next step", () => {
    const run = new Scenario({ trainSamples: 16, quorum: 0.5, stepMilliseconds: 3_000, leaseMicrobatches: 4 });
    run.join("a", "b");
    run.finish("a");
    run.wait(2_999);
    expect(run.machine.step).toBe(0);
    run.wait(1);
    expect(run.machine.step).toBe(1);
    expect(run.updates[0]).toMatchObject({ samples: 4 });
    expect(run.told("b", "cancel")).toHaveLength(1);
    run.close("b");
    // Samples 4-8 come first, then 8-12: the step has 8 again.
    expect(run.lease("a")).toMatchObject({ step: 1, start: 4, end: 8 });
    run.work("a");
    run.work("a");
    expect(run.records.map(({ samples }) => samples)).toEqual([4, 8, 4]);
    const commits = run.records.flatMap((record) => record.commits.map(({ start, end }) => [start, end]));
    expect(commits).toEqual([
      [0, 4],
      [4, 8],
      [8, 12],
      [12, 16],
    ]);
  });

  it("[deterministic] one arithmetic class is admitted, and leases are never cut", () => {
    const run = new Scenario({ deterministic: true, leaseMicrobatches: 3 });
    run.join("a");
    run.hello("b", { arithmeticClass: "reference" });
    expect(run.told("b", "refused")).toMatchObject([{ code: "ARITHMETIC_CLASS" }]);
    run.result("a", 1);
    expect(run.told("a", "rejected")).toMatchObject([{ code: "BAD_RANGE" }]);
    expect(run.machine.counters.strikes).toBe(0);
    expect(run.span("a")).toBe("0-3");
    run.work("a");
    expect(run.records[0]?.commits.map(({ start, end }) => [start, end])).toEqual([
      [0, 3],
      [3, 6],
      [6, 8],
    ]);
  });

  it("[diverged] a sum that is not finite is not applied: the run ends, without a checkpoint of it", () => {
    const run = new Scenario({ trainSamples: 64 });
    run.applied = false;
    run.join("a");
    run.work("a");
    expect(run.summary).toMatchObject({ outcome: "diverged", steps: 0 });
    expect(run.checkpoints).toEqual([]);
    expect(run.closed.get("a")).toBe(4005);
  });

  it("[time] a clock that jumps back changes nothing", () => {
    const run = new Scenario();
    run.nowMs = 10_000;
    run.join("a");
    run.nowMs = 0;
    run.work("a");
    expect(run.summary).toMatchObject({ outcome: "finished", seconds: 0 });
  });
});

describe("evaluation", () => {
  it("[evaluate] the test samples are leased after each epoch, their sums folded in order, and the epoch is told", () => {
    const run = new Scenario({ testSamples: 6, epochs: 2, leaseMicrobatches: 4 });
    run.join("a", "b");
    run.finish("a");
    run.finish("b");
    expect(run.machine.phase).toBe("evaluating");
    const [first, second] = [run.lease("a"), run.lease("b")];
    expect([first, second]).toMatchObject([
      { kind: "evaluate", step: 1, start: 0, end: 4 },
      { kind: "evaluate", step: 1, start: 4, end: 6 },
    ]);
    const answer = (worker: string, lease: typeof first) => {
      const handle = run.handle({ samples: lease.end - lease.start });
      const { step } = lease;
      const microbatches = lease.end - lease.start;
      run.say(worker, { type: "evaluation", lease: lease.lease, step, microbatches, milliseconds: 1, handle });
    };
    answer("b", second);
    answer("b", second);
    expect(run.dropped).toHaveLength(1);
    answer("a", first);
    expect(run.folds.slice(-2)).toEqual([first.lease, second.lease]);
    // The scenario's sums: loss 3 and accuracy 3 over 6.
    expect(run.events).toContainEqual(
      expect.objectContaining({ event: "epoch", epoch: 1, trainLoss: 1, testLoss: 0.5, testAccuracy: 0.5 }),
    );
    expect(run.lease("a")).toMatchObject({ kind: "gradient", epoch: 1, step: 1, start: 0 });
  });

  it("[evaluate] a worker that dies in it is replaced like in a step", () => {
    const run = new Scenario({ testSamples: 6, leaseMicrobatches: 8 });
    run.join("a");
    run.finish("a");
    run.close("a");
    run.join("b");
    expect(run.lease("b")).toMatchObject({ kind: "evaluate", start: 0, end: 6 });
  });
});

describe("the end", () => {
  it("[finish] after the last epoch the run is saved, everybody is told, and the sockets close with 4005", () => {
    const run = new Scenario();
    run.join("a", "b");
    run.wait(1_000);
    run.work("a", "b");
    expect(run.checkpoints).toMatchObject([{ step: 1, final: true }]);
    expect(run.told("a", "finish")).toHaveLength(1);
    expect([run.closed.get("a"), run.closed.get("b")]).toEqual([4005, 4005]);
    expect(run.summary).toEqual({
      outcome: "finished",
      reason: "",
      steps: 1,
      samples: 8,
      seconds: 1,
      samplesPerSecond: 8,
      test: {},
    });
    run.hello("late");
    expect(run.told("late", "refused")).toMatchObject([{ code: "FINISHED" }]);
  });

  it("[finish] a limit of steps ends the run in the middle of an epoch, with its evaluation", () => {
    const run = new Scenario({ trainSamples: 64, stepsMax: 2, testSamples: 6 });
    run.join("a");
    run.work("a");
    run.work("a");
    expect(run.machine).toMatchObject({ phase: "evaluating", step: 2 });
  });

  it("[stop] the open step is finished first, then the run is saved and over; nothing is evaluated", () => {
    const run = new Scenario({ trainSamples: 64, testSamples: 6 });
    run.join("a");
    run.command({ command: "stop", reason: "Ctrl-C" });
    expect(run.summary).toBeNull();
    run.work("a");
    expect(run.checkpoints).toMatchObject([{ step: 1, final: true, position: { samplesCommitted: 8 } }]);
    expect(run.summary).toMatchObject({ outcome: "stopped", reason: "Ctrl-C", steps: 1 });
  });

  it("[stop] without workers, or when they do not answer for ten seconds, the open step is given up and its samples stay", () => {
    const alone = new Scenario();
    alone.event({ type: "tick" });
    alone.command({ command: "stop", reason: "" });
    expect(alone.summary).toMatchObject({ outcome: "stopped", steps: 0 });
    const stuck = new Scenario({ trainSamples: 64 });
    stuck.join("a", "b");
    stuck.finish("b");
    stuck.command({ command: "stop", reason: "" });
    stuck.wait(9_999);
    expect(stuck.summary).toBeNull();
    stuck.wait(1);
    expect(stuck.summary).toMatchObject({ outcome: "stopped", steps: 0 });
    expect(stuck.checkpoints[0]?.position.position).toEqual({ epoch: 0, next: 0, carried: [] });
    expect(stuck.dropped).toHaveLength(1);
  });

  it("[checkpoint] on command and every so many steps, at the boundary of a step", () => {
    const run = new Scenario({ trainSamples: 64, checkpointSteps: 3 });
    run.join("a");
    run.command({ command: "checkpoint" });
    expect(run.checkpoints).toEqual([]);
    for (let step = 0; step < 3; step += 1) run.work("a");
    expect(run.checkpoints.map(({ step, final }) => [step, final])).toEqual([
      [1, false],
      [3, false],
    ]);
    expect(run.checkpoints[1]?.position.position).toEqual({ epoch: 0, next: 24, carried: [] });
  });

  it("[resume] a run goes on where its checkpoint was, with the same samples next", () => {
    const start = {
      step: 7,
      samplesCommitted: 56,
      learningRateFactor: 0.5,
      position: { epoch: 1, next: 16, carried: [] },
    };
    const run = new Scenario({ trainSamples: 32, epochs: 2, start });
    run.join("a");
    expect(run.lease("a")).toMatchObject({ step: 7, epoch: 1, start: 16 });
    run.work("a");
    expect(run.updates[0]).toMatchObject({ step: 7, samplesCommitted: 56, learningRateFactor: 0.5 });
  });

  it("[command] a learning-rate factor reaches the next update", () => {
    const run = new Scenario();
    run.join("a");
    run.command({ command: "learningRateFactor", factor: 0.1 });
    run.work("a");
    expect(run.updates[0]?.learningRateFactor).toBe(0.1);
  });

  it("[effects] an effect that fails ends the run and says which", () => {
    const run = new Scenario();
    run.join("a");
    run.event({ type: "effectFailed", effect: "persist", message: "no space left" });
    expect(run.summary).toMatchObject({ outcome: "failed", reason: "persist: no space left" });
  });
});
