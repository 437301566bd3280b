import type {
  ContributionMessage,
  DeclineMessage,
  EvaluationMessage,
  LeaseId,
  RejectionCode,
  ResultMessage,
  WorkerId,
} from "@tributary/protocol";
import { strike } from "./admission.ts";
import type { Handle } from "./handle.ts";
import { judge } from "./judgement.ts";
import type { Lease } from "./lease-table.ts";
import { cancelLease, restWorker } from "./leasing.ts";
import { STAGED_LEASES_MAX, UPLOAD_BYTES_PER_SECOND_MIN, UPLOAD_GRACE_MILLISECONDS } from "./limits.ts";
import type { RunState } from "./run-state.ts";

/** Computed: trims the lease to what was done, and lets it wait for credit. */
export function onResult(state: RunState, worker: WorkerId, message: ResultMessage): void {
  const lease = findLease(state, worker, message);
  if (lease === null) return;
  if (lease.kind !== "gradient" || (lease.stage !== "computing" && lease.stage !== "lapsed")) {
    state.counters.duplicates += 1;
    return;
  }
  const codec = state.settings.codecs.find(({ name }) => name === message.codec);
  const admitted = codec !== undefined && message.codec === state.workers.get(worker)?.codec;
  const sizeFits =
    admitted && (codec.bytes === null ? message.byteLength <= codec.bytesMax : message.byteLength === codec.bytes);
  if (!sizeFits) {
    refuseLease(state, lease, "BAD_SIZE", { struck: true, failed: false });
    return;
  }
  const end = takePart(state, lease, message.microbatches, message.milliseconds);
  if (end === null) return;
  state.leases.update(lease.id, { stage: "computed", deadlineMs: null, end, bytes: message.byteLength });
}

/** An evaluation is done; its sums are staged already and need no credit. */
export function onEvaluation(
  state: RunState,
  worker: WorkerId,
  message: Omit<EvaluationMessage, "sums"> & { readonly handle: Handle },
): void {
  const lease = findLease(state, worker, message);
  const { handle } = message;
  if (lease === null || lease.kind !== "evaluate" || (lease.stage !== "computing" && lease.stage !== "lapsed")) {
    if (lease !== null) state.counters.duplicates += 1;
    state.effect({ type: "drop", handle });
    return;
  }
  const end = takePart(state, lease, message.microbatches, null);
  if (end === null) state.effect({ type: "drop", handle });
  else stage(state, { ...lease, end }, handle);
}

/**
 * Checks how much of a lease was done, frees the rest, and takes a lapsed lease back if its samples are still open.
 * @returns where the part ends; null when it cannot be taken and the worker was told
 */
function takePart(state: RunState, lease: Lease, microbatches: number, computedMs: number | null): number | null {
  const { settings, ledger, nowMs } = state;
  if (ledger === null) return null;
  const { id, worker, start } = lease;
  if (microbatches > Math.ceil((lease.end - start) / settings.microbatch)) {
    refuseLease(state, lease, "BAD_RANGE", { struck: true, failed: false });
    return null;
  }
  const end = Math.min(lease.end, start + microbatches * settings.microbatch);
  if (end < lease.end && settings.deterministic) {
    // A part would add in another order; the whole lease is given again.
    refuseLease(state, lease, "BAD_RANGE", { struck: false, failed: false });
    return null;
  }
  if (computedMs !== null) state.workers.measure(worker, end - start, computedMs, nowMs - lease.issuedMs);
  if (lease.stage !== "lapsed") {
    ledger.trim(id, end, { worker, nowMs, refused: false });
    return end;
  }
  return reclaim(state, lease, end) ? end : null;
}

/** Gives a lapsed lease its samples back unless somebody else's result is in. A lease comes back once only. */
function reclaim(state: RunState, lease: Lease, end: number): boolean {
  const losers = lease.reclaimed ? null : state.ledger?.reclaim(lease.id, { start: lease.start, end }, state.nowMs);
  if (losers === null || losers === undefined) {
    refuseLease(state, lease, "EXPIRED_LEASE", { struck: false, failed: false });
    return false;
  }
  state.counters.reclaimed += 1;
  state.leases.update(lease.id, { reclaimed: true, end });
  for (const id of losers) {
    const loser = state.leases.get(id);
    if (loser !== undefined) cancelLease(state, loser, "another worker's result for these samples came first");
  }
  return true;
}

