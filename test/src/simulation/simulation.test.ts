import type { Counters } from "@tributary/coordinator";
import { describe, expect, it } from "vitest";
import { drawPlan } from "./plan.ts";
import { SimulatedRun } from "./simulated-run.ts";
import { serialRun } from "./tiny-model.ts";

const SEEDS = 1_000;

function simulate(seed: number): SimulatedRun {
  const run = new SimulatedRun(drawPlan(seed));
  try {
    run.run();
  } catch (error) {
    throw new Error(`Seed ${seed} failed`, { cause: error });
  }
  return run;
}

describe("the simulation", () => {
  it("[sim] 1,000 drawn runs keep every invariant, end with one process's parameters, and meet every fault", () => {
    const totals: Record<string, number> = {};
    let rested = 0;
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const run = simulate(seed);
      const plan = drawPlan(seed);
      // With a quorum below 1 the steps own other samples; what can be told then, atEnd has checked: exactly once.
      if (plan.quorum === 1) {
        expect(run.parameters, `seed ${seed}`).toEqual(serialRun(plan.samples, plan.batchSize, plan.epochs));
      }
      rested += run.restedEvents;
      for (const [name, count] of Object.entries(run.machine.counters)) totals[name] = (totals[name] ?? 0) + count;
    }
    // A simulation in which nothing goes wrong would prove nothing.
    const met: (keyof Counters)[] = [
      "duplicates",
      "stale",
      "future",
      "unknown",
      "lapsed",
      "reissued",
      "notFinite",
      "strikes",
      "examined",
      "quarantined",
    ];
    for (const name of met) expect(totals[name], name).toBeGreaterThan(100);
    expect(totals.reclaimed).toBeGreaterThan(20);
    expect(rested).toBeGreaterThan(100);
  });

  it("[sim] the same seed gives the same run, to the last commit", () => {
    for (const seed of [3, 77, 401]) {
      const [one, two] = [simulate(seed), simulate(seed)];
      expect(two.invariants.records).toEqual(one.invariants.records);
      expect(two.clock.nowMs).toBe(one.clock.nowMs);
    }
  });
});
