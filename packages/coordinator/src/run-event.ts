import type { WorkerId } from "@tributary/protocol";

/** Sums over the samples of a step or of an evaluation, as the programs give them. */
export interface Measures {
  /** Sum of the loss over the samples, each times its weight. */
  readonly loss: number;
  /** What the loss's mean divides by. */
  readonly weight: number;
  readonly samples: number;
  /** Sum of each metric, by name. */
  readonly metrics: Readonly<Record<string, number>>;
}

/**
 * What a run tells the world: one JSON object each, in the forms that scripts rely on. Metrics appear as `trainName` and
 * `testName`, averaged over the weight.
 */
export type RunEvent =
  | {
      readonly event: "step";
      /** Updates done. */
      readonly step: number;
      /** 1-based. */
      readonly epoch: number;
      /** Samples committed since the run began. */
      readonly samples: number;
      /** Mean over the step. */
      readonly loss: number;
      readonly samplesPerSecond: number;
      readonly workers: number;
      /** Norm of the step's mean gradient. */
      readonly gradientNorm: number;
    }
  | ({
      readonly event: "epoch";
      readonly epoch: number;
      readonly trainLoss: number;
      readonly seconds: number;
    } & Readonly<Record<`train${string}` | `test${string}`, number>>)
  | {
      readonly event: "worker";
      readonly id: WorkerId;
      readonly name: string;
      readonly state: "joined" | "left" | "lost";
    }
  | {
      /** Samples that came back from one worker were given to another. */
      readonly event: "reissued";
      readonly step: number;
      readonly start: number;
      readonly end: number;
      readonly from: WorkerId;
      readonly to: WorkerId;
      /** Time the samples were nobody's. */
      readonly milliseconds: number;
    }
  | { readonly event: "checkpoint"; readonly step: number; readonly path: string }
  | { readonly event: "waiting"; readonly step: number; readonly reason: string }
  | { readonly event: "error"; readonly code: string; readonly message: string; readonly remedy: string };

/** How a run ended. stopped: on command, before its last epoch. */
export type Outcome = "finished" | "stopped" | "diverged" | "failed";

/** The numbers of a run that is over. */
export interface RunSummary {
  readonly outcome: Outcome;
  /** For people; empty when the run simply finished. */
  readonly reason: string;
  readonly steps: number;
  readonly samples: number;
  /** Since the first lease. */
  readonly seconds: number;
  readonly samplesPerSecond: number;
  /** Of the last evaluation: testLoss and one entry a metric. */
  readonly test: Readonly<Record<string, number>>;
}

/** `accuracy` with prefix `test` becomes `testAccuracy`. */
export function metricKey(prefix: "train" | "test", name: string): `train${string}` | `test${string}` {
  return `${prefix}${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

/** Loss and metrics divided by the weight, under their names in events. */
export function meanMeasures(
  prefix: "train" | "test",
  measures: Measures,
): Record<`train${string}` | `test${string}`, number> {
  const means: Record<`train${string}` | `test${string}`, number> = {};
  means[`${prefix}Loss`] = measures.loss / measures.weight;
  for (const [name, sum] of Object.entries(measures.metrics)) means[metricKey(prefix, name)] = sum / measures.weight;
  return means;
}
