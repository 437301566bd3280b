import type { WorkerId } from "@tributary/protocol";
import { closeWorker, greetJoiners, onConnectionOpened, onHello, onReady, removeWorker } from "./admission.ts";
import {
  foldStaged,
  grantCredit,
  onContribution,
  onDecline,
  onEvaluation,
  onResult,
  onTransferCompleted,
  onTransferFailed,
} from "./contribution.ts";
import type { Effect } from "./effects.ts";
import type { MachineCommand, MachineEvent, MachineMessage } from "./events.ts";
import { onExamined } from "./judgement.ts";
import { assignLeases, expireLeases } from "./leasing.ts";
import {
  closeAtQuorum,
  closeWhenDone,
  conclude,
  finish,
  onCheckpointed,
  onEvaluated,
  onPause,
  onPersisted,
  onResume,
  onStop,
  onUpdated,
  openNext,
  quorumDeadline,
  restBetweenSteps,
  stopWhenDue,
} from "./progress.ts";
import { type Counters, RunState } from "./run-state.ts";
import { type RunView, viewRun } from "./run-view.ts";
import { checkSettings, type RunSettings } from "./settings.ts";
import { whyOpen } from "./why-open.ts";

/**
 * A run of mode `sync` as a state machine: events in, effects out. It does no I/O, reads no clock and holds no tensor, so
 * the server and the simulation drive the same code. Rules are numbered in the tests beside this file.
 */
export class RunMachine {
  readonly #state: RunState;
  #opened = false;

  /** @throws CoordinatorError BAD_SETTINGS */
  constructor(settings: RunSettings) {
    checkSettings(settings);
    this.#state = new RunState(settings);
  }

  /**
   * Takes one event in.
   * @param nowMs monotonic milliseconds; an earlier time than before counts as no time passed
   * @returns what is to be done now, in this order; nothing a worker sends makes this throw
   */
  receive(event: MachineEvent, nowMs: number): readonly Effect[] {
    const state = this.#state;
    state.nowMs = Math.max(state.nowMs, nowMs);
    if (!this.#opened) {
      this.#opened = true;
      openNext(state);
    }
    handle(state, event);
    advance(state);
    return state.takeEffects();
  }

  get counters(): Readonly<Counters> {
    return this.#state.counters;
  }

  get phase(): RunState["phase"] {
    return this.#state.phase;
  }

  /** Updates done. */
  get step(): number {
    return this.#state.step;
  }

  /** What bounds the memory of the run: for tests, and for people who look inside. */
  get sizes(): { readonly workers: number; readonly leases: number; readonly slots: number; readonly staged: number } {
    const { workers, leases, ledger } = this.#state;
    const transfers = leases.all().filter(({ stage }) => stage === "credited" || stage === "uploading").length;
    return {
      workers: workers.size,
      leases: leases.size,
      slots: ledger?.openSlots ?? 0,
      staged: (ledger?.stagedSlots ?? 0) + transfers,
    };
  }

