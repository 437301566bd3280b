import type { LeaseId, WorkerId } from "@tributary/protocol";

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
 * `testName`, averaged over the samples; the loss over its weight.
 */
export type RunEvent =
  | ({
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
    } & Readonly<Record<`train${string}`, number>>)
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
      readonly event: "lease";
      readonly state: "reissued";
      readonly lease: LeaseId;
      readonly step: number;
      readonly start: number;
      readonly end: number;
      /** Who has them now. */
      readonly worker: WorkerId;
      readonly from: WorkerId;
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
export function metricKey<Prefix extends "train" | "test">(prefix: Prefix, name: string): `${Prefix}${string}` {
  return `${prefix}${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

/** Loss over its weight and metrics over the samples, under their names in events. */
export function meanMeasures<Prefix extends "train" | "test">(
  prefix: Prefix,
  measures: Measures,
): Record<`${Prefix}${string}`, number> {
  const means = Object.entries(measures.metrics).map(([name, sum]) => [
    metricKey(prefix, name),
    sum / measures.samples,
  ]);
  return Object.fromEntries([[metricKey(prefix, "loss"), measures.loss / measures.weight], ...means]);
}
