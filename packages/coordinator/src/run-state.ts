import type { RunEvent, RunSums } from "@tributary/program";
import { type LeaseId, type LeaseKind, WATCH_STALENESS_STEPS_MAX, type WorkerId } from "@tributary/protocol";
import type { ControlMessage, Effect } from "./effects.ts";
import { EpochPlan } from "./epoch-plan.ts";
import { Examinations } from "./examinations.ts";
import { LeaseTable } from "./lease-table.ts";
import { NormGuard } from "./norm-guard.ts";
import type { Outcome } from "./run-summary.ts";
import type { RunPosition, RunSettings } from "./settings.ts";
import type { StepLedger } from "./step-ledger.ts";
import { WorkerTable } from "./worker-table.ts";

/**
 * training, evaluating: a ledger is open and leases are given. updating, persisting, summing, saving: an effect is under way.
 * paused: nothing is open, and nothing will be until somebody says so. over: nothing more will happen.
 */
export type Phase = "training" | "updating" | "persisting" | "evaluating" | "summing" | "paused" | "saving" | "over";

/** Things that went wrong without harm; shown to people and to tests. */
export interface Counters {
  duplicates: number;
  stale: number;
  future: number;
  unknown: number;
  lapsed: number;
  /** Lapsed leases whose late result still came first. */
  reclaimed: number;
  reissued: number;
  notFinite: number;
  strikes: number;
  /** Ranges that the coordinator computed itself, or tried to. */
  examined: number;
  quarantined: number;
  refused: number;
  broadcasts: number;
  parametersSent: number;
}

/** Everything the machine remembers. Only the functions of this package change it, and only inside `receive`. */
export class RunState {
  readonly settings: RunSettings;
  readonly workers = new WorkerTable();
  readonly leases = new LeaseTable();
  readonly norms = new NormGuard();
  readonly plan: EpochPlan;
  readonly counters: Counters = {
    duplicates: 0,
    stale: 0,
    future: 0,
    unknown: 0,
    lapsed: 0,
    reclaimed: 0,
    reissued: 0,
    notFinite: 0,
    strikes: 0,
    examined: 0,
    quarantined: 0,
    refused: 0,
    broadcasts: 0,
    parametersSent: 0,
  };
  /** Place n: results whose step was n updates behind when they came. */
  readonly staleness: number[] = new Array(WATCH_STALENESS_STEPS_MAX + 1).fill(0);
  phase: Phase = "persisting";
  /** Updates done; the version of the parameters. */
  step: number;
  samplesCommitted: number;
  learningRateFactor: number;
  /** What is open in the phases training and evaluating; the step just closed in updating. */
  ledger: StepLedger | null = null;
  /** Leases of the open ledger whose contribution is in: a second one is a duplicate. */
  doneLeases = new Set<LeaseId>();
  /** What the coordinator computes of the open ledger itself. */
  examinations = new Examinations();
  stepOpenedMs = 0;
  /** The arithmetic class a deterministic run has settled on. */
  arithmeticClass: string | null = null;
  /** Nothing new is opened while it holds. */
  pausing = false;
  /** When the run came to rest. */
  restedMs = 0;
  stopping: { readonly reason: string; readonly deadlineMs: number } | null = null;
  checkpointWanted = false;
  checkpointUnderway = false;
  ending: { readonly outcome: Outcome; readonly reason: string } | null = null;
  /** What is told of the step once its record is in the log. */
  pendingStep: RunEvent | null = null;
  /** Sums of the epoch's steps. */
  trainSums: RunSums | null = null;
  lastTest: Readonly<Record<`test${string}`, number>> = {};
  startedMs: number | null = null;
  epochStartedMs: number | null = null;
  waitingSaid = false;
  timerMs: number | null = null;
  nowMs = 0;
  #effects: Effect[] = [];

  constructor(settings: RunSettings) {
    this.settings = settings;
    const { step, samplesCommitted, learningRateFactor, position } = settings.start;
    this.step = step;
    this.samplesCommitted = samplesCommitted;
    this.learningRateFactor = learningRateFactor;
    this.plan = new EpochPlan(settings.trainSamples, settings.batchSize, position);
  }

  /** What leases of the open ledger ask for; null when none is open. */
  get openKind(): LeaseKind | null {
    if (this.phase === "training") return "gradient";
    return this.phase === "evaluating" ? "evaluate" : null;
  }

  /** What the ledger holds, open or just closed; null when there is none. */
  get ledgerKind(): LeaseKind | null {
    if (this.phase === "training" || this.phase === "updating") return "gradient";
    return this.phase === "evaluating" || this.phase === "summing" ? "evaluate" : null;
  }

  /** What a checkpoint taken now must say. */
  get position(): RunPosition {
    const { step, samplesCommitted, learningRateFactor, plan } = this;
    return { step, samplesCommitted, learningRateFactor, position: plan.position };
  }

  /** A result came that belongs to `step`. */
  countStaleness(step: number): void {
    const place = Math.min(WATCH_STALENESS_STEPS_MAX, Math.max(0, this.step - step));
    this.staleness[place] = (this.staleness[place] ?? 0) + 1;
  }

  effect(effect: Effect): void {
    this.#effects.push(effect);
  }

  emit(event: RunEvent): void {
    this.effect({ type: "emit", event });
  }

  send(worker: WorkerId, message: ControlMessage): void {
    this.effect({ type: "send", worker, message });
  }

  /** Sends the parameters of the current step to all of these, as one effect. */
  broadcast(workers: readonly WorkerId[]): void {
    if (workers.length === 0) return;
    for (const worker of workers) this.workers.update(worker, { sentStep: this.step });
    this.counters.broadcasts += 1;
    this.counters.parametersSent += workers.length;
    this.effect({ type: "broadcast", step: this.step, workers });
  }

  /** The effects since the last call. */
  takeEffects(): readonly Effect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}
