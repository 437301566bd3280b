import type { RunEvent } from "@tributary/program";
import type { CoordinatorMessage, HelloMessage, LeaseMessage, ParametersMessage, WorkerId } from "@tributary/protocol";
import type { Effect, StepRecord } from "../effects.ts";
import type { MachineCommand, MachineEvent, MachineMessage } from "../events.ts";
import type { Finding } from "../finding.ts";
import type { Handle } from "../handle.ts";
import { RunMachine } from "../run-machine.ts";
import type { RunSummary } from "../run-summary.ts";
import type { RunSettings } from "../settings.ts";
import { GRADIENT_BYTES, SMALL_HELLO, SMALL_RUN } from "./small-run.ts";

type Sent = Exclude<CoordinatorMessage, ParametersMessage>;

/** Drives a machine by hand: what tests write is what happens to the run. Effects on tensors and disk are performed at once unless held. */
export class Scenario {
  readonly machine: RunMachine;
  readonly sent: { readonly worker: WorkerId; readonly message: Sent }[] = [];
  readonly broadcasts: { readonly step: number; readonly workers: readonly WorkerId[] }[] = [];
  readonly closed = new Map<WorkerId, number>();
  readonly folds: number[] = [];
  readonly dropped: number[] = [];
  readonly records: StepRecord[] = [];
  readonly events: RunEvent[] = [];
  readonly updates: Extract<Effect, { type: "update" }>[] = [];
  readonly checkpoints: Extract<Effect, { type: "checkpoint" }>[] = [];
  readonly abandoned: number[] = [];
  readonly examinations: Extract<Effect, { type: "examine" }>[] = [];
  summary: RunSummary | null = null;
  timerMs: number | null = null;
  nowMs = 0;
  /** Effects of these kinds wait until {@link perform}. */
  readonly held: Effect["type"][] = [];
  /** Time a microbatch takes any worker, as it says and as the clock shows. */
  microbatchMs = 0;
  loss = 1;
  applied = true;
  /** What the coordinator's own computation comes to. */
  finding: Finding = { verdict: "notFinite" };
  /** Workers that answer every later broadcast by themselves. */
  readonly #answering = new Set<WorkerId>();
  readonly #finished = new Set<number>();
  #queue: MachineEvent[] = [];
  #draining = false;
  #waiting: Effect[] = [];
  #handles = 0;
  #transfers = 0;

  constructor(settings: Partial<RunSettings> = {}) {
    this.machine = new RunMachine({ ...SMALL_RUN, ...settings });
  }

  /** Something happens. What its effects complete is told to the machine afterwards, in order. */
  event(event: MachineEvent): void {
    this.#queue.push(event);
    if (this.#draining) return;
    this.#draining = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      for (const effect of this.machine.receive(next, this.nowMs)) this.#take(effect);
    }
    this.#draining = false;
  }

  say(worker: WorkerId, message: MachineMessage): void {
    this.event({ type: "message", worker, message });
  }

  /** Time passes; the timer fires if its time is over. */
  wait(milliseconds: number): void {
    this.nowMs += milliseconds;
    if (this.timerMs !== null && this.timerMs <= this.nowMs) this.event({ type: "tick" });
  }

  command(command: MachineCommand): void {
    this.event({ type: "command", command });
  }

  hello(worker: WorkerId, change: Partial<HelloMessage> = {}): void {
    this.event({ type: "connectionOpened", worker });
    this.say(worker, { ...SMALL_HELLO, name: worker, ...change });
  }

  /** Joins, is ready for the current step, and answers all later parameters with ready. */
  join(...workers: readonly WorkerId[]): void {
    for (const worker of workers) {
      this.hello(worker);
      this.#answering.add(worker);
      this.say(worker, { type: "ready", step: this.machine.step });
    }
  }

  close(worker: WorkerId): void {
    this.event({ type: "connectionClosed", worker });
  }

  /** All leases a worker was ever given, latest last. */
  leasesOf(worker: WorkerId): LeaseMessage[] {
    return this.sent.flatMap(({ worker: to, message }) => (to === worker && message.type === "lease" ? [message] : []));
  }

  /** The latest lease of a worker. @throws Error when it has none */
  lease(worker: WorkerId): LeaseMessage {
    const lease = this.leasesOf(worker).at(-1);
    if (lease === undefined) throw new Error(`${worker} was given no lease`);
    return lease;
  }

  /** The latest lease of a worker as "start-end". */
  span(worker: WorkerId): string {
    const { start, end } = this.lease(worker);
    return `${start}-${end}`;
  }

  /** Messages of one type to a worker. */
  told<Type extends Sent["type"]>(worker: WorkerId, type: Type): Extract<Sent, { type: Type }>[] {
    const isType = (message: Sent): message is Extract<Sent, { type: Type }> => message.type === type;
    return this.sent.flatMap(({ worker: to, message }) => (to === worker && isType(message) ? [message] : []));
  }

