import { type Effect, type Handle, type MachineEvent, RunMachine, type RunSummary } from "@tributary/coordinator";
import type { WorkerId } from "@tributary/protocol";
import { Invariants } from "./invariants.ts";
import { Link } from "./link.ts";
import type { SimulationPlan } from "./plan.ts";
import { SeededRandom } from "./seeded-random.ts";
import { settingsOf, TINY_BYTES } from "./simulation-settings.ts";
import { addSums, NO_SUMS, TINY_START, type TinyParameters, type TinySums, tinyUpdate } from "./tiny-model.ts";
import { VirtualClock } from "./virtual-clock.ts";
import type { UpMessage } from "./virtual-messages.ts";
import { VirtualWorker, type WorkerSocket } from "./virtual-worker.ts";

interface Connection {
  readonly id: WorkerId;
  readonly worker: VirtualWorker;
  readonly up: Link;
  readonly down: Link;
  /** Transfers that were accepted and are not complete, by transfer. */
  readonly accepted: Map<number, number>;
}

/** Virtual milliseconds after which a run counts as stuck. */
const STUCK_MILLISECONDS = 3_600_000;
const ACTIONS_MAX = 2_000_000;

/** Drives the real machine with virtual workers, links and time; performs its effects on the tiny model. */
export class SimulatedRun {
  readonly machine: RunMachine;
  readonly invariants: Invariants;
  readonly clock = new VirtualClock();
  parameters: TinyParameters = TINY_START;
  summary: RunSummary | null = null;
  /** Events that found the run at rest. */
  restedEvents = 0;
  readonly #plan: SimulationPlan;
  readonly #random: SeededRandom;
  readonly #connections = new Map<WorkerId, Connection>();
  readonly #staged = new Map<number, TinySums>();
  #sums: TinySums = NO_SUMS;
  #connectionCount = 0;
  #handleCount = 0;
  #computeFreeMs = 0;
  #timerGeneration = 0;

