import { type Tensor, where } from "@tributary/autograd";
import { requireOption } from "./errors.ts";
import { type Duration, type Progress, type Schedule, samplesIn } from "./schedules.ts";

/** Options of {@link oneCycle}; names and defaults follow PyTorch's OneCycleLR. */
export interface OneCycleOptions {
  /** The highest rate. */
  readonly maximum: number;
  /** How long the cycle takes; afterwards the rate stays. Default: the whole run. */
  readonly over?: Duration;
  /** Share of the cycle in which the rate rises. Default 0.3. */
  readonly rise?: number;
  /** The first rate is maximum / this. Default 25. */
  readonly initialDivisor?: number;
  /** The last rate is the first one / this. Default 1e4. */
  readonly finalDivisor?: number;
  /** How the rate moves. Default "cosine". */
  readonly anneal?: "cosine" | "linear";
  /** Falls back to the first rate as fast as it rose, then to the last one. Default false: at once to the last one. */
  readonly threePhases?: boolean;
}

/** A stretch of the cycle, in steps from its beginning. */
interface Phase {
  readonly end: number;
  readonly from: number;
  readonly to: number;
}

function phasesOf(options: Required<Omit<OneCycleOptions, "over">>, steps: number): Phase[] {
  const { maximum, rise, initialDivisor, finalDivisor, threePhases } = options;
  const initial = maximum / initialDivisor;
  const final = initial / finalDivisor;
  // The last step is number steps - 1: PyTorch counts all ends from there.
  const top = rise * steps - 1;
  const rising = { end: top, from: initial, to: maximum };
  if (!threePhases) return [rising, { end: steps - 1, from: maximum, to: final }];
  return [
    rising,
    { end: 2 * rise * steps - 2, from: maximum, to: initial },
    { end: steps - 1, from: initial, to: final },
  ];
}

/** The rate inside one phase that begins at the step `start`. */
function inPhase({ end, from, to }: Phase, start: number, step: Tensor, anneal: "cosine" | "linear"): Tensor {
  // A phase that is over before it began is never chosen; it must not divide by 0 either.
  const share = step.sub(start).div(Math.max(end - start, 1e-6));
  if (anneal === "linear") return share.mul(to - from).add(from);
  return share
    .mul(Math.PI)
    .cos()
    .add(1)
    .mul((from - to) / 2)
    .add(to);
}

/**
 * Rises from maximum / 25 to the maximum in the first 30% of the run, and falls to a fraction of a millionth of it: PyTorch's
 * OneCycleLR, for the rate alone; momentum stays as it is. Source: Smith and Topin (2017), arXiv:1708.07120.
 * @throws NnError INVALID_OPTION
 */
export function oneCycle(options: OneCycleOptions): Schedule {
  const { maximum, over, rise = 0.3, initialDivisor = 25, finalDivisor = 1e4 } = options;
  const { anneal = "cosine", threePhases = false } = options;
  const complete = { maximum, rise, initialDivisor, finalDivisor, anneal, threePhases };
  requireOption(maximum >= 0, "oneCycle", "maximum", maximum, "at least 0");
  requireOption(
    rise > 0 && rise <= (threePhases ? 0.5 : 1),
    "oneCycle",
    "rise",
    rise,
    "above 0, and at most 1, or 0.5 with threePhases",
  );
  requireOption(initialDivisor > 0, "oneCycle", "initialDivisor", initialDivisor, "above 0");
  requireOption(finalDivisor > 0, "oneCycle", "finalDivisor", finalDivisor, "above 0");
  return (progress: Progress) => {
    const length = over === undefined ? progress.totalSamples : samplesIn(over, progress);
    const steps = length / progress.batchSize;
    const phases = phasesOf(complete, steps);
    const step = progress.samples.div(progress.batchSize).clamp({ max: Math.max(steps - 1, 0) });
    const starts = [0, ...phases.map(({ end }) => end)];
    const rates = phases.map((phase, index) => inPhase(phase, starts[index] ?? 0, step, anneal));
    return rates.reduceRight((later, rate, index) => where(step.le(phases[index]?.end ?? 0), rate, later));
  };
}
