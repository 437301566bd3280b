import type { WorkerId } from "@tributary/protocol";
import { allowedMilliseconds, shareMicrobatches } from "./lease-size.ts";
import type { Lease } from "./lease-table.ts";
import {
  EVALUATION_LEASES_AHEAD_MAX,
  HELD_LEASES_MAX,
  LEASE_GRACE_MILLISECONDS,
  MEASUREMENTS_MIN,
  PROBE_DISTANCE,
  REST_FIRST_MILLISECONDS,
  REST_MILLISECONDS_MAX,
} from "./limits.ts";
import type { RangeHistory } from "./range-history.ts";
import type { RunState } from "./run-state.ts";
import type { StepLedger } from "./step-ledger.ts";
import type { WorkerRecord } from "./worker-table.ts";

/** The way there and back counts this many times its running mean in a deadline. */
const OVERHEAD_FACTOR = 4;

/** Gives what is free to the workers that are idle, parameters first where they are missing. */
export function assignLeases(state: RunState): void {
  const { ledger, openKind, settings } = state;
  if (ledger === null || openKind === null) return;
  const ahead = openKind === "evaluate" ? EVALUATION_LEASES_AHEAD_MAX : Number.POSITIVE_INFINITY;
  const candidates = state.workers
    .usable()
    .filter((worker) => worker.restUntilMs <= state.nowMs && ledger.hasFree(acceptsFor(state, worker.id), ahead))
    .sort((a, b) => (b.rate ?? 0) - (a.rate ?? 0));
  if (candidates.length === 0) return;
  const shares = sharesOf(state, ledger, candidates);
  const chosen = candidates.flatMap((worker, index) => ({
    worker,
    samples: (shares[index] ?? 0) * settings.microbatch,
  }));
  // Who must first say that it is ready gets the parameters now and its lease then.
  const waiting = candidates.filter((worker) => needsParameters(state, worker) && !worker.eager);
  const leased = chosen.filter(({ samples }) => samples > 0);
  state.broadcast([
    ...waiting.map(({ id }) => id),
    ...leased.filter(({ worker }) => needsParameters(state, worker)).map(({ worker }) => worker.id),
  ]);
  for (const { worker, samples } of leased) issue(state, ledger, worker, samples, isLaden(state, worker) ? 1 : ahead);
}

function sharesOf(state: RunState, ledger: StepLedger, candidates: readonly WorkerRecord[]): number[] {
  const { settings } = state;
  const idle = candidates.map((worker) => isIdle(state, worker));
  if (settings.leaseMicrobatches !== null) return idle.map((free) => (free ? (settings.leaseMicrobatches ?? 1) : 0));
  return shareMicrobatches(
    candidates.map((worker, index) => ({
      rate: worker.rate,
      idle: idle[index] ?? false,
      probe: isProbeDue(state, worker),
    })),
    Math.ceil(ledger.samplesIn("free") / settings.microbatch),
    settings.microbatch,
    settings.leaseTargetMilliseconds,
  );
}

/**
 * Whether a worker gets a microbatch even where it would only slow the step down. Its rate may have been measured in a bad
 * moment, and a worker that gets nothing is never measured again. The distance between two such microbatches is many times
 * what one takes, so that a worker that really is slow costs a few percent.
 */
function isProbeDue(state: RunState, { rate, measurements, leasedMs }: WorkerRecord): boolean {
  if (rate === null || measurements < MEASUREMENTS_MIN) return true;
  return state.nowMs - leasedMs > PROBE_DISTANCE * (state.settings.microbatch / rate);
}

/** Leases that a worker computes, or whose sums it holds. */
function heldBy(state: RunState, { id }: WorkerRecord): readonly Lease[] {
  return state.leases.of(id).filter(({ stage }) => stage !== "lapsed");
}

/**
 * Whether a worker holds so many sums that it may have one lease more only: that of the samples the fold waits for. Without that one,
 * workers who all wait for credit, which comes when the fold goes on, could wait for good for samples that the others failed on.
 */
function isLaden(state: RunState, worker: WorkerRecord): boolean {
  return heldBy(state, worker).length >= HELD_LEASES_MAX;
}

/** Whether a lease may be sent now: it computes nothing, holds few sums, and has or can be sent the parameters. */
function isIdle(state: RunState, worker: WorkerRecord): boolean {
  const held = heldBy(state, worker);
  if (held.some(({ stage }) => stage === "computing") || held.length > HELD_LEASES_MAX) return false;
  if (isLaden(state, worker) && state.ledger?.hasFree(acceptsFor(state, worker.id), 1) !== true) return false;
  if (worker.readyStep === state.step) return true;
  return worker.eager && (worker.sentStep === state.step || needsParameters(state, worker));
}

