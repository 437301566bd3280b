import type { PendingExamination } from "./examinations.ts";
import type { Lease, LeaseStage } from "./lease-table.ts";
import type { RunState } from "./run-state.ts";
import { overlaps } from "./sample-range.ts";
import type { StepLedger } from "./step-ledger.ts";
import { namesInWords, samplesInWords } from "./words.ts";

/**
 * Why the run is where it is, in one sentence for people: what the open step waits for, from whom, for how long, and what
 * happens then. Steps are counted as people do: the first is step 1.
 * @param nowMs monotonic milliseconds, as `receive` takes them
 */
export function whyOpen(state: RunState, nowMs: number): string {
  const { phase, step, ledger, openKind, ending, pausing } = state;
  if (phase === "paused") return `The run is paused after step ${step} until somebody lets it go on`;
  if (phase === "saving") return `The run is over after step ${step}: its last checkpoint is being written`;
  if (phase === "over") return ending?.reason ? `The run is over: ${ending.reason}` : "The run is over";
  if (phase === "updating") return `Step ${step + 1} is complete: its update is being computed`;
  if (phase === "persisting") return `Step ${step} is done: it is being written to the log`;
  if (phase === "summing") return `The evaluation after step ${step} is complete: its sums are being read`;
  if (ledger === null) return "The run is starting";
  const subject = openKind === "evaluate" ? `The evaluation after step ${step}` : `Step ${step + 1}`;
  const then = pausing ? "; then the run pauses" : "";
  return `${subject} ${reason(state, ledger, nowMs)}${faultReason(state, ledger)}${then}`;
}

function reason(state: RunState, ledger: StepLedger, nowMs: number): string {
  const missing = ledger.missing;
  if (missing.length === 0) return "is all in and being added up";
  const leases = missing.flatMap(({ lease }) => (lease === null ? [] : (state.leases.get(lease) ?? [])));
  const [first, ...others] = leases.sort((a, b) => a.issuedMs - b.issuedMs);
  if (first !== undefined) return leaseReason(state, first, others.length, nowMs);
  const { pending } = state.examinations;
  if (pending !== null)
    return `waits until the coordinator has computed ${samplesInWords(pending)}, on which ${failed(pending)}`;
  return `waits ${nobodyReason(state, nowMs)}`;
}

function failed({ suspects }: PendingExamination): string {
  return `${names([...suspects.values()])} failed`;
}

/** Who failed on samples that are still open, where it is known not to be the run. */
function faultReason(state: RunState, ledger: StepLedger): string {
  const { fault } = state.examinations;
  if (fault === null || !ledger.missing.some((open) => overlaps(open, fault.range))) return "";
  const what = `on ${samplesInWords(fault.range)} (${fault.why})`;
  return `; ${namesInWords(fault.names)} failed ${what}, which the coordinator itself can compute: let another device join`;
}

const STAGE_WORDS: Readonly<Record<LeaseStage, string>> = {
  computing: "from",
  computed: "computed by",
  credited: "about to be sent by",
  uploading: "being sent by",
  lapsed: "overdue from",
};

function leaseReason(state: RunState, lease: Lease, others: number, nowMs: number): string {
  const { worker, stage, issuedMs, deadlineMs } = lease;
  const name = state.workers.get(worker)?.name ?? worker;
  const until = deadlineMs === null ? "" : `, deadline in ${seconds(deadlineMs - nowMs)}`;
  const more = others === 0 ? "" : `, and for ${others} more ${others === 1 ? "lease" : "leases"}`;
  return `waits for ${samplesInWords(lease)} ${STAGE_WORDS[stage]} ${name}, ${seconds(nowMs - issuedMs)} so far${until}${more}`;
}

/** Why nobody computes what is free. */
function nobodyReason(state: RunState, nowMs: number): string {
  const all = state.workers.all().filter((worker) => worker.state !== "connected");
  if (all.length === 0) return "for a worker: none is there";
  const usable = state.workers.usable();
  if (usable.length === 0) {
    const silent = all.filter((worker) => worker.silent);
    if (silent.length === all.length) return `for a worker: ${names(silent)} fell silent`;
    return `for ${names(all.filter((worker) => !worker.silent))} to get ready`;
  }
  const resting = usable.filter(({ restUntilMs }) => restUntilMs > nowMs);
  if (resting.length < usable.length) return `for a free worker, ${usable.length} are at work`;
  const nextMs = Math.min(...resting.map(({ restUntilMs }) => restUntilMs));
  return `for ${names(resting)}, resting for ${seconds(nextMs - nowMs)} after work that failed`;
}

function names(workers: readonly { readonly name: string }[]): string {
  return namesInWords(workers.map(({ name }) => name));
}

function seconds(milliseconds: number): string {
  return `${(Math.max(0, milliseconds) / 1_000).toFixed(1)} s`;
}
