import { addSums, countEntries, meansOf, metricMeans, type RunSums } from "@tributary/program";
import { assertInvariant } from "./errors.ts";
import { Examinations } from "./examinations.ts";
import { cancelLease } from "./leasing.ts";
import { STOP_STEP_MILLISECONDS_MAX } from "./limits.ts";
import type { RunState } from "./run-state.ts";
import type { Outcome } from "./run-summary.ts";
import type { SampleRange } from "./sample-range.ts";
import { StepLedger } from "./step-ledger.ts";

/** Opens what comes next: a step, the evaluation of an epoch that is over, a pause, or the end of the run. */
export function openNext(state: RunState): void {
  const { plan, settings } = state;
  if (state.stopping !== null) {
    conclude(state, "stopped", state.stopping.reason);
    return;
  }
  const enough = settings.stepsMax !== null && state.step >= settings.stepsMax;
  if (plan.position.epoch >= settings.epochs) {
    conclude(state, "finished", "");
    return;
  }
  if (state.pausing) {
    state.phase = "paused";
    state.restedMs = state.nowMs;
    state.emit({ event: "waiting", step: state.step, reason: "The run is paused" });
    return;
  }
  if (!plan.epochDone && !enough) {
    openLedger(state, "training", plan.takeStep());
    return;
  }
  if (settings.testSamples > 0) {
    openLedger(state, "evaluating", [{ start: 0, end: settings.testSamples }]);
    return;
  }
  endEpoch(state, null);
}

function openLedger(state: RunState, phase: "training" | "evaluating", ranges: readonly SampleRange[]): void {
  const { leaseMicrobatches, microbatch } = state.settings;
  state.phase = phase;
  state.ledger = new StepLedger(ranges, leaseMicrobatches === null ? null : leaseMicrobatches * microbatch);
  state.doneLeases = new Set();
  state.examinations = new Examinations();
  state.stepOpenedMs = state.nowMs;
}

/** Closes a step that has its quorum and whose time is over; what is missing heads the next step. */
export function closeAtQuorum(state: RunState): void {
  const due = quorumDeadline(state);
  if (due === null || due > state.nowMs) return;
  const rest = state.ledger?.close() ?? [];
  cancelAll(state, "the step closed with its quorum");
  state.plan.carry(rest);
}

/**
 * Tests whether all of the open ledger is in; called after every event, so a departure is never missed. What follows is asked
 * for together with the last fold, after which it happens: waiting for its answer would cost a step the way there and back.
 */
export function closeWhenDone(state: RunState): void {
  const { ledger } = state;
  if (ledger === null || state.openKind === null || !ledger.allFolding) return;
  cancelAll(state, "the step is complete");
  if (state.phase === "evaluating") {
    state.phase = "summing";
    state.effect({ type: "evaluate", step: state.step });
    return;
  }
  state.phase = "updating";
  const samples = ledger.foldedSamples;
  const { step, samplesCommitted, learningRateFactor } = state;
  state.effect({ type: "update", step, samplesCommitted, learningRateFactor, samples });
}

/** When the open step may close without the rest; null while it may not. */
export function quorumDeadline(state: RunState): number | null {
  const { ledger, settings, phase } = state;
  if (phase !== "training" || ledger === null || settings.quorum >= 1) return null;
  const arrived = ledger.arrivedSamples;
  if (arrived === ledger.samples || arrived < settings.quorum * ledger.samples) return null;
  return state.stepOpenedMs + settings.stepMilliseconds;
}

function cancelAll(state: RunState, reason: string): void {
  for (const lease of state.leases.all()) cancelLease(state, lease, reason);
}

/** The sum is divided and applied, or was not finite. */
export function onUpdated(state: RunState, measures: RunSums, gradientNorm: number, applied: boolean): void {
  const { ledger } = state;
  if (ledger === null) return;
  if (!applied || !Number.isFinite(measures.loss)) {
    const what = applied ? `the loss is ${measures.loss}` : "the sum of the gradients is not finite";
    state.ending = { outcome: "diverged", reason: `Step ${state.step}: ${what}` };
    return;
  }
  assertInvariant(ledger.complete, `Step ${state.step} is updated before ${ledger.openSlots} leases are folded`);
  const samples = ledger.foldedSamples;
  state.step += 1;
  state.samplesCommitted += samples;
  state.trainSums = state.trainSums === null ? measures : addSums(state.trainSums, measures);
  state.phase = "persisting";
  const { step, samplesCommitted, plan } = state;
  const loss = measures.loss / measures.weight;
  const { epoch } = plan.position;
  const commits = ledger.commits;
  state.effect({
    type: "persist",
    record: { step, epoch, samples, samplesCommitted, loss, gradientNorm, commits },
  });
  state.pendingStep = {
    event: "step",
    step,
    epoch: epoch + 1,
    samples: samplesCommitted,
    loss,
    samplesPerSecond: samplesPerSecond(state, samplesCommitted),
    workers: state.workers.usable().length,
    gradientNorm,
    ...metricMeans("train", measures),
  };
}

/** The record is in the log: the world may see the step. */
export function onPersisted(state: RunState): void {
  if (state.pendingStep !== null) state.emit(state.pendingStep);
  state.pendingStep = null;
  const every = state.settings.checkpointSteps;
  if (every !== null && state.step % every === 0) state.checkpointWanted = true;
  checkpointIfWanted(state);
  openNext(state);
}

