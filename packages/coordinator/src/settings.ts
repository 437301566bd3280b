import type { WelcomeMessage } from "@tributary/protocol";
import { EPOCH_START, type EpochPosition } from "./epoch-plan.ts";
import { CoordinatorError } from "./errors.ts";
import { LEASE_TARGET_MILLISECONDS, STEP_LEASES_MAX, WORKERS_MAX } from "./limits.ts";

/** A codec a worker may send gradients in. */
export interface CodecSize {
  readonly name: string;
  /** Bytes of the coded gradient. Null: it depends on the values, and {@link bytesMax} is the bound. */
  readonly bytes: number | null;
  readonly bytesMax: number;
}

/** What of `welcome` is the same for every worker of the run. */
export type WelcomeTemplate = Omit<WelcomeMessage, "type" | "worker" | "step" | "codec">;

/** Where a run begins when it is not at the beginning: what a checkpoint holds beside the tensors. */
export interface RunPosition {
  readonly step: number;
  readonly samplesCommitted: number;
  readonly learningRateFactor: number;
  readonly position: EpochPosition;
}

/** The first position of a run. */
export const RUN_START: RunPosition = { step: 0, samplesCommitted: 0, learningRateFactor: 1, position: EPOCH_START };

/** What a run is, to the coordinator. Every count is a positive integer unless said otherwise. */
export interface RunSettings {
  readonly welcome: WelcomeTemplate;
  /** Format version of the run's encoded programs. */
  readonly programFormat: number;
  /** Operations the workers' programs use. */
  readonly operations: readonly string[];
  /** Codecs the run admits, preferred ones first. */
  readonly codecs: readonly CodecSize[];
  readonly trainSamples: number;
  /** 0: nothing is evaluated. */
  readonly testSamples: number;
  /** Samples of one step over all workers, B. */
  readonly batchSize: number;
  /** Samples of one microbatch, M; of gradient and evaluate leases alike. */
  readonly microbatch: number;
  readonly epochs: number;
  /** Ends the run after this many steps, wherever it is in its epochs. Null: the epochs decide. */
  readonly stepsMax: number | null;
  /** Fraction of a step's samples without which it never closes, above 0. 1: it waits for all of them and leases again. */
  readonly quorum: number;
  /** Milliseconds after which a step with its quorum closes; only with a quorum below 1. */
  readonly stepMilliseconds: number;
  /** Milliseconds a lease is sized for at most. */
  readonly leaseTargetMilliseconds: number;
  /** Microbatches of every lease (the last of a step may be shorter). Null: by the workers' speed. */
  readonly leaseMicrobatches: number | null;
  /** One arithmetic class and fixed lease sizes: the same bits every time. Needs `leaseMicrobatches`. */
  readonly deterministic: boolean;
  /** A checkpoint every so many steps; null: only at the end and on command. */
  readonly checkpointSteps: number | null;
  readonly workersMax: number;
  readonly start: RunPosition;
}

/** What has a default. */
export const DEFAULT_SETTINGS = {
  stepsMax: null,
  quorum: 1,
  stepMilliseconds: 10_000,
  leaseTargetMilliseconds: LEASE_TARGET_MILLISECONDS,
  leaseMicrobatches: null,
  deterministic: false,
  checkpointSteps: null,
  workersMax: WORKERS_MAX,
  start: RUN_START,
} as const satisfies Partial<RunSettings>;

/** @throws CoordinatorError BAD_SETTINGS naming the first setting that is out of its range */
export function checkSettings(settings: RunSettings): void {
  const counts = {
    trainSamples: settings.trainSamples,
    batchSize: settings.batchSize,
    microbatch: settings.microbatch,
    epochs: settings.epochs,
    stepMilliseconds: settings.stepMilliseconds,
    leaseTargetMilliseconds: settings.leaseTargetMilliseconds,
    workersMax: settings.workersMax,
    stepsMax: settings.stepsMax ?? 1,
    leaseMicrobatches: settings.leaseMicrobatches ?? 1,
    checkpointSteps: settings.checkpointSteps ?? 1,
  };
  for (const [name, value] of Object.entries(counts)) {
    refuse(!Number.isSafeInteger(value) || value < 1, `${name} is ${value}, but must be a positive integer`);
  }
  const { testSamples, quorum, deterministic, leaseMicrobatches, batchSize, microbatch } = settings;
  refuse(!Number.isSafeInteger(testSamples) || testSamples < 0, `testSamples is ${testSamples}, but must be 0 or more`);
  refuse(!(quorum > 0 && quorum <= 1), `quorum is ${quorum}, but must be above 0 and at most 1`);
  refuse(
    deterministic && leaseMicrobatches === null,
    "A deterministic run needs leaseMicrobatches, so that the partition is fixed",
  );
  refuse(
    deterministic && quorum < 1,
    `A deterministic run needs quorum 1, not ${quorum}: a deadline would decide what counts`,
  );
  refuse(settings.codecs.length === 0, "The run admits no codec: name at least float32");
  const leases = batchSize / microbatch;
  refuse(
    leases > STEP_LEASES_MAX,
    `A step has ${leases} microbatches, but at most ${STEP_LEASES_MAX}: raise microbatch`,
  );
}

function refuse(wrong: boolean, message: string): void {
  if (wrong) throw new CoordinatorError("BAD_SETTINGS", message);
}
