import {
  constantRate,
  cosineDecay,
  exponentialDecay,
  linearDecay,
  linearWarmup,
  multiStepDecay,
  oneCycle,
  polynomialDecay,
  stepDecay,
} from "@tributary/nn";
import { type Row, schedule } from "../row.ts";

/** Rows of the family "schedules": all start from the rate 0.1. */
export const SCHEDULES: Readonly<Record<string, Row>> = {
  constant: schedule(constantRate(0.1)),
  step: schedule(stepDecay({ initial: 0.1, every: { steps: 3 }, factor: 0.5 })),
  exponential: schedule(exponentialDecay({ initial: 0.1, every: { steps: 1 }, factor: 0.8 })),
  "several steps": schedule(multiStepDecay({ initial: 0.1, milestones: [{ steps: 3 }, { steps: 7 }], factor: 0.2 })),
  polynomial: schedule(polynomialDecay({ initial: 0.1, over: { steps: 10 }, power: 2 })),
  "line down": schedule(linearDecay({ initial: 0.1, final: 0.01, over: { steps: 10 } })),
  cosine: schedule(cosineDecay({ initial: 0.1 })),
  "cosine to a rate": schedule(cosineDecay({ initial: 0.1, final: 0.02 })),
  "linear warm-up": schedule(linearWarmup({ over: { steps: 5 }, next: 0.1 })),
  "linear warm-up, then cosine": schedule(
    linearWarmup({ over: { steps: 4 }, from: 0.25, next: cosineDecay({ initial: 0.1 }) }),
  ),
  "one cycle": schedule(oneCycle({ maximum: 0.4 })),
  "one cycle by lines": schedule(
    oneCycle({ maximum: 0.4, rise: 0.4, anneal: "linear", initialDivisor: 10, finalDivisor: 100 }),
  ),
  "one cycle of three phases": schedule(oneCycle({ maximum: 0.4, rise: 0.3, threePhases: true })),
};