/** A credited upload begins. */
export function onContribution(state: RunState, worker: WorkerId, message: Omit<ContributionMessage, "sums">): void {
  const lease = findLease(state, worker, message);
  if (lease === null) return;
  if (lease.stage === "uploading") {
    state.counters.duplicates += 1;
    return;
  }
  if (lease.stage !== "credited") {
    refuseLease(state, lease, "UNKNOWN_LEASE", { struck: true, failed: false });
    return;
  }
  const { tensor, microbatches } = message;
  const samePart = Math.min(lease.end, lease.start + microbatches * state.settings.microbatch) === lease.end;
  const { trainableLength, statisticsLength } = state.settings.welcome.layout;
  const sizeFits =
    tensor.byteLength === lease.bytes &&
    tensor.elements === trainableLength + statisticsLength &&
    tensor.codec === state.workers.get(worker)?.codec;
  if (!samePart || !sizeFits) {
    refuseLease(state, lease, samePart ? "BAD_SIZE" : "BAD_RANGE", { struck: true, failed: false });
    return;
  }
  state.leases.update(lease.id, { stage: "uploading" });
  state.effect({ type: "accept", worker, lease: lease.id, transfer: tensor.transfer, bytes: tensor.byteLength });
}

/** An upload is complete and its checksum right: it counts, unless somebody was faster or its values are not usable. */
export function onTransferCompleted(state: RunState, worker: WorkerId, id: LeaseId, handle: Handle): void {
  const lease = state.leases.get(id);
  const live = lease?.worker === worker && (lease.stage === "uploading" || lease.stage === "lapsed");
  if (!live || lease === undefined) {
    state.counters.duplicates += 1;
    state.effect({ type: "drop", handle });
    return;
  }
  if (lease.stage === "lapsed" && !reclaimUpload(state, lease)) state.effect({ type: "drop", handle });
  else stage(state, lease, handle);
}

/**
 * Takes an upload back whose worker went before its check was done. Its place may have been given to another meanwhile; if it took the one
 * that is kept for the samples the fold waits for, those could never come in.
 */
function reclaimUpload(state: RunState, lease: Lease): boolean {
  const { ledger } = state;
  const isHead = ledger?.headArrived === false && ledger.missing[0]?.start === lease.start;
  const places = isHead ? STAGED_LEASES_MAX : STAGED_LEASES_MAX - 1;
  if (ledger !== null && ledger.stagedSlots + creditedLeases(state).length < places)
    return reclaim(state, lease, lease.end);
  refuseLease(state, lease, "EXPIRED_LEASE", { struck: false, failed: false });
  return false;
}

/** An upload is not what was announced. */
export function onTransferFailed(state: RunState, worker: WorkerId, id: LeaseId, code: RejectionCode): void {
  const lease = state.leases.get(id);
  if (lease?.worker !== worker) return;
  refuseLease(state, transferOver(lease), code, { struck: true, failed: code === "NOT_FINITE" });
}

function stage(state: RunState, lease: Lease, handle: Handle): void {
  const samples = lease.end - lease.start;
  const usable = handle.finite && (lease.kind === "evaluate" || state.norms.accepts(handle.norm, samples));
  if (!usable || handle.samples !== samples) {
    state.effect({ type: "drop", handle });
    if (!usable) state.counters.notFinite += 1;
    refuseLease(state, transferOver(lease), usable ? "BAD_RANGE" : "NOT_FINITE", { struck: true, failed: !usable });
    return;
  }
  state.leases.remove(lease.id);
  state.workers.count(lease.worker, "accepted");
  state.workers.update(lease.worker, { declines: 0 });
  state.countStaleness(lease.step);
  state.doneLeases.add(lease.id);
  state.ledger?.stage(lease.id, lease.worker, handle);
}

/** The same lease, once there is no transfer left that would have to be abandoned. */
function transferOver(lease: Lease): Lease {
  return lease.stage === "uploading" ? { ...lease, stage: "credited" } : lease;
}

/** A lease comes back without a result. */
export function onDecline(state: RunState, worker: WorkerId, message: DeclineMessage): void {
  const lease = state.leases.get(message.lease);
  if (message.reason === "stale") state.workers.update(worker, { eager: false });
  if (message.reason === "leaving") state.workers.update(worker, { state: "joined" });
  if (lease === undefined || lease.worker !== worker) return;
  const failed = message.reason === "failed";
  const history = state.ledger?.release(lease.id, { worker, nowMs: state.nowMs, refused: failed }) ?? null;
  if (lease.stage === "uploading") state.effect({ type: "abandon", worker, lease: lease.id });
  state.leases.remove(lease.id);
  if (failed || message.reason === "data" || message.reason === "busy") restWorker(state, worker);
  const why = message.detail === "" ? "it could not be computed" : message.detail;
  if (failed) judge(state, lease, history, { why, struck: false });
}