function checkpointIfWanted(state: RunState): void {
  if (!state.checkpointWanted || state.checkpointUnderway || state.stopping !== null) return;
  state.checkpointWanted = false;
  state.checkpointUnderway = true;
  state.effect({ type: "checkpoint", step: state.step, position: state.position, final: false });
}

/** On command: what is open is finished, and nothing new is opened. */
export function onPause(state: RunState): void {
  state.pausing = true;
}

/** On command: goes on where it stopped. */
export function onResume(state: RunState): void {
  state.pausing = false;
  if (state.phase !== "paused") return;
  // Rest is no time at work: rates and the seconds of an epoch leave it out.
  const restMs = state.nowMs - state.restedMs;
  if (state.startedMs !== null) state.startedMs += restMs;
  if (state.epochStartedMs !== null) state.epochStartedMs += restMs;
  openNext(state);
}

/** What is asked of a run that rests between two steps is done at once. */
export function restBetweenSteps(state: RunState): void {
  if (state.phase === "paused") checkpointIfWanted(state);
}

/** The sums of an evaluation are in: the epoch is over. */
export function onEvaluated(state: RunState, measures: RunSums): void {
  endEpoch(state, measures);
}

function endEpoch(state: RunState, test: RunSums | null): void {
  const { plan, settings } = state;
  if (test !== null) state.lastTest = meansOf("test", test);
  const train = state.trainSums === null ? { trainLoss: Number.NaN } : meansOf("train", state.trainSums);
  const seconds = (state.nowMs - (state.epochStartedMs ?? state.nowMs)) / 1_000;
  const epoch = plan.position.epoch + 1;
  state.emit({
    event: "epoch",
    epoch,
    trainLoss: Number.NaN,
    ...train,
    ...(test === null ? {} : state.lastTest),
    ...countEntries(state.trainSums, test),
    seconds,
  });
  state.trainSums = null;
  state.epochStartedMs = null;
  if (settings.stepsMax !== null && state.step >= settings.stepsMax) {
    conclude(state, "finished", "");
    return;
  }
  plan.startEpoch();
  openNext(state);
}

/** On command: the open step is finished if somebody can, then the run is saved and over. */
export function onStop(state: RunState, reason: string): void {
  if (state.phase === "saving" || state.phase === "over" || state.stopping !== null) return;
  state.stopping = { reason, deadlineMs: state.nowMs + STOP_STEP_MILLISECONDS_MAX };
}

/** Leaves an open step or evaluation that need not or cannot be finished any more. */
export function stopWhenDue(state: RunState): void {
  const { stopping, ledger, phase } = state;
  if (stopping === null) return;
  const stuck = state.workers.usable().length === 0 || state.nowMs >= stopping.deadlineMs;
  const untouched = ledger?.arrivedSamples === 0 && state.leases.size === 0;
  if (phase === "evaluating" || phase === "summing") conclude(state, "stopped", stopping.reason);
  if (phase === "paused") conclude(state, "stopped", stopping.reason);
  if (phase === "training" && (stuck || untouched)) conclude(state, "stopped", stopping.reason);
}

/** Ends the run: what is open is given up, and what was learnt is saved unless it is of no use. */
export function conclude(state: RunState, outcome: Outcome, reason: string): void {
  if (state.phase === "saving" || state.phase === "over") return;
  cancelAll(state, "the run ends");
  // The open step was not done: its samples go back, so that a resumed run takes them first.
  if (state.phase === "training") state.plan.untakeStep();
  for (const handle of state.ledger?.abandon() ?? []) state.effect({ type: "drop", handle });
  state.ledger = null;
  state.ending = { outcome, reason };
  if (outcome === "diverged" || outcome === "failed") {
    finish(state);
    return;
  }
  state.phase = "saving";
  state.effect({ type: "checkpoint", step: state.step, position: state.position, final: true });
}

/** A checkpoint is on the disk. */
export function onCheckpointed(state: RunState, step: number, path: string, final: boolean): void {
  state.checkpointUnderway = false;
  state.emit({ event: "checkpoint", step, path });
  if (final && state.phase === "saving") finish(state);
}

/** Sends everybody home. */
export function finish(state: RunState): void {
  const { outcome, reason } = state.ending ?? { outcome: "finished", reason: "" };
  state.phase = "over";
  for (const { id, state: stage } of state.workers.all()) {
    if (stage !== "connected")
      state.send(id, { type: "finish", reason: reason === "" ? "the run is finished" : reason.slice(0, 500) });
    state.effect({ type: "close", worker: id, code: 4005, reason: "the run is over" });
    state.workers.remove(id);
  }
  const seconds = (state.nowMs - (state.startedMs ?? state.nowMs)) / 1_000;
  state.effect({ type: "timer", atMs: null });
  state.effect({
    type: "finish",
    summary: {
      outcome,
      reason,
      steps: state.step,
      samples: state.samplesCommitted,
      seconds,
      samplesPerSecond: samplesPerSecond(state, state.samplesCommitted),
      test: state.lastTest,
    },
  });
}

function samplesPerSecond(state: RunState, samples: number): number {
  const seconds = (state.nowMs - (state.startedMs ?? state.nowMs)) / 1_000;
  return seconds > 0 ? (samples - state.settings.start.samplesCommitted) / seconds : 0;
}