/** At most one transfer of parameters is ever unanswered, so a worker that stopped reading costs a bounded number of bytes. */
function needsParameters(state: RunState, worker: WorkerRecord): boolean {
  return worker.sentStep !== state.step && worker.sentStep === worker.readyStep;
}

/** A worker is spared what it failed on, as long as somebody else may succeed. */
function acceptsFor(state: RunState, worker: WorkerId): (history: RangeHistory | null) => boolean {
  return (history) => {
    if (history === null || !history.refusedBy.includes(worker)) return true;
    // Whether it is the worker or the run will be known in a moment.
    if (state.examinations.pending !== null) return false;
    return state.workers.usable().every(({ id }) => history.refusedBy.includes(id));
  };
}

function issue(state: RunState, ledger: StepLedger, worker: WorkerRecord, samples: number, ahead: number): void {
  const { leases, settings, step, nowMs, openKind } = state;
  const range = ledger.take(leases.nextId, samples, acceptsFor(state, worker.id), ahead);
  if (range === null || openKind === null) return;
  const { start, end, history } = range;
  const milliseconds = allowedMilliseconds(end - start, worker.rate, settings.deterministic);
  const lease = leases.add({
    worker: worker.id,
    kind: openKind,
    step,
    start,
    end,
    issuedMs: nowMs,
    stage: "computing",
    deadlineMs: nowMs + milliseconds + LEASE_GRACE_MILLISECONDS + OVERHEAD_FACTOR * worker.overheadMs,
    reclaimed: false,
    bytes: 0,
  });
  const epoch = state.plan.position.epoch;
  state.workers.update(worker.id, { leasedMs: nowMs });
  state.startedMs ??= nowMs;
  state.epochStartedMs ??= nowMs;
  state.send(worker.id, { type: "lease", lease: lease.id, step, kind: openKind, epoch, start, end, milliseconds });
  if (history !== null && history.releasedBy !== worker.id) {
    state.counters.reissued += 1;
    const away = nowMs - history.releasedMs;
    const from = history.releasedBy;
    state.emit({ event: "reissued", step, start, end, from, to: worker.id, milliseconds: away });
  }
}

/** Takes leases back whose time is over. */
export function expireLeases(state: RunState): void {
  for (const lease of state.leases.all()) {
    if (lease.deadlineMs === null || lease.deadlineMs > state.nowMs) continue;
    state.counters.lapsed += 1;
    state.ledger?.release(lease.id, { worker: lease.worker, nowMs: state.nowMs, refused: false });
    if (lease.stage === "computing") {
      // It may be frozen and come back: its result is still welcome while nobody else's is in.
      state.leases.update(lease.id, { stage: "lapsed", deadlineMs: null });
      state.workers.update(lease.worker, { silent: true });
    } else {
      if (lease.stage === "uploading") state.effect({ type: "abandon", worker: lease.worker, lease: lease.id });
      state.leases.remove(lease.id);
      state.send(lease.worker, { type: "rejected", lease: lease.id, code: "EXPIRED_LEASE", step: state.step });
      restWorker(state, lease.worker);
    }
  }
}

/** Lets a worker rest before its next lease, twice as long every time. */
export function restWorker(state: RunState, id: WorkerId): void {
  const worker = state.workers.get(id);
  if (worker === undefined) return;
  const milliseconds = Math.min(REST_MILLISECONDS_MAX, REST_FIRST_MILLISECONDS * 2 ** worker.declines);
  state.workers.update(id, { declines: worker.declines + 1, restUntilMs: state.nowMs + milliseconds });
}

/** Takes back everything a worker holds that has not arrived; at once, in the same `receive` that it went in. */
export function releaseWorker(state: RunState, worker: WorkerId): void {
  for (const lease of state.leases.of(worker)) {
    state.ledger?.release(lease.id, { worker, nowMs: state.nowMs, refused: false });
    // All bytes of an upload may be in and only its check be outstanding: then it still counts, if it is first.
    if (lease.stage === "uploading") state.leases.update(lease.id, { stage: "lapsed", deadlineMs: null });
    else state.leases.remove(lease.id);
  }
}

/** Makes a lease void that somebody still works on. */
export function cancelLease(state: RunState, lease: Lease, reason: string): void {
  state.leases.remove(lease.id);
  if (lease.stage === "uploading") state.effect({ type: "abandon", worker: lease.worker, lease: lease.id });
  if (state.workers.get(lease.worker) === undefined) return;
  state.send(lease.worker, { type: "cancel", lease: lease.id, step: lease.step, reason });
}