  /** The worker announces its latest lease as computed: whole, or so many microbatches. */
  result(worker: WorkerId, microbatches?: number, lease: LeaseMessage = this.lease(worker)): void {
    const done = microbatches ?? Math.ceil((lease.end - lease.start) / this.#microbatch);
    this.nowMs += done * this.microbatchMs;
    this.say(worker, {
      type: "result",
      lease: lease.lease,
      step: lease.step,
      microbatches: done,
      milliseconds: done * this.microbatchMs,
      codec: "float32",
      byteLength: GRADIENT_BYTES,
    });
  }

  /** The contribution of a credited lease begins; its chunks are still to come. */
  upload(worker: WorkerId, lease: LeaseMessage = this.lease(worker), microbatches = lease.end - lease.start): void {
    this.#transfers += 1;
    const tensor = { transfer: this.#transfers, byteLength: GRADIENT_BYTES, elements: 16, codec: "float32", crc32: 0 };
    this.say(worker, { type: "contribution", lease: lease.lease, step: lease.step, microbatches, tensor });
  }

  /** All chunks are in. @returns the handle's id */
  arrive(worker: WorkerId, lease: LeaseMessage = this.lease(worker), change: Partial<Handle> = {}): number {
    const handle = this.handle({ samples: lease.end - lease.start, ...change });
    this.event({ type: "transferCompleted", worker, lease: lease.lease, handle });
    return handle.id;
  }

  handle(change: Partial<Handle>): Handle {
    this.#handles += 1;
    return { id: this.#handles, bytes: GRADIENT_BYTES, checksum: 0, norm: 1, finite: true, samples: 1, ...change };
  }

  /** Computes, announces and uploads the latest lease. */
  finish(worker: WorkerId, change: Partial<Handle> = {}): void {
    const lease = this.lease(worker);
    this.#finished.add(lease.lease);
    this.result(worker, undefined, lease);
    this.upload(worker, lease, Math.ceil((lease.end - lease.start) / this.#microbatch));
    this.arrive(worker, lease, change);
  }

  /** Finishes leases of these workers until they have none, or the step is over. */
  work(...workers: readonly WorkerId[]): void {
    const { step } = this.machine;
    const hasWork = (worker: WorkerId) => {
      const lease = this.leasesOf(worker).at(-1);
      return lease !== undefined && lease.step === step && !this.#finished.has(lease.lease);
    };
    for (let next = workers.find(hasWork); next !== undefined; next = workers.find(hasWork)) {
      this.finish(next);
      if (this.machine.step !== step || this.summary !== null) return;
    }
  }

  /** Performs what was held. */
  perform(): void {
    this.held.length = 0;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const effect of waiting) this.#perform(effect);
  }

  get #microbatch(): number {
    return SMALL_RUN.microbatch;
  }

  #take(effect: Effect): void {
    if (this.held.includes(effect.type)) this.#waiting.push(effect);
    else this.#perform(effect);
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case "send":
        this.sent.push(effect);
        return;
      case "broadcast":
        this.broadcasts.push(effect);
        for (const worker of effect.workers) {
          if (this.#answering.has(worker)) this.say(worker, { type: "ready", step: effect.step });
        }
        return;
      case "close":
        this.closed.set(effect.worker, effect.code);
        return;
      case "accept":
        return;
      case "abandon":
        this.abandoned.push(effect.lease);
        return;
      case "drop":
        this.dropped.push(effect.handle.id);
        return;
      case "emit":
        this.events.push(effect.event);
        return;
      case "timer":
        this.timerMs = effect.atMs;
        return;
      case "finish":
        this.summary = effect.summary;
        return;
      default:
        this.#complete(effect);
    }
  }

  #complete(
    effect: Extract<Effect, { type: "fold" | "update" | "persist" | "evaluate" | "examine" | "checkpoint" }>,
  ): void {
    const { loss } = this;
    switch (effect.type) {
      case "fold": {
        const leases = effect.items.map(({ lease }) => lease);
        this.folds.push(...leases);
        this.event({ type: "folded", kind: effect.kind, step: effect.step, leases });
        return;
      }
      case "update": {
        this.updates.push(effect);
        const measures = { loss: loss * effect.samples, weight: effect.samples, samples: effect.samples, metrics: {} };
        this.event({ type: "updated", step: effect.step, measures, gradientNorm: 1, applied: this.applied });
        return;
      }
      case "persist":
        this.records.push(effect.record);
        this.event({ type: "persisted", step: effect.record.step });
        return;
      case "evaluate": {
        const measures = { loss: 3, weight: 6, samples: 6, metrics: { accuracy: 3 } };
        this.event({ type: "evaluated", step: effect.step, measures });
        return;
      }
      case "examine": {
        const { kind, step, start, end } = effect;
        this.examinations.push(effect);
        this.event({ type: "examined", kind, step, start, end, finding: this.finding });
        return;
      }
      case "checkpoint":
        this.checkpoints.push(effect);
        this.event({ type: "checkpointed", step: effect.step, path: "there", final: effect.final });
        return;
      default:
        effect satisfies never;
    }
  }
}
