import { full, type Tensor, where } from "@tributary/autograd";
import { requireOption } from "./errors.ts";

/** How far a run is, and how long it is. */
export interface Progress {
  /** float32 []: samples committed before this step. */
  readonly samples: Tensor;
  /** Samples of one step. */
  readonly batchSize: number;
  readonly samplesPerEpoch: number;
  /** Samples of the whole run. */
  readonly totalSamples: number;
}

/** A learning rate as a traced function of the samples committed. @returns float32 [] */
export type Schedule = (progress: Progress) => Tensor;

/** A stretch of a run, in whichever unit is at hand. */
export type Duration = { readonly samples: number } | { readonly steps: number } | { readonly epochs: number };

/** Options of the decays that multiply again and again. */
export interface DecayOptions {
  readonly initial: number;
  /** After this long the rate has been multiplied once. */
  readonly every: Duration;
  /** What it is multiplied with, above 0. */
  readonly factor: number;
}

/** Options of {@link cosineDecay}. */
export interface CosineOptions {
  readonly initial: number;
  /** Where it ends. Default 0. */
  readonly final?: number;
  /** How long it takes; afterwards the rate stays. Default: the whole run. */
  readonly over?: Duration;
}

/** Options of {@link multiStepDecay}. */
export interface MultiStepOptions {
  readonly initial: number;
  /** When the rate is multiplied, counted from the beginning of the run. */
  readonly milestones: readonly Duration[];
  /** What it is multiplied with, above 0. Default 0.1. */
  readonly factor?: number;
}

/** Options of {@link polynomialDecay} and {@link linearDecay}. */
export interface PolynomialOptions {
  readonly initial: number;
  /** Where it ends. Default 0. */
  readonly final?: number;
  /** How long it takes; afterwards the rate stays. Default: the whole run. */
  readonly over?: Duration;
  /** Exponent of the share that is left, above 0. Default 1: a straight line. */
  readonly power?: number;
}

/** Options of {@link linearWarmup}. */
export interface WarmupOptions {
  /** How long it takes. */
  readonly over: Duration;
  /** Share of the first rate at which it begins, from 0 to 1. Default 1/3, as PyTorch's LinearLR. */
  readonly from?: number;
  /** What follows, counted from the end of the warm-up. */
  readonly next: number | Schedule;
}

/** Samples of a stretch of a run. */
export function samplesIn(duration: Duration, { batchSize, samplesPerEpoch }: Progress): number {
  if ("samples" in duration) return duration.samples;
  return "steps" in duration ? duration.steps * batchSize : duration.epochs * samplesPerEpoch;
}

/** The same rate always. */
export function constantRate(rate: number): Schedule {
  return () => full([], rate);
}

/** A number as a constant rate; a schedule as it is. */
export function asSchedule(rate: number | Schedule): Schedule {
  return typeof rate === "number" ? constantRate(rate) : rate;
}

function decay({ initial, factor }: DecayOptions, turns: Tensor): Tensor {
  // factor^n as e^(n ln factor): pow of a literal would be the same, and costs more.
  return turns.mul(Math.log(factor)).exp().mul(initial);
}

/** Multiplies the rate by `factor` at the end of each stretch: PyTorch's StepLR. @throws NnError INVALID_OPTION */
export function stepDecay(options: DecayOptions): Schedule {
  requireOption(options.factor > 0, "stepDecay", "factor", options.factor, "above 0");
  // Half a sample more: an inexact division must not fall below the whole number at the end of a stretch.
  return (progress) => decay(options, progress.samples.add(0.5).div(samplesIn(options.every, progress)).floor());
}

/** Multiplies the rate by `factor` over each stretch, smoothly. @throws NnError INVALID_OPTION */
export function exponentialDecay(options: DecayOptions): Schedule {
  requireOption(options.factor > 0, "exponentialDecay", "factor", options.factor, "above 0");
  return (progress) => decay(options, progress.samples.div(samplesIn(options.every, progress)));
}

/** Multiplies the rate by `factor` at each milestone: PyTorch's MultiStepLR. @throws NnError INVALID_OPTION */
export function multiStepDecay({ initial, milestones, factor = 0.1 }: MultiStepOptions): Schedule {
  requireOption(factor > 0, "multiStepDecay", "factor", factor, "above 0");
  return (progress) => {
    // Half a sample more, as in stepDecay.
    const samples = progress.samples.add(0.5);
    return milestones.reduce(
      (rate, milestone) => rate.mul(where(samples.gt(samplesIn(milestone, progress)), factor, 1)),
      full([], initial),
    );
  };
}

/** final + (initial - final) (share of the time that is left)^power: PyTorch's PolynomialLR. @throws NnError INVALID_OPTION */
export function polynomialDecay({ initial, final = 0, over, power = 1 }: PolynomialOptions): Schedule {
  requireOption(power > 0, "polynomialDecay", "power", power, "above 0");
  return (progress) => {
    const length = over === undefined ? progress.totalSamples : samplesIn(over, progress);
    const left = progress.samples.div(length).neg().add(1).clamp({ min: 0 });
    return left
      .pow(power)
      .mul(initial - final)
      .add(final);
  };
}

/** A straight line from `initial` to `final`: PyTorch's LinearLR. */
export function linearDecay(options: Omit<PolynomialOptions, "power">): Schedule {
  return polynomialDecay(options);
}

/** Half a cosine from `initial` to `final`. Source: Loshchilov and Hutter (2017), arXiv:1608.03983, without restarts. */
export function cosineDecay({ initial, final = 0, over }: CosineOptions): Schedule {
  return (progress) => {
    const length = over === undefined ? progress.totalSamples : samplesIn(over, progress);
    const share = progress.samples.div(length).clamp({ max: 1 });
    const height = share.mul(Math.PI).cos().add(1).mul(0.5);
    return height.mul(initial - final).add(final);
  };
}

/** Rises in a straight line to the first rate of another schedule, which then begins. @throws NnError INVALID_OPTION */
export function linearWarmup({ over, from = 1 / 3, next }: WarmupOptions): Schedule {
  requireOption(from >= 0 && from <= 1, "linearWarmup", "from", from, "from 0 to 1");
  const following = asSchedule(next);
  return (progress) => {
    const length = samplesIn(over, progress);
    const { samples } = progress;
    const rest = { ...progress, totalSamples: Math.max(progress.totalSamples - length, 1) };
    const rising = samples
      .mul((1 - from) / Math.max(length, 1))
      .add(from)
      .mul(following({ ...rest, samples: full([], 0) }));
    const after = following({ ...rest, samples: samples.sub(length).clamp({ min: 0 }) });
    return where(samples.lt(length), rising, after);
  };
}
