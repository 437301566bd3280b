import type { WorkerId } from "@tributary/protocol";
import { strike } from "./admission.ts";
import type { MachineEvent } from "./events.ts";
import type { PendingExamination } from "./examinations.ts";
import type { Finding } from "./finding.ts";
import type { Lease } from "./lease-table.ts";
import { restWorker } from "./leasing.ts";
import { DIVERGED_REFUSALS, DIVERGED_WORKERS, STRIKES_MAX } from "./limits.ts";
import type { RangeHistory } from "./range-history.ts";
import type { RunState } from "./run-state.ts";
import { overlaps, type SampleRange } from "./sample-range.ts";
import { namesInWords, samplesInWords } from "./words.ts";

/** How a worker failed on a lease. */
interface Failure {
  /** In words that follow a colon. */
  readonly why: string;
  /** Whether it is a strike even where nothing is known of the samples: a result that is of no use is, an honest "failed" is not. */
  readonly struck: boolean;
}

/**
 * A worker failed on a lease. When everybody fails on the same samples it may be the run, which has diverged, or it may be the workers, which
 * are broken or lie: the coordinator then computes the samples itself before it judges, because what workers say must not end a run.
 * @param history of the lease's samples, this failure included; null when the lease held none
 */
export function judge(state: RunState, lease: Lease, history: RangeHistory | null, { why, struck }: Failure): void {
  const { examinations } = state;
  const { worker } = lease;
  if (examinations.isCleared(lease)) {
    if (struck) restWorker(state, worker);
    blame(state, lease, new Map([[worker, { name: nameOf(state, worker), why }]]));
    strike(state, worker);
    return;
  }
  if (history !== null && examinations.pending === null) {
    const suspected = isRunSuspected(state, history);
    if (!examinations.isGivenUp(lease)) {
      if (suspected || (struck && isLastHope(state, worker))) examine(state, lease, history, { why, suspected });
    } else if (suspected) {
      end(state, history.refusals, why, "");
      return;
    }
  }
  const { pending } = examinations;
  if (pending === null) {
    if (struck) strike(state, worker);
    return;
  }
  pending.owed.add(worker);
  if (overlaps(pending, lease)) pending.suspects.set(worker, { name: nameOf(state, worker), why });
}

/** Results of the open ledger that were taken. */
function goodResults({ ledger }: RunState): number {
  return ledger === null ? 0 : ledger.commits.length + ledger.stagedSlots;
}

/** Whether a worker would be sent away while nothing proves that the parameters can be computed with: of a run that diverged, it is not to blame. */
function isLastHope(state: RunState, worker: WorkerId): boolean {
  const strikes = state.workers.get(worker)?.strikes ?? 0;
  return strikes + 1 >= STRIKES_MAX && goodResults(state) === 0;
}

/** Whether so many failed on the same samples that it may be the run. */
function isRunSuspected(state: RunState, history: RangeHistory): boolean {
  const ready = state.workers.usable();
  const all = ready.length > 0 && ready.every(({ id }) => history.refusedBy.includes(id));
  const sure = ready.length > 1 || history.refusals >= DIVERGED_REFUSALS;
  // One bad worker that keeps coming back is many sessions, but good results outnumber its own.
  const most = history.refusedBy.length >= DIVERGED_WORKERS && history.refusals > goodResults(state);
  return most || (all && sure);
}

function examine(
  state: RunState,
  { kind, step, start, end }: Lease,
  history: RangeHistory,
  { why, suspected }: { readonly why: string; readonly suspected: boolean },
): void {
  const there = history.refusedBy.filter((id) => state.workers.get(id) !== undefined);
  state.examinations.pending = {
    start,
    end,
    refusals: history.refusals,
    why,
    suspected,
    suspects: new Map(there.map((id) => [id, { name: nameOf(state, id), why }])),
    owed: new Set(),
  };
  state.counters.examined += 1;
  state.effect({ type: "examine", kind, step, epoch: state.plan.position.epoch, start, end });
}

