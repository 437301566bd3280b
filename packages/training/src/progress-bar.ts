import type { EpochEvent, StepEvent } from "@tributary/program";

/** What the bar needs to know about the run before the first event. */
export interface ProgressPlan {
  readonly epochs: number;
  /** Steps of the whole run. */
  readonly steps: number;
}

/** The newest events that the bar shows. */
export interface ProgressState {
  readonly step: StepEvent;
  readonly lastEpoch: EpochEvent | null;
}

const BAR_CELLS = 20;

/**
 * One line of progress: epoch, bar, step, loss, accuracy, samples/s, workers, time left.
 * @param columns width of the terminal; the line is cut to it
 */
export function progressLine(plan: ProgressPlan, { step, lastEpoch }: ProgressState, columns: number): string {
  const share = Math.min(1, step.step / Math.max(1, plan.steps));
  const samplesPerStep = step.samples / step.step;
  const secondsLeft = ((plan.steps - step.step) * samplesPerStep) / step.samplesPerSecond;
  const parts = [
    `epoch ${step.epoch}/${plan.epochs}`,
    `${progressBar(share)} ${Math.floor(share * 100)}%`,
    `step ${step.step}/${plan.steps}`,
    `loss ${step.loss.toFixed(3)}`,
    ...accuracyParts(step, lastEpoch),
    `${shortNumber(step.samplesPerSecond)} samples/s`,
    step.workers === 1 ? "1 worker" : `${step.workers} workers`,
    Number.isFinite(secondsLeft) ? `${clockTime(secondsLeft)} left` : "",
  ];
  return parts
    .filter((part) => part !== "")
    .join(" · ")
    .slice(0, columns);
}

function accuracyParts(step: StepEvent, lastEpoch: EpochEvent | null): string[] {
  const parts: string[] = [];
  const train = step.trainAccuracy;
  const test = lastEpoch?.testAccuracy;
  if (train !== undefined) parts.push(`acc ${(100 * train).toFixed(1)}%`);
  if (test !== undefined) parts.push(`test ${(100 * test).toFixed(1)}%`);
  return parts;
}

/** A bar of 20 cells. @param share 0 to 1 */
export function progressBar(share: number): string {
  const halves = Math.round(share * BAR_CELLS * 2);
  const full = Math.floor(halves / 2);
  const half = halves % 2;
  return `${"━".repeat(full)}${half === 1 ? "╸" : ""}${"─".repeat(BAR_CELLS - full - half)}`;
}

/** 18234 as 18.2k. */
export function shortNumber(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toFixed(1)}M`;
  if (value >= 1e3) return `${(value / 1e3).toFixed(1)}k`;
  return value.toFixed(0);
}

/** Seconds as 1:02 or 1:00:02. */
export function clockTime(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const minutes = Math.floor(whole / 60);
  const twoDigits = (value: number) => String(value).padStart(2, "0");
  if (minutes < 60) return `${minutes}:${twoDigits(whole % 60)}`;
  return `${Math.floor(minutes / 60)}:${twoDigits(minutes % 60)}:${twoDigits(whole % 60)}`;
}
