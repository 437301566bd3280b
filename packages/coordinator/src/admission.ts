import {
  CLOSE_CODES,
  closeCodeOfRefusal,
  closeMeaning,
  type HelloMessage,
  PROTOCOL_VERSION,
  type ReadyMessage,
  type RefusalCode,
  type WorkerId,
} from "@tributary/protocol";
import { releaseWorker } from "./leasing.ts";
import { STRIKES_MAX } from "./limits.ts";
import type { RunState } from "./run-state.ts";

/** Name of an entry of {@link CLOSE_CODES}. */
export type CloseName = keyof typeof CLOSE_CODES;

/** A connection is there; nothing is sent before its hello. */
export function onConnectionOpened(state: RunState, worker: WorkerId): void {
  state.workers.add(worker);
}

/** Admits a worker or says why not. */
export function onHello(state: RunState, worker: WorkerId, hello: HelloMessage): void {
  if (state.workers.get(worker)?.state !== "connected") {
    closeWorker(state, worker, "policy");
    return;
  }
  if (hello.resume !== null && hello.resume !== worker) fence(state, hello.resume);
  const refusal = refusalFor(state, hello);
  if (refusal !== null) {
    refuse(state, worker, refusal.code, refusal.message, refusal.remedy);
    return;
  }
  const { settings } = state;
  const codec = settings.codecs.find(({ name }) => hello.codecs.includes(name))?.name ?? "";
  if (settings.deterministic) state.arithmeticClass ??= hello.arithmeticClass;
  const { name, kind, backend, adapter, threads, arithmeticClass } = hello;
  const described = { name, kind, backend, adapter, threads, arithmeticClass };
  state.workers.update(worker, { state: "joined", ...described, codec });
  state.send(worker, { type: "welcome", ...settings.welcome, worker, step: state.step, codec });
  state.emit({ event: "worker", id: worker, name, state: "joined" });
}

/** The same process came back: its old session is over, whatever its socket still believes. */
function fence(state: RunState, old: WorkerId): void {
  if (state.workers.get(old) === undefined) return;
  removeWorker(state, old, "lost");
  const { code, meaning } = CLOSE_CODES.normal;
  state.effect({ type: "close", worker: old, code, reason: meaning });
}

interface Refusal {
  readonly code: RefusalCode;
  readonly message: string;
  readonly remedy: string;
}

function refusalFor(state: RunState, hello: HelloMessage): Refusal | null {
  const { settings, phase, workers } = state;
  if (phase === "over" || phase === "saving") {
    return { code: "FINISHED", message: "The run is over", remedy: "Start another run" };
  }
  if (hello.protocol !== PROTOCOL_VERSION || !hello.programFormats.includes(settings.programFormat)) {
    const ours = `protocol ${PROTOCOL_VERSION} and program format ${settings.programFormat}`;
    const theirs = `protocol ${hello.protocol} and program formats ${hello.programFormats.join(", ")}`;
    return {
      code: "VERSION_MISMATCH",
      message: `The run needs ${ours}, the worker has ${theirs}`,
      remedy: "Use the same version of Tributary on both sides",
    };
  }
  if (hello.run !== null && hello.run !== settings.welcome.run) {
    const message = `There is no run ${hello.run} here, but ${settings.welcome.run}`;
    return { code: "UNKNOWN_RUN", message, remedy: "Take the link again from the coordinator" };
  }
  if (!settings.codecs.some(({ name }) => hello.codecs.includes(name))) {
    const message = `The run takes ${settings.codecs.map(({ name }) => name).join(", ")}, the worker offers ${hello.codecs.join(", ")}`;
    return { code: "NO_COMMON_CODEC", message, remedy: "Start the worker with one of the run's codecs" };
  }
  const missing = settings.operations.filter((operation) => hello.operations?.includes(operation) === false);
  if (missing.length > 0) {
    const message = `The worker's backend lacks ${missing.join(", ")}`.slice(0, 500);
    return { code: "UNSUPPORTED_OPERATION", message, remedy: "Start the worker with --backend wasm" };
  }
  if (settings.deterministic && state.arithmeticClass !== null && state.arithmeticClass !== hello.arithmeticClass) {
    const message = `The run computes with ${state.arithmeticClass}, the worker with ${hello.arithmeticClass}`;
    return { code: "ARITHMETIC_CLASS", message, remedy: "Start the worker with the run's backend" };
  }
  if (workers.joined >= settings.workersMax) {
    const message = `The run admits ${settings.workersMax} workers, and they are there`;
    return { code: "FULL", message, remedy: "Try again later, or raise the run's workersMax" };
  }
  return null;
}

/** Sends `refused` and closes with the code that belongs to it. */
export function refuse(state: RunState, worker: WorkerId, code: RefusalCode, message: string, remedy: string): void {
  state.counters.refused += 1;
  state.send(worker, { type: "refused", code, message, remedy });
  closeWith(state, worker, closeCodeOfRefusal(code));
}

/** Takes a worker out and closes its socket. */
export function closeWorker(state: RunState, worker: WorkerId, name: CloseName): void {
  closeWith(state, worker, CLOSE_CODES[name].code);
}

function closeWith(state: RunState, worker: WorkerId, code: number): void {
  removeWorker(state, worker, code === CLOSE_CODES.normal.code ? "left" : "lost");
  state.effect({ type: "close", worker, code, reason: closeMeaning(code) });
}

/** Takes a worker out; its leases are free in the same `receive`. Does nothing for one that is gone. */
export function removeWorker(state: RunState, id: WorkerId, how: "left" | "lost"): void {
  const worker = state.workers.remove(id);
  if (worker === undefined) return;
  releaseWorker(state, id);
  if (worker.state !== "connected") state.emit({ event: "worker", id, name: worker.name, state: how });
}

/** The worker holds the parameters of a step: leases may be given to it. */
export function onReady(state: RunState, worker: WorkerId, message: ReadyMessage): void {
  const record = state.workers.get(worker);
  if (record === undefined || record.state === "connected" || message.step > record.sentStep) {
    state.counters.future += 1;
    return;
  }
  state.workers.update(worker, { state: "ready", readyStep: Math.max(record.readyStep, message.step) });
}

/** Counts something a worker did that an honest one does not; the third time it has to go. */
export function strike(state: RunState, id: WorkerId): void {
  const worker = state.workers.get(id);
  if (worker === undefined) return;
  state.counters.strikes += 1;
  state.workers.update(id, { strikes: worker.strikes + 1 });
  if (worker.strikes + 1 < STRIKES_MAX) return;
  state.counters.quarantined += 1;
  const message = `${STRIKES_MAX} contributions of this worker had to be refused`;
  if (!worker.faulty) {
    const what = `Worker ${worker.name} was sent away: ${STRIKES_MAX} of its contributions had to be refused`;
    const remedy = "Check that device: its results are not finite, or damaged on the way";
    state.emit({ event: "error", code: "WORKER_AT_FAULT", message: what, remedy });
  }
  refuse(state, id, "QUARANTINED", message, "Check the device: its results are not finite or damaged on the way");
}

/** Sends the parameters to those that have joined since; the others get theirs with their leases. */
export function greetJoiners(state: RunState): void {
  // In a pause the parameters are what they will be when it ends.
  if (state.openKind === null && state.phase !== "paused") return;
  const joiners = state.workers.all().filter(({ state: stage, sentStep }) => stage === "joined" && sentStep < 0);
  state.broadcast(joiners.map(({ id }) => id));
}