/** Leases whose upload is under way, or may begin. */
function creditedLeases({ leases }: RunState): readonly Lease[] {
  return leases.all().filter(({ stage: at }) => at === "credited" || at === "uploading");
}

/** Grants upload credit in sample order, so that at most W contributions are on their way or staged. */
export function grantCredit(state: RunState): void {
  const { ledger, leases } = state;
  if (ledger === null || state.phase !== "training") return;
  const all = leases.all();
  const credited = creditedLeases(state);
  let staged = ledger.stagedSlots + credited.length;
  let headCovered = ledger.headArrived || credited.some(({ id }) => ledger.positionOf(id) === 0);
  const computed = all
    .filter(({ stage: at }) => at === "computed")
    .map((lease) => ({ lease, position: ledger.positionOf(lease.id) }))
    .sort((a, b) => a.position - b.position);
  for (const { lease, position } of computed) {
    // The last place is kept for the samples the fold waits for: without it, those behind could fill the window for good.
    headCovered ||= position === 0;
    const places = headCovered ? STAGED_LEASES_MAX : STAGED_LEASES_MAX - 1;
    if (position >= STAGED_LEASES_MAX || staged >= places) break;
    staged += 1;
    const milliseconds = UPLOAD_GRACE_MILLISECONDS + (1_000 * lease.bytes) / UPLOAD_BYTES_PER_SECOND_MIN;
    leases.update(lease.id, { stage: "credited", deadlineMs: state.nowMs + milliseconds });
    state.send(lease.worker, { type: "credit", lease: lease.id, step: lease.step });
  }
}

/** Asks for the folding of everything that nothing stands before. */
export function foldStaged(state: RunState): void {
  const { ledger, openKind } = state;
  if (ledger === null || openKind === null) return;
  const items = ledger.takeFolds();
  if (items.length > 0) state.effect({ type: "fold", kind: openKind, step: state.step, items });
}

/** The lease a message is about, if the worker has it; otherwise the worker is told what is wrong. */
function findLease(
  state: RunState,
  worker: WorkerId,
  message: { readonly lease: LeaseId; readonly step: number },
): Lease | null {
  const lease = state.leases.get(message.lease);
  if (lease?.worker === worker && lease.step === message.step) return lease;
  if (state.doneLeases.has(message.lease)) {
    state.counters.duplicates += 1;
    state.workers.count(worker, "stale");
    reject(state, worker, message.lease, "UNKNOWN_LEASE");
    return null;
  }
  const code = message.step > state.step ? "FUTURE_STEP" : message.step < state.step ? "STALE_STEP" : "UNKNOWN_LEASE";
  if (code === "FUTURE_STEP") state.counters.future += 1;
  else if (code === "STALE_STEP") onStale(state, worker, message.step);
  else state.counters.unknown += 1;
  reject(state, worker, message.lease, code);
  return null;
}

function onStale(state: RunState, worker: WorkerId, step: number): void {
  state.counters.stale += 1;
  state.workers.count(worker, "stale");
  state.countStaleness(step);
}

/** Says no, with the next valid step, and sends its parameters where they are missing: a stale worker is current after one exchange. */
function reject(state: RunState, worker: WorkerId, lease: LeaseId, code: RejectionCode): void {
  const between = state.phase === "updating" || state.phase === "persisting";
  state.send(worker, { type: "rejected", lease, code, step: between ? state.step + 1 : state.step });
  const record = state.workers.get(worker);
  const current = record === undefined || record.sentStep === state.step;
  if (!current && state.openKind !== null && record.sentStep === record.readyStep) state.broadcast([worker]);
}

/** Ends a lease whose result cannot be taken: its samples are free, and the worker is told. */
function refuseLease(
  state: RunState,
  lease: Lease,
  code: RejectionCode,
  { struck, failed }: { readonly struck: boolean; readonly failed: boolean },
): void {
  const { id, worker } = lease;
  const history = state.ledger?.release(id, { worker, nowMs: state.nowMs, refused: failed }) ?? null;
  if (lease.stage === "uploading") state.effect({ type: "abandon", worker, lease: id });
  state.leases.remove(id);
  if (state.workers.get(worker) === undefined) return;
  state.workers.count(worker, code === "EXPIRED_LEASE" ? "stale" : "rejected");
  reject(state, worker, id, code);
  if (failed) judge(state, lease, history, { why: "its values are not finite", struck });
  else if (struck) strike(state, worker);
}