  /** The run as people are shown it. @param nowMs monotonic milliseconds, as {@link receive} takes them */
  view(nowMs: number): RunView {
    return viewRun(this.#state, nowMs);
  }

  /** Why the run is where it is as of the last event, in one sentence for people. */
  describe(): string {
    return whyOpen(this.#state, this.#state.nowMs);
  }
}

function handle(state: RunState, event: MachineEvent): void {
  switch (event.type) {
    case "connectionOpened":
      onConnectionOpened(state, event.worker);
      return;
    case "connectionClosed":
      removeWorker(state, event.worker, "lost");
      return;
    case "message":
      onMessage(state, event.worker, event.message);
      return;
    case "transferCompleted":
      onTransferCompleted(state, event.worker, event.lease, event.handle);
      return;
    case "transferFailed":
      onTransferFailed(state, event.worker, event.lease, event.code);
      return;
    case "folded": {
      if (event.kind === state.ledgerKind && event.step === state.step) state.ledger?.commit(event.leases);
      return;
    }
    case "updated": {
      const { measures, gradientNorm, applied } = event;
      if (state.phase === "updating" && event.step === state.step) onUpdated(state, measures, gradientNorm, applied);
      return;
    }
    case "persisted": {
      if (state.phase === "persisting" && event.step === state.step) onPersisted(state);
      return;
    }
    case "evaluated": {
      if (state.phase === "summing" && event.step === state.step) onEvaluated(state, event.measures);
      return;
    }
    case "examined":
      onExamined(state, event);
      return;
    case "checkpointed":
      onCheckpointed(state, event.step, event.path, event.final);
      return;
    case "effectFailed": {
      state.ending = { outcome: "failed", reason: `${event.effect}: ${event.message}` };
      if (state.phase === "saving") finish(state);
      return;
    }
    case "tick":
      return;
    case "command":
      onCommand(state, event.command);
      return;
    default:
      event satisfies never;
  }
}

function onMessage(state: RunState, worker: WorkerId, message: MachineMessage): void {
  const record = state.workers.get(worker);
  if (record === undefined) {
    // Its socket is being closed; what was on its way is void, but a staged handle must not be lost.
    if (message.type === "evaluation") state.effect({ type: "drop", handle: message.handle });
    return;
  }
  state.workers.update(worker, { silent: false });
  if (record.state === "connected" && message.type !== "hello") {
    if (message.type === "evaluation") state.effect({ type: "drop", handle: message.handle });
    closeWorker(state, worker, "policy");
    return;
  }
  switch (message.type) {
    case "hello":
      onHello(state, worker, message);
      return;
    case "ready":
      onReady(state, worker, message);
      return;
    case "result":
      onResult(state, worker, message);
      return;
    case "contribution":
      onContribution(state, worker, message);
      return;
    case "evaluation":
      onEvaluation(state, worker, message);
      return;
    case "decline":
      onDecline(state, worker, message);
      return;
    case "leave":
      closeWorker(state, worker, "normal");
      return;
    default:
      message satisfies never;
  }
}

function onCommand(state: RunState, command: MachineCommand): void {
  switch (command.command) {
    case "stop":
      onStop(state, command.reason);
      return;
    case "checkpoint": {
      state.checkpointWanted = true;
      return;
    }
    case "learningRateFactor": {
      if (Number.isFinite(command.factor) && command.factor >= 0) state.learningRateFactor = command.factor;
      return;
    }
    case "pause":
      onPause(state);
      return;
    case "resume":
      onResume(state);
      return;
    default:
      command satisfies never;
  }
}

/**
 * Everything that follows from what is now known, after every event alike. So there is no event after which a complete
 * step, an expired lease or an idle worker could be overlooked.
 */
function advance(state: RunState): void {
  if (state.phase === "over") return;
  expireLeases(state);
  if (state.ending !== null && state.phase !== "saving") {
    conclude(state, state.ending.outcome, state.ending.reason);
    return;
  }
  closeAtQuorum(state);
  foldStaged(state);
  closeWhenDone(state);
  stopWhenDue(state);
  restBetweenSteps(state);
  grantCredit(state);
  greetJoiners(state);
  assignLeases(state);
  sayWaiting(state);
  setTimer(state);
}

function sayWaiting(state: RunState): void {
  const waits = state.openKind !== null && state.workers.usable().length === 0;
  if (waits && !state.waitingSaid) {
    const reason = state.workers.joined === 0 ? "No worker is there" : "No worker is ready";
    state.emit({ event: "waiting", step: state.step, reason });
  }
  state.waitingSaid = waits;
}

function setTimer(state: RunState): void {
  const times = [state.leases.nextDeadlineMs, state.stopping?.deadlineMs ?? null, quorumDeadline(state)];
  for (const { restUntilMs } of state.workers.usable()) times.push(restUntilMs > state.nowMs ? restUntilMs : null);
  const known = times.filter((time) => time !== null);
  const atMs = known.length === 0 ? null : Math.min(...known);
  if (atMs === state.timerMs) return;
  state.timerMs = atMs;
  state.effect({ type: "timer", atMs });
}