/** The coordinator has computed the samples itself. What has closed meanwhile needs no verdict any more. */
export function onExamined(state: RunState, event: Extract<MachineEvent, { type: "examined" }>): void {
  const { examinations, openKind, step } = state;
  const { pending } = examinations;
  if (pending === null || event.kind !== openKind || event.step !== step) return;
  if (event.start !== pending.start || event.end !== pending.end) return;
  examinations.pending = null;
  const finding = guarded(state, event);
  if (finding.verdict === "usable") acquit(state, pending);
  else if (finding.verdict === "unable") leaveUndecided(state, pending, finding.detail);
  else convict(state, pending, finding);
}

/** What is finite but so large that it would be refused of a worker is of no use here either. */
function guarded(state: RunState, { kind, start, end, finding }: Extract<MachineEvent, { type: "examined" }>): Finding {
  if (finding.verdict !== "usable" || kind === "evaluate" || state.norms.fits(finding.norm, end - start))
    return finding;
  return { verdict: "notFinite" };
}

/** It is not the run: those who failed are at fault, and somebody else may compute the samples. */
function acquit(state: RunState, pending: PendingExamination): void {
  state.examinations.clear(pending);
  blame(state, pending, pending.suspects);
  for (const [worker] of pending.suspects) {
    const { strikes = 0, restUntilMs = 0 } = state.workers.get(worker) ?? {};
    // So that whoever comes gets the samples first.
    if (restUntilMs <= state.nowMs) restWorker(state, worker);
    // Who said "failed" had no strike for it before it was known that it could be computed.
    if (strikes === 0) pending.owed.add(worker);
  }
  strikeOwed(state, pending);
}

/** It is the run. A result that came in the meantime counts more than what was computed here. */
function convict(
  state: RunState,
  pending: PendingExamination,
  finding: Extract<Finding, { verdict: "notFinite" | "failed" }>,
): void {
  if (missingOf(state, pending).length === 0) return;
  const own =
    finding.verdict === "failed"
      ? `; the coordinator itself could not compute them either: ${finding.detail}`
      : "; the coordinator's own computation agreed";
  end(state, pending.refusals, pending.why, own);
}

/** Nothing is known: what the workers say decides, unless somebody else is at it. */
function leaveUndecided(state: RunState, pending: PendingExamination, detail: string): void {
  state.examinations.giveUp(pending);
  const missing = missingOf(state, pending);
  if (pending.suspected && missing.length > 0 && missing.every(({ lease }) => lease === null)) {
    end(state, pending.refusals, pending.why, `; the coordinator could not compute them itself: ${detail}`);
  } else strikeOwed(state, pending);
}

function missingOf(state: RunState, range: SampleRange) {
  return state.ledger?.missing.filter((open) => overlaps(open, range)) ?? [];
}

function strikeOwed(state: RunState, { owed }: PendingExamination): void {
  for (const worker of owed) {
    strike(state, worker);
  }
}

function end(state: RunState, refusals: number, why: string, own: string): void {
  const results = refusals === 1 ? "A result" : `${refusals} results`;
  const tries = `${results} for the same samples of step ${state.step} ${refusals === 1 ? "was" : "were"} of no use`;
  state.ending = { outcome: why.includes("finite") ? "diverged" : "failed", reason: `${tries}: ${why}${own}` };
}

/** Remembers who failed on samples that can be computed, and says it, of each worker once. */
function blame(state: RunState, range: SampleRange, suspects: PendingExamination["suspects"]): void {
  const [first] = suspects.values();
  if (first === undefined) return;
  const { why } = first;
  state.examinations.fault = { range, names: [...suspects.values()].map(({ name }) => name), why };
  const unsaid = [...suspects].filter(([id]) => state.workers.get(id)?.faulty !== true);
  if (unsaid.length === 0) return;
  for (const [id] of unsaid) state.workers.update(id, { faulty: true });
  const names = namesInWords(unsaid.map(([, { name }]) => name));
  const what = `what was computed for ${samplesInWords(range)} of step ${state.step + 1} is of no use (${why})`;
  state.emit({
    event: "error",
    code: "WORKER_AT_FAULT",
    message: `Worker ${names}: ${what}, but the coordinator's own result for them is good`,
    remedy: "Let another device join; on that one, update the browser or the driver, or start it with --backend wasm",
  });
}

function nameOf(state: RunState, worker: WorkerId): string {
  return state.workers.get(worker)?.name ?? worker;
}
