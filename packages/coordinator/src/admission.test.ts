import { PROTOCOL_VERSION } from "@tributary/protocol";
import { describe, expect, it } from "vitest";
import { Scenario } from "./testing/scenario.ts";
import { twoMeasured } from "./testing/two-workers.ts";

describe("joining", () => {
  it("[J4] welcome and the parameters of the current step answer a hello; leases follow ready", () => {
    const run = new Scenario();
    run.hello("a");
    expect(run.told("a", "welcome")).toMatchObject([{ worker: "a", step: 0, codec: "float32", run: "small" }]);
    expect(run.broadcasts).toMatchObject([{ step: 0, workers: ["a"] }]);
    expect(run.leasesOf("a")).toEqual([]);
    run.say("a", { type: "ready", step: 0 });
    expect(run.span("a")).toBe("0-1");
    expect(run.events).toContainEqual({ event: "worker", id: "a", name: "a", state: "joined" });
  });

  it.each([
    ["another protocol", { protocol: PROTOCOL_VERSION + 1 }, "VERSION_MISMATCH", 4002],
    ["no common program format", { programFormats: [7] }, "VERSION_MISMATCH", 4002],
    ["another run", { run: "other" }, "UNKNOWN_RUN", 4003],
    ["no common codec", { codecs: ["top-k"] }, "NO_COMMON_CODEC", 4002],
    ["a missing operation", { operations: ["multiply"] }, "UNSUPPORTED_OPERATION", 4002],
  ])("[J2] %s is refused with a code and a remedy, and closed", (_, change, code, closeCode) => {
    const run = new Scenario();
    run.hello("a", change);
    expect(run.told("a", "refused")).toMatchObject([{ code }]);
    expect(run.told("a", "refused")[0]?.remedy).not.toBe("");
    expect(run.closed.get("a")).toBe(closeCode);
    expect(run.machine.sizes.workers).toBe(0);
  });

  it("[J2] a full run refuses the next worker for now", () => {
    const run = new Scenario({ workersMax: 1 });
    run.join("a");
    run.hello("b");
    expect(run.told("b", "refused")).toMatchObject([{ code: "FULL" }]);
    expect(run.closed.get("b")).toBe(1013);
  });

  it("[J1] a message before hello, and a second hello, close the socket", () => {
    const run = new Scenario();
    run.event({ type: "connectionOpened", worker: "a" });
    run.say("a", { type: "ready", step: 0 });
    expect(run.closed.get("a")).toBe(1008);
    run.join("b");
    run.say("b", { type: "leave", reason: "" });
    expect(run.closed.get("b")).toBe(1000);
  });

  it("[J5] a resumed session fences the old one: its leases are free, what still comes from it is void", () => {
    const run = twoMeasured();
    const old = run.lease("a");
    run.hello("a2", { resume: "a" });
    expect(run.closed.get("a")).toBe(1000);
    run.say("a2", { type: "ready", step: 1 });
    expect(run.lease("a2").start).toBe(old.start);
    run.result("a", undefined, old);
    run.upload("a", old);
    run.arrive("a", old);
    expect(run.folds).not.toContain(old.lease);
    expect(run.dropped).toHaveLength(1);
  });

  it("[T4] a hundred workers that wait for an update are sent its parameters by one broadcast", () => {
    const run = twoMeasured();
    run.held.push("persist");
    run.work("a", "b");
    const before = run.broadcasts.length;
    const names = Array.from({ length: 100 }, (_, index) => `n${index}`);
    for (const name of names) run.hello(name);
    // Joined while a commit is under way: nothing is sent before it is in the log.
    expect(run.broadcasts).toHaveLength(before);
    run.perform();
    expect(run.broadcasts[before]).toMatchObject({ step: 2, workers: names });
  });

  it("[churn] a joiner that dies during its download changes nothing for the others", () => {
    const run = twoMeasured();
    run.hello("c");
    run.close("c");
    run.work("a", "b");
    expect(run.machine.step).toBe(2);
    expect(run.machine.counters.reissued).toBe(0);
  });
});
