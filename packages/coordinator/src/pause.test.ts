import { describe, expect, it } from "vitest";
import { Scenario } from "./testing/scenario.ts";

describe("a pause", () => {
  it("[W6] the open step is finished, and then nothing is leased until somebody says so", () => {
    const run = new Scenario({ trainSamples: 24 });
    run.join("a");
    run.command({ command: "pause" });
    expect(run.machine.phase).toBe("training");
    run.work("a");
    expect(run.machine.phase).toBe("paused");
    expect(run.records.map(({ step }) => step)).toEqual([1]);
    expect(run.leasesOf("a").every(({ step }) => step === 0)).toBe(true);
    expect(run.events.at(-1)).toEqual({ event: "waiting", step: 1, reason: "The run is paused" });
    run.wait(3_600_000);
    expect(run.machine.sizes.leases).toBe(0);
    run.command({ command: "resume" });
    expect(run.lease("a")).toMatchObject({ step: 1, start: 8 });
    run.work("a");
    run.work("a");
    expect(run.summary).toMatchObject({ outcome: "finished", steps: 3, samples: 24 });
  });

  it("[pause] a resume before the step is done is as if nobody had paused", () => {
    const run = new Scenario({ trainSamples: 16 });
    run.join("a");
    run.command({ command: "pause" });
    run.command({ command: "resume" });
    run.work("a");
    expect(run.machine.phase).toBe("training");
    expect(run.lease("a")).toMatchObject({ step: 1 });
  });

  it("[pause] resume without a pause, and a second pause, change nothing", () => {
    const run = new Scenario({ trainSamples: 16 });
    run.join("a");
    run.command({ command: "resume" });
    expect(run.machine.phase).toBe("training");
    run.command({ command: "pause" });
    run.command({ command: "pause" });
    run.work("a");
    expect(run.events.filter(({ event }) => event === "waiting")).toEqual([
      { event: "waiting", step: 0, reason: "No worker is there" },
      { event: "waiting", step: 1, reason: "The run is paused" },
    ]);
  });

  it("[W6] an evaluation that is open is finished too; one that is due waits", () => {
    const run = new Scenario({ testSamples: 2, epochs: 2 });
    run.join("a");
    run.command({ command: "pause" });
    run.work("a");
    expect(run.machine.phase).toBe("paused");
    run.command({ command: "resume" });
    expect(run.lease("a")).toMatchObject({ kind: "evaluate", step: 1 });
    run.command({ command: "pause" });
    const evaluate = () => {
      const { lease, step, start, end } = run.lease("a");
      const microbatches = end - start;
      const handle = run.handle({ samples: microbatches });
      run.say("a", { type: "evaluation", lease, step, microbatches, milliseconds: 1, handle });
    };
    while (run.machine.phase === "evaluating") evaluate();
    expect(run.events.some(({ event }) => event === "epoch")).toBe(true);
    expect(run.machine.phase).toBe("paused");
  });

  it("[W6] a checkpoint that is asked for meanwhile is written at once, at the position the run rests at", () => {
    const run = new Scenario({ trainSamples: 24 });
    run.join("a");
    run.command({ command: "pause" });
    run.work("a");
    run.command({ command: "checkpoint" });
    expect(run.checkpoints).toMatchObject([
      { step: 1, final: false, position: { samplesCommitted: 8, position: { epoch: 0, next: 8 } } },
    ]);
    run.command({ command: "resume" });
    expect(run.lease("a")).toMatchObject({ step: 1, start: 8 });
  });

  it("[W6] who joins meanwhile gets the parameters, and a lease when the run goes on", () => {
    const run = new Scenario({ trainSamples: 24 });
    run.join("a");
    run.command({ command: "pause" });
    run.work("a");
    run.join("b");
    expect(run.broadcasts.at(-1)).toEqual({ type: "broadcast", step: 1, workers: ["b"] });
    expect(run.leasesOf("b")).toEqual([]);
    run.command({ command: "resume" });
    expect(run.leasesOf("b")).toHaveLength(1);
  });

  it("[pause] is no time at work: rates leave it out", () => {
    const run = new Scenario({ trainSamples: 16, leaseMicrobatches: 8 });
    run.microbatchMs = 125;
    run.join("a");
    run.command({ command: "pause" });
    run.work("a");
    run.wait(3_600_000);
    run.command({ command: "resume" });
    run.work("a");
    // Twice 8 microbatches of 125 ms.
    expect(run.summary).toMatchObject({ seconds: 2, samplesPerSecond: 8 });
    expect(run.events.find(({ event }) => event === "epoch")).toMatchObject({ seconds: 2 });
  });

  it("[pause] a paused run can be stopped: nothing is open, so it saves at once", () => {
    const run = new Scenario({ trainSamples: 24 });
    run.join("a");
    run.command({ command: "pause" });
    run.work("a");
    run.command({ command: "stop", reason: "enough" });
    expect(run.summary).toMatchObject({ outcome: "stopped", reason: "enough", steps: 1 });
    expect(run.checkpoints).toMatchObject([{ final: true, position: { position: { epoch: 0, next: 8 } } }]);
  });

  it("[pause] a paused run survives that every worker goes, and others come", () => {
    const run = new Scenario({ trainSamples: 16 });
    run.join("a");
    run.command({ command: "pause" });
    run.work("a");
    run.close("a");
    run.command({ command: "resume" });
    expect(run.machine.phase).toBe("training");
    run.join("b");
    run.work("b");
    expect(run.summary).toMatchObject({ outcome: "finished", samples: 16 });
  });
});
