import { describe, expect, it } from "vitest";
import { faults, oneLease, spoil, why } from "./testing/failing-workers.ts";
import { Scenario } from "./testing/scenario.ts";

describe("what happens while the coordinator computes", () => {
  /** Three failures of one worker, and an examination that has not answered. */
  function examining(): Scenario {
    const run = oneLease("a");
    run.held.push("examine");
    spoil(run, "a", 3);
    return run;
  }
  const verdict = (run: Scenario, change: object = {}) =>
    run.event({
      ...{ type: "examined", kind: "gradient", step: 0, start: 0, end: 8, finding: { verdict: "notFinite" } },
      ...change,
    });

  it("[examined] who failed gets no lease and no strike until it is known, and the run says what it waits for", () => {
    const run = examining();
    expect(run.leasesOf("a")).toHaveLength(3);
    expect(run.machine.counters.strikes).toBe(2);
    expect(why(run)).toBe("Step 1 waits until the coordinator has computed samples 0 to 7, on which a failed");
  });

  it("[examined] another worker may compute the samples meanwhile; a verdict that comes after the step is ignored", () => {
    const run = examining();
    run.join("b");
    run.work("b");
    verdict(run);
    expect(run.summary).toMatchObject({ outcome: "finished", steps: 1 });
  });

  it("[examined] a result that is in counts more than the coordinator's own, also while the step is open", () => {
    const run = new Scenario();
    run.held.push("examine");
    run.join("a");
    spoil(run, "a", 3);
    run.join("b");
    run.finish("b");
    expect(run.machine.phase).toBe("training");
    run.event({ type: "examined", kind: "gradient", step: 0, start: 0, end: 1, finding: { verdict: "notFinite" } });
    run.close("a");
    run.work("b");
    expect(run.summary).toMatchObject({ outcome: "finished" });
  });

  it("[examined] verdicts about other samples, steps or kinds are ignored", () => {
    const run = examining();
    verdict(run, { end: 4 });
    verdict(run, { step: 1 });
    verdict(run, { kind: "evaluate" });
    expect(run.summary).toBeNull();
    verdict(run);
    expect(run.summary).toMatchObject({ outcome: "diverged" });
    verdict(run);
  });

  it("[examined] a pause and a stop do not wait for it", () => {
    const paused = examining();
    paused.command({ command: "pause" });
    verdict(paused, { finding: { verdict: "usable", norm: 1 } });
    expect(why(paused)).toMatch(/; then the run pauses$/);
    const stopped = examining();
    stopped.command({ command: "stop", reason: "enough" });
    expect(stopped.summary).toMatchObject({ outcome: "stopped", reason: "enough" });
    verdict(stopped);
    expect(stopped.summary).toMatchObject({ outcome: "stopped" });
  });

  it("[examined] who has gone meanwhile is still named", () => {
    const run = examining();
    run.close("a");
    verdict(run, { finding: { verdict: "usable", norm: 1 } });
    expect(faults(run)).toMatchObject([{ message: expect.stringMatching(/^Worker a: /) }]);
  });
});

describe("samples that the coordinator cannot compute", () => {
  const unable = { verdict: "unable", detail: "there is too little memory" } as const;

  it("[unable] what the workers say decides", () => {
    const run = oneLease("a");
    run.finding = unable;
    spoil(run, "a", 3);
    expect(run.summary).toMatchObject({
      outcome: "diverged",
      reason:
        "3 results for the same samples of step 0 were of no use: its values are not finite; the coordinator could not compute them itself: there is too little memory",
    });
  });

  it("[unable] unless another worker is at it: then its result does, and nothing is asked again", () => {
    const run = oneLease("a");
    run.finding = unable;
    run.held.push("examine");
    spoil(run, "a", 3);
    run.join("b");
    run.perform();
    expect(run.summary).toBeNull();
    expect(run.closed.get("a")).toBe(4004);
    run.finish("b", { finite: false });
    expect(run.examinations).toHaveLength(1);
    expect(run.summary).toMatchObject({ outcome: "diverged" });
  });
});
