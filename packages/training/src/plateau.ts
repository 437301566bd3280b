import type { Callback } from "./callbacks.ts";
import { TrainingError } from "./errors.ts";
import { type MonitorOptions, monitoredValue, monitorMode } from "./monitored-value.ts";

/** Options of {@link reduceOnPlateau}; the defaults are PyTorch's ReduceLROnPlateau's. */
export interface PlateauOptions extends MonitorOptions {
  /** What the learning rate is multiplied with, above 0 and below 1. Default 0.1. */
  readonly factor?: number;
  /** Epochs without improvement that are borne: the next one reduces the rate. With "keras" the last of them does. Default 10. */
  readonly patience?: number;
  /**
   * An improvement is a change by more than this share of the best value. Default 1e-4; 0 where `minDelta` is given, which is an
   * absolute change, as it always is with "keras" (default 1e-4).
   */
  readonly threshold?: number;
  /** Epochs after a reduction in which nothing is counted. Default 0. */
  readonly cooldown?: number;
  /** The smallest share of the schedule's rate. Default 0. */
  readonly minimumFactor?: number;
  /** Whose way of counting: "keras" is Keras' ReduceLROnPlateau. Default "pytorch". */
  readonly variant?: "pytorch" | "keras";
}

/** Which values are better than the best so far. */
type Better = (value: number, best: number) => boolean;

function betterOf(options: PlateauOptions): Better {
  const { minDelta, variant = "pytorch" } = options;
  const absolute = minDelta ?? (variant === "keras" ? 1e-4 : 0);
  const relative = options.threshold ?? (variant === "keras" || minDelta !== undefined ? 0 : 1e-4);
  // As in PyTorch, a share of the best value, which for values below 0 makes it easier to improve.
  if (monitorMode(options) === "min") return (value, best) => value < best * (1 - relative) - absolute;
  return (value, best) => value > best * (1 + relative) + absolute;
}

function checkOptions({ factor = 0.1, patience = 0, cooldown = 0, minimumFactor = 0 }: PlateauOptions): void {
  const rules: [holds: boolean, what: string, remedy: string][] = [
    [factor > 0 && factor < 1, `factor is ${factor}`, "use a number above 0 and below 1"],
    [Number.isInteger(patience) && patience >= 0, `patience is ${patience}`, "use a whole number of at least 0"],
    [Number.isInteger(cooldown) && cooldown >= 0, `cooldown is ${cooldown}`, "use a whole number of at least 0"],
    [minimumFactor >= 0 && minimumFactor <= 1, `minimumFactor is ${minimumFactor}`, "use a number from 0 to 1"],
  ];
  const broken = rules.find(([holds]) => !holds);
  if (broken !== undefined) throw new TrainingError("RUN_INVALID", `reduceOnPlateau: ${broken[1]}: ${broken[2]}`);
}

/**
 * Multiplies the learning rate by `factor` whenever the monitored value has not improved for a while; the schedule goes on
 * underneath. It counts as PyTorch's ReduceLROnPlateau does, or as Keras'.
 * @throws TrainingError RUN_INVALID for options out of range, and on the first epoch event that lacks the monitored key
 */
export function reduceOnPlateau(options: PlateauOptions): Callback {
  checkOptions(options);
  const { monitor, factor = 0.1, patience = 10, cooldown = 0, minimumFactor = 0, variant = "pytorch" } = options;
  const better = betterOf(options);
  let best = monitorMode(options) === "min" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  let waited = 0;
  let resting = 0;
  let current = 1;

  /** Whether patience is over after one more value. */
  function isDue(value: number): boolean {
    const improved = better(value, best);
    if (improved) best = value;
    if (variant === "keras") {
      // The pause ends before the value is counted.
      resting = Math.max(0, resting - 1);
      waited = improved || resting > 0 ? 0 : waited + 1;
      return waited >= Math.max(1, patience);
    }
    const pausing = resting > 0;
    resting = Math.max(0, resting - 1);
    waited = improved || pausing ? 0 : waited + 1;
    return waited > patience;
  }

  return {
    onEvent(event) {
      if (event.event !== "epoch" || !isDue(monitoredValue(event, monitor))) return [];
      waited = 0;
      const next = Math.max(current * factor, minimumFactor);
      if (variant === "pytorch" || current > minimumFactor) resting = cooldown;
      if (next >= current) return [];
      current = next;
      return [{ command: "learningRateFactor", factor: current }];
    },
  };
}
