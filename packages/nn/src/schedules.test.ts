import { tensor } from "@tributary/autograd";
import { describe, expect, it } from "vitest";
import { oneCycle } from "./one-cycle.ts";
import {
  constantRate,
  cosineDecay,
  exponentialDecay,
  linearDecay,
  linearWarmup,
  multiStepDecay,
  polynomialDecay,
  type Schedule,
  stepDecay,
} from "./schedules.ts";

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
  it("multiStepDecay is MultiStepLR", () =>
    near(
      multiStepDecay({ initial: 0.1, milestones: [{ steps: 2 }, { epochs: 1 }, { samples: 80 }], factor: 0.5 }),
      [0.1, 0.1, 0.05, 0.025, 0.025, 0.0125, 0.0125],
    ));
  it("polynomialDecay is PolynomialLR", async () => {
    await near(
      polynomialDecay({ initial: 0.1, power: 2 }),
      [0.1, 0.069444444, 0.044444444, 0.025, 0.011111111, 0.0027777778, 0, 0],
    );
    await near(polynomialDecay({ initial: 0.1, over: { steps: 4 } }), [0.1, 0.075, 0.05, 0.025, 0, 0]);
  });
  it("linearDecay is LinearLR", () =>
    near(linearDecay({ initial: 0.1, final: 0.01 }), [0.1, 0.085, 0.07, 0.055, 0.04, 0.025, 0.01, 0.01]));
  it("oneCycle is OneCycleLR over the run", () =>
    near(oneCycle({ maximum: 0.1 }), [0.004, 0.099441544, 0.081174565, 0.04626371, 0.013347753, 4e-7, 4e-7]));
  it("oneCycle in straight lines", () =>
    near(
      oneCycle({ maximum: 0.1, rise: 0.5, initialDivisor: 10, finalDivisor: 10, anneal: "linear" }),
      [0.01, 0.055, 0.1, 0.067, 0.034, 0.001],
    ));
  it("oneCycle in three phases, over a part of the run", () =>
    near(
      oneCycle({ maximum: 0.1, rise: 0.4, threePhases: true, over: { steps: 10 } }),
      [0.004, 0.028, 0.076, 0.1, 0.076, 0.028, 0.004, 0.0030001, 0.0010003, 4e-7, 4e-7],
    ));
  it("options that make no sense are refused", () => {
    expect(() => stepDecay({ initial: 1, every: { steps: 1 }, factor: 0 })).toThrow(/factor is 0/);
    expect(() => linearWarmup({ over: { steps: 1 }, from: 2, next: 1 })).toThrow(/from is 2/);
    expect(() => oneCycle({ maximum: 1, rise: 0 })).toThrow(/rise is 0/);
    expect(() => polynomialDecay({ initial: 1, power: 0 })).toThrow(/power is 0/);
    expect(() => multiStepDecay({ initial: 1, milestones: [], factor: -1 })).toThrow(/factor is -1/);
  });
});