  constructor(plan: SimulationPlan) {
    this.#plan = plan;
    this.#random = new SeededRandom(plan.seed ^ 0x5bd1e995);
    this.machine = new RunMachine(settingsOf(plan));
    this.invariants = new Invariants(plan);
    const world = {
      clock: this.clock,
      random: this.#random,
      microbatch: plan.microbatch,
      bytes: TINY_BYTES,
      connect: (worker: VirtualWorker) => this.#connect(worker),
    };
    for (const worker of plan.workers) new VirtualWorker(worker, world);
    for (const { atMs, forMs } of plan.pauses) {
      this.clock.at(atMs, () => this.#command("pause"));
      this.clock.at(atMs + forMs, () => this.#command("resume"));
    }
  }

  /** Runs until the machine finishes. @throws Error when an invariant breaks or nothing moves any more */
  run(): void {
    while (this.summary === null) {
      if (!this.clock.step()) throw new Error(`Nothing is left to happen: ${this.machine.describe()}`);
      if (this.clock.nowMs > STUCK_MILLISECONDS || this.clock.actions > ACTIONS_MAX) {
        throw new Error(
          `No end after ${this.clock.nowMs} ms and ${this.clock.actions} actions: ${this.machine.describe()}`,
        );
      }
    }
    this.invariants.atEnd(this.summary, this.#staged.size);
  }

  #command(command: "pause" | "resume"): void {
    if (this.summary === null) this.#event({ type: "command", command: { command } });
  }

  #event(event: MachineEvent): void {
    for (const effect of this.machine.receive(event, this.clock.nowMs)) this.#perform(effect);
    if (this.machine.phase === "paused") this.restedEvents += 1;
    this.invariants.afterEvent(this.machine);
  }

  #connect(worker: VirtualWorker): WorkerSocket {
    this.#connectionCount += 1;
    const id = `w${this.#connectionCount}`;
    const { latencyMs, bytesPerMs } = worker.plan;
    const connection: Connection = {
      id,
      worker,
      up: new Link(this.clock, this.#random, latencyMs),
      down: new Link(this.clock, this.#random, latencyMs),
      accepted: new Map(),
    };
    this.#connections.set(id, connection);
    connection.up.send(0, () => this.#event({ type: "connectionOpened", worker: id }));
    return {
      send: (message, bytes) => connection.up.send(bytes / bytesPerMs, () => this.#onUp(connection, message)),
      // A killed process resets its socket at once; a pulled cable is noticed after two pings.
      vanish: () => {
        connection.down.cut();
        const noticedMs = this.#random.chance(0.5) ? 1 : this.#random.between(5_000, 10_000);
        this.clock.after(noticedMs, () => this.#closed(connection));
      },
      close: () => connection.up.send(0, () => this.#closed(connection)),
    };
  }

  #closed(connection: Connection): void {
    connection.up.cut();
    connection.down.cut();
    connection.accepted.clear();
    if (!this.#connections.delete(connection.id)) return;
    this.#event({ type: "connectionClosed", worker: connection.id });
  }

  #onUp(connection: Connection, up: UpMessage): void {
    const worker = connection.id;
    this.invariants.onUp(worker, up);
    if (up.kind === "message") {
      this.#event({ type: "message", worker, message: up.message });
    } else if (up.kind === "evaluation") {
      const { lease, step } = up.lease;
      const { microbatches } = up;
      const handle = this.#stage(up.sums, up.finite);
      const message = { type: "evaluation", lease, step, microbatches, milliseconds: 1, handle } as const;
      this.#event({ type: "message", worker, message });
    } else {
      const lease = connection.accepted.get(up.transfer);
      // Never accepted, or abandoned: its chunks were ignored.
      if (lease === undefined) return;
      connection.accepted.delete(up.transfer);
      // The check runs on a compute thread; the socket may close meanwhile.
      this.clock.after(this.#random.between(0, 3), () => {
        if (up.damaged) this.#event({ type: "transferFailed", worker, lease, code: "BAD_CHECKSUM" });
        else this.#event({ type: "transferCompleted", worker, lease, handle: this.#stage(up.sums, up.finite) });
      });
    }
  }

  #stage(sums: TinySums, finite: boolean): Handle {
    this.#handleCount += 1;
    const id = this.#handleCount;
    this.#staged.set(id, sums);
    return { id, bytes: TINY_BYTES, checksum: 0, norm: 1, finite, samples: sums.samples };
  }

  /** A job of the compute threads: they work one after the other. */
  #compute(milliseconds: number, job: () => void): void {
    this.#computeFreeMs = Math.max(this.#computeFreeMs, this.clock.nowMs) + milliseconds;
    this.clock.at(this.#computeFreeMs, job);
  }

  #perform(effect: Effect): void {
    this.invariants.onEffect(effect);
    switch (effect.type) {
      case "send":
      case "broadcast":
      case "close":
        this.#performOnSockets(effect);
        return;
      case "accept":
        this.#connections.get(effect.worker)?.accepted.set(effect.transfer, effect.lease);
        return;
      case "abandon": {
        const accepted = this.#connections.get(effect.worker)?.accepted;
        for (const [transfer, lease] of accepted ?? []) if (lease === effect.lease) accepted?.delete(transfer);
        return;
      }
      case "drop":
        this.invariants.check(this.#staged.delete(effect.handle.id), `handle ${effect.handle.id} is dropped twice`);
        return;
      case "timer": {
        this.#timerGeneration += 1;
        const generation = this.#timerGeneration;
        if (effect.atMs === null) return;
        this.clock.at(effect.atMs, () => {
          if (generation === this.#timerGeneration && this.summary === null) this.#event({ type: "tick" });
        });
        return;
      }
      case "emit":
        return;
      case "finish":
        this.summary = effect.summary;
        return;
      default:
        this.#performOnTensors(effect);
    }
  }

  #performOnSockets(effect: Extract<Effect, { type: "send" | "broadcast" | "close" }>): void {
    if (effect.type === "broadcast") {
      const values = this.parameters;
      for (const id of effect.workers) {
        const to = this.#connections.get(id);
        to?.down.send(TINY_BYTES / to.worker.plan.bytesPerMs, () =>
          to.worker.receive({ type: "parameters", step: effect.step, values }),
        );
      }
      return;
    }
    const to = this.#connections.get(effect.worker);
    if (to === undefined) return;
    if (effect.type === "send") {
      to.down.send(0, () => to.worker.receive(effect.message));
      return;
    }
    to.down.send(0, () => {
      this.#closed(to);
      to.worker.closed(effect.code);
    });
  }

  #performOnTensors(
    effect: Extract<Effect, { type: "fold" | "update" | "persist" | "evaluate" | "examine" | "checkpoint" }>,
  ): void {
    switch (effect.type) {
      case "fold": {
        const { kind, step, items } = effect;
        this.#compute(0.2 * items.length, () => {
          for (const { handle } of items) {
            const sums = this.#staged.get(handle.id);
            this.invariants.check(sums !== undefined, `handle ${handle.id} is folded but not staged`);
            if (sums !== undefined) this.#sums = addSums(this.#sums, sums);
            this.#staged.delete(handle.id);
          }
          this.#event({ type: "folded", kind, step, leases: items.map(({ lease }) => lease) });
        });
        return;
      }
      case "update":
        this.#compute(1, () => {
          const sums = this.#sums;
          this.invariants.check(
            sums.samples === effect.samples,
            `${sums.samples} samples are summed, not ${effect.samples}`,
          );
          this.parameters = tinyUpdate(this.parameters, sums);
          this.#sums = NO_SUMS;
          const measures = { loss: sums.first, weight: sums.samples, samples: sums.samples, metrics: {} };
          this.#event({ type: "updated", step: effect.step, measures, gradientNorm: 1, applied: true });
        });
        return;
      case "persist":
        this.clock.after(this.#random.between(0, 2), () =>
          this.#event({ type: "persisted", step: effect.record.step }),
        );
        return;
      case "evaluate":
        this.#compute(0.5, () => {
          const { first, samples } = this.#sums;
          this.invariants.onEvaluated(this.#sums, this.parameters);
          this.#sums = NO_SUMS;
          const measures = { loss: first, weight: samples, samples, metrics: {} };
          this.#event({ type: "evaluated", step: effect.step, measures });
        });
        return;
      case "examine": {
        const { kind, step, start, end } = effect;
        // Nothing diverges here: whoever fails is at fault. Long enough that steps close, and workers come and go, meanwhile.
        this.#compute(this.#random.between(0, 40), () => {
          this.#event({ type: "examined", kind, step, start, end, finding: { verdict: "usable", norm: 1 } });
        });
        return;
      }
      case "checkpoint": {
        const { step, final } = effect;
        this.#compute(5, () => this.#event({ type: "checkpointed", step, path: `checkpoint-${step}`, final }));
        return;
      }
      default:
        effect satisfies never;
    }
  }
}
