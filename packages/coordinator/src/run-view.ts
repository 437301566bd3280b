import type { WorkerId, WorkerKind } from "@tributary/protocol";
import { LEASE_GRACE_MILLISECONDS } from "./limits.ts";
import type { Phase, RunState } from "./run-state.ts";
import { whyOpen } from "./why-open.ts";
import type { WorkerRecord } from "./worker-table.ts";

/** A worker, as people are shown it. */
export interface WorkerView {
  readonly id: WorkerId;
  readonly name: string;
  readonly kind: WorkerKind;
  readonly backend: string;
  readonly adapter: string | null;
  readonly threads: number;
  readonly codec: string;
  /**
   * joining: it has no parameters yet. active: it computes or sends, or did a moment ago. slow: it takes longer than its lease allows, or let
   * one lapse and has said nothing since. waiting: there is nothing for it to do.
   */
  readonly state: "joining" | "active" | "slow" | "waiting";
  /** Updates between the parameters it holds and the current ones; null while it holds none. */
  readonly lag: number | null;
  readonly accepted: number;
  readonly rejected: number;
  readonly stale: number;
}

/** A run at one moment, for people: copied out, so that looking changes nothing. */
export interface RunView {
  readonly phase: Phase;
  /** Whether the run rests, or will once the open step is done. */
  readonly pausing: boolean;
  /** Updates done. */
  readonly step: number;
  /** 1-based. */
  readonly epoch: number;
  readonly samplesCommitted: number;
  readonly learningRateFactor: number;
  /** Samples of what is open; 0 when nothing is. */
  readonly stepSamples: number;
  /** Of these, what has arrived. */
  readonly stepSamplesIn: number;
  /** Those past their hello. */
  readonly workers: readonly WorkerView[];
  /** Place n: results whose step was n updates behind when they came; the last place: that many or more. */
  readonly staleness: readonly number[];
  /** Why the open step is still open, in one sentence. */
  readonly why: string;
}

/** Looks at a run. @param nowMs monotonic milliseconds, as `receive` takes them */
export function viewRun(state: RunState, nowMs: number): RunView {
  const { phase, pausing, step, plan, samplesCommitted, learningRateFactor, ledger, staleness, workers } = state;
  return {
    phase,
    pausing,
    step,
    epoch: Math.min(plan.position.epoch + 1, state.settings.epochs),
    samplesCommitted,
    learningRateFactor,
    stepSamples: ledger?.samples ?? 0,
    stepSamplesIn: ledger?.arrivedSamples ?? 0,
    workers: workers
      .all()
      .flatMap((worker) => (worker.state === "connected" ? [] : [viewWorker(state, worker, nowMs)])),
    staleness: [...staleness],
    why: whyOpen(state, nowMs),
  };
}

function viewWorker(state: RunState, worker: WorkerRecord, nowMs: number): WorkerView {
  const { id, name, kind, backend, adapter, threads, codec, readyStep, accepted, rejected, stale } = worker;
  const lag = readyStep < 0 ? null : Math.max(0, state.step - readyStep);
  const described = { id, name, kind, backend, adapter, threads, codec };
  return { ...described, state: stateOf(state, worker, nowMs), lag, accepted, rejected, stale };
}

/** Milliseconds between two leases in which a worker still counts as at work: the others finish the step, or it is updated. */
const BETWEEN_LEASES_MILLISECONDS = 2_000;

function stateOf(state: RunState, worker: WorkerRecord, nowMs: number): WorkerView["state"] {
  const { id, state: stage, silent, measurements, leasedMs } = worker;
  if (stage !== "ready") return "joining";
  const leases = state.leases.of(id);
  const overdue = leases.some(
    ({ stage: at, deadlineMs }) =>
      at === "lapsed" || (at === "computing" && deadlineMs !== null && nowMs > deadlineMs - LEASE_GRACE_MILLISECONDS),
  );
  if (silent || overdue) return "slow";
  const isBetween = measurements > 0 && nowMs - leasedMs < BETWEEN_LEASES_MILLISECONDS;
  return leases.length > 0 || isBetween ? "active" : "waiting";
}
