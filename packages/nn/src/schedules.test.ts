import { tensor } from "@tributary/autograd";
import { describe, expect, it } from "vitest";
import { constantRate, cosineDecay, exponentialDecay, linearWarmup, type Schedule, stepDecay } from "./schedules.ts";

// Expected numbers are PyTorch 1.13's schedulers, stepped once a batch (of 16 samples; 3 batches an epoch; 6 in all).
const BATCH = 16;

async function rates(schedule: Schedule, steps: number): Promise<number[]> {
  const run = { batchSize: BATCH, samplesPerEpoch: 3 * BATCH, totalSamples: 6 * BATCH };
  return Promise.all(
    Array.from({ length: steps }, (_, step) => schedule({ ...run, samples: tensor(step * BATCH) }).item()),
  );
}

async function near(schedule: Schedule, expected: readonly number[]) {
  const found = await rates(schedule, expected.length);
  found.forEach((rate, index) => {
    expect(Math.abs(rate - expected[index])).toBeLessThan(1e-7);
  });
}

describe("schedules", () => {
  it("constantRate stays", () => near(constantRate(0.1), [0.1, 0.1]));
  it("stepDecay is StepLR", async () => {
    const expected = [0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025, 0.025];
    await near(stepDecay({ initial: 0.1, every: { steps: 3 }, factor: 0.5 }), expected);
    await near(stepDecay({ initial: 0.1, every: { epochs: 1 }, factor: 0.5 }), expected);
    await near(stepDecay({ initial: 0.1, every: { samples: 48 }, factor: 0.5 }), expected);
  });
  it("exponentialDecay by steps is ExponentialLR", () =>
    near(
      exponentialDecay({ initial: 0.1, every: { steps: 1 }, factor: 0.9 }),
      [0.1, 0.09, 0.081, 0.0729, 0.06561, 0.059049, 0.0531441, 0.04782969],
    ));
  it("cosineDecay is CosineAnnealingLR over the run, and stays at its end", () =>
    near(cosineDecay({ initial: 0.1, final: 0.01 }), [0.1, 0.09397114, 0.0775, 0.055, 0.0325, 0.01602886, 0.01, 0.01]));
  it("linearWarmup is LinearLR, and what follows begins at its end", () =>
    near(
      linearWarmup({ over: { steps: 4 }, next: stepDecay({ initial: 0.1, every: { steps: 2 }, factor: 0.5 }) }),
      [0.03333333, 0.05, 0.06666667, 0.08333333, 0.1, 0.1, 0.05, 0.05],
    ));
  it("options that make no sense are refused", () => {
    expect(() => stepDecay({ initial: 1, every: { steps: 1 }, factor: 0 })).toThrow(/factor is 0/);
    expect(() => linearWarmup({ over: { steps: 1 }, from: 2, next: 1 })).toThrow(/from is 2/);
  });
});
