import { randomBytes } from "node:crypto";
import {
  type Effect,
  type Finding,
  type MachineEvent,
  RunMachine,
  type RunSettings,
  type RunSummary,
} from "@tributary/coordinator";
import type { MetricForms, RunEvent, RunSums } from "@tributary/program";
import { type ContributionMessage, ProtocolError, type TensorMemory, type WorkerMessage } from "@tributary/protocol";
import type { LeaseSpan } from "@tributary/worker";
import { Broadcaster } from "./broadcaster.ts";
import { CodecMeter } from "./codec-meter.ts";
import type { ComputeLink } from "./compute/compute-link.ts";
import type { EncodedParameters, RunTensors, StagedContribution } from "./compute/compute-message.ts";
import { LogLimiter } from "./log-limiter.ts";
import { PARAMETERS_CODEC } from "./run-content.ts";
import { Staging } from "./staging.ts";
import { WakeTimer } from "./wake-timer.ts";
import type { ReceivedTransfer, SocketHandlers, WorkerLink, WorkerSocket } from "./worker-socket.ts";

/** What the shell needs to perform effects with. */
export interface ShellOptions {
  readonly settings: RunSettings;
  readonly compute: Pick<ComputeLink, "request">;
  /** Parameters of the first step, encoded. */
  readonly encoded: EncodedParameters;
  /** Names of the sums behind the gradient: loss, weight, samples, then those of the metrics. */
  readonly sumNames: readonly string[];
  /** How the metrics are finished, by name; absent where each is the mean of its one sum. */
  readonly metricForms?: MetricForms;
  readonly persist: (record: Extract<Effect, { type: "persist" }>["record"]) => Promise<void>;
  /** Writes a checkpoint. @returns its path */
  readonly checkpoint: (effect: Extract<Effect, { type: "checkpoint" }>, tensors: RunTensors) => Promise<string>;
  /** Computes samples here. Never rejects. */
  readonly examine: (range: LeaseSpan) => Promise<Finding>;
  readonly onEvent: (event: RunEvent) => void;
  readonly onFinish: (summary: RunSummary) => void;
  /** The bookkeeping broke; nothing more is dispatched after it. */
  readonly onFault: (error: Error) => void;
  /** Somebody's bytes broke the protocol; for the log. */
  readonly onViolation: (worker: string, error: ProtocolError) => void;
}

/**
 * Performs the machine's effects on sockets, the compute thread and the disk, and brings their completions back as
 * events. Everything here runs on the socket's thread and none of it computes.
 */
export class EffectShell implements SocketHandlers {
  readonly machine: RunMachine;
  /** Bytes of tensors by codec. */
  readonly meter = new CodecMeter();
  readonly #options: ShellOptions;
  readonly #sockets = new Map<string, WorkerSocket>();
  readonly #staging = new Staging();
  readonly #broadcaster: Broadcaster;
  readonly #violations = new LogLimiter();
  readonly #timer = new WakeTimer(() => this.dispatch({ type: "tick" }));
  /** The contribution that the message being handled announced, until it is accepted. */
  #announced: ContributionMessage | null = null;
  #queue: MachineEvent[] = [];
  #draining = false;
  #over = false;

  constructor(options: ShellOptions) {
    this.#options = options;
    this.#broadcaster = new Broadcaster(options.encoded);
    this.machine = new RunMachine(options.settings);
  }

  /** Where uploads are put together: what {@link onTransfer} is given comes from here. */
  get memory(): TensorMemory {
    return this.#staging.memory;
  }

  /** An id for a new socket: random, so that nobody can end another's session by guessing. */
  newWorkerId(): string {
    return `w${randomBytes(8).toString("hex")}`;
  }

  /** What is known of the connections, by worker. */
  get links(): ReadonlyMap<string, WorkerLink> {
    return new Map([...this.#sockets].map(([id, { link }]) => [id, link]));
  }

  addSocket(socket: WorkerSocket): void {
    this.#sockets.set(socket.id, socket);
    this.dispatch({ type: "connectionOpened", worker: socket.id });
  }

  /** Gives the machine an event and performs what follows. Events that arise meanwhile wait their turn. */
  dispatch(event: MachineEvent): void {
    if (this.#over) return;
    this.#queue.push(event);
    if (this.#draining) return;
    this.#draining = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        for (const effect of this.machine.receive(next, performance.now())) this.#perform(effect);
      }
    } catch (error) {
      // A broken invariant is a bug: going on might count samples wrongly, so the run ends.
      this.#queue = [];
      this.#options.onFault(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.#draining = false;
    }
  }

  onMessage(socket: WorkerSocket, message: WorkerMessage): void {
    const worker = socket.id;
    if (message.type === "evaluation") {
      const { sums, ...rest } = message;
      const handle = this.#staging.addEvaluation(message, this.#options.sumNames.length);
      this.dispatch({ type: "message", worker, message: { ...rest, handle } });
      return;
    }
    if (message.type !== "contribution") {
      this.dispatch({ type: "message", worker, message });
      return;
    }
    this.#announced = message;
    this.dispatch({ type: "message", worker, message });
    if (this.#announced !== null) socket.ignoreTransfer(message);
    this.#announced = null;
  }

  onTransfer(socket: WorkerSocket, { message, bytes }: ReceivedTransfer): void {
    const { lease, tensor, sums } = message;
    const worker = socket.id;
    this.meter.received(tensor.codec, bytes.byteLength, tensor.elements);
    const staged: StagedContribution = { codec: tensor.codec, bytes, sums };
    this.#options.compute.request("check", staged).then(
      ({ crc32, finite, norm, samples }) => {
        if (crc32 !== tensor.crc32) {
          this.#staging.release([staged]);
          this.dispatch({ type: "transferFailed", worker, lease, code: "BAD_CHECKSUM" });
          return;
        }
        const handle = { bytes: bytes.byteLength, checksum: crc32, norm, finite, samples };
        this.dispatch({ type: "transferCompleted", worker, lease, handle: this.#staging.add(staged, handle) });
      },
      // What cannot be decoded is the worker's fault, not the thread's.
      () => {
        this.#staging.release([staged]);
        this.dispatch({ type: "transferFailed", worker, lease, code: "BAD_SIZE" });
      },
    );
  }

  onClose(socket: WorkerSocket): void {
    if (!this.#sockets.delete(socket.id)) return;
    this.dispatch({ type: "connectionClosed", worker: socket.id });
  }

  onViolation(socket: WorkerSocket, error: ProtocolError): void {
    if (this.#violations.allows(socket.address)) this.#options.onViolation(socket.id, error);
  }

  /** Cuts everything off; no event is dispatched any more. */
  dispose(): void {
    this.#over = true;
    this.#timer.set(null);
    for (const socket of this.#sockets.values()) socket.close(1001, "the coordinator ends");
    this.#staging.clear();
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case "send":
        this.#sockets.get(effect.worker)?.send(effect.message);
        return;
      case "broadcast":
        this.meter.sent(PARAMETERS_CODEC, effect.workers.length * this.#broadcaster.byteLength);
        this.#broadcaster.send(
          effect.step,
          effect.workers.flatMap((worker) => this.#sockets.get(worker) ?? []),
        );
        return;
      case "close": {
        const socket = this.#sockets.get(effect.worker);
        this.#sockets.delete(effect.worker);
        socket?.close(effect.code, effect.reason);
        return;
      }
      case "accept":
        this.#accept(effect.worker);
        return;
      case "abandon":
        this.#sockets.get(effect.worker)?.abandonTransfer(effect.lease);
        return;
      case "drop":
        this.#staging.drop(effect.handle);
        return;
      case "emit":
        this.#options.onEvent(effect.event);
        return;
      case "timer":
        if (!this.#over) this.#timer.set(effect.atMs);
        return;
      case "finish":
        this.#timer.set(null);
        this.#options.onFinish(effect.summary);
        return;
      default:
        this.#performSlow(effect);
    }
  }

  #performSlow(
    effect: Extract<Effect, { type: "fold" | "update" | "evaluate" | "examine" | "persist" | "checkpoint" }>,
  ): void {
    const { compute, examine, persist } = this.#options;
    switch (effect.type) {
      case "fold":
        this.#fold(effect);
        return;
      case "update": {
        const { step, samplesCommitted, learningRateFactor } = effect;
        const memory = this.#broadcaster.takeMemory();
        const updating = compute.request("update", { step, samplesCommitted, learningRateFactor, memory });
        this.#follow("update", updating, (result) => {
          if (result.encoded === null) this.#broadcaster.putBack(memory);
          else this.#broadcaster.publish(result.encoded, memory);
          const { applied, gradientNorm, sums } = result;
          return { type: "updated", step, applied, gradientNorm, measures: this.#measures(sums) };
        });
        return;
      }
      case "evaluate":
        this.#follow("evaluate", compute.request("evaluate", null), (sums) => {
          return { type: "evaluated", step: effect.step, measures: this.#measures(sums) };
        });
        return;
      case "examine": {
        const { kind, step, start, end } = effect;
        void examine(effect).then((finding) => this.dispatch({ type: "examined", kind, step, start, end, finding }));
        return;
      }
      case "persist":
        this.#follow("persist", persist(effect.record), () => ({ type: "persisted", step: effect.record.step }));
        return;
      case "checkpoint": {
        const { step, final } = effect;
        const written = compute.request("snapshot", null).then((tensors) => this.#options.checkpoint(effect, tensors));
        this.#follow("checkpoint", written, (path) => ({ type: "checkpointed", step, path, final }));
        return;
      }
      default:
        effect satisfies never;
    }
  }

  #fold({ kind, step, items }: Extract<Effect, { type: "fold" }>): void {
    const contributions = this.#staging.take(items);
    const folding = this.#options.compute.request("fold", { kind, items: contributions });
    this.#follow("fold", folding, () => {
      this.#staging.release(contributions);
      return { type: "folded", kind, step, leases: items.map(({ lease }) => lease) };
    });
  }

  /** Dispatches what an effect's completion means, or that it failed. */
  #follow<Output>(name: string, promise: Promise<Output>, event: (output: Output) => MachineEvent): void {
    promise.then(
      (output) => {
        this.dispatch(event(output));
      },
      (error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        this.dispatch({ type: "effectFailed", effect: name, message });
      },
    );
  }

  #accept(worker: string): void {
    const message = this.#announced;
    const socket = this.#sockets.get(worker);
    this.#announced = null;
    if (message === null || socket === undefined) return;
    try {
      socket.acceptTransfer(message);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      socket.violate(error);
    }
  }

  #measures(sums: Float32Array): RunSums {
    const [loss = Number.NaN, weight = 0, samples = 0] = sums;
    const metrics = Object.fromEntries(
      this.#options.sumNames.slice(3).map((name, index) => [name, sums[3 + index] ?? 0]),
    );
    const { metricForms } = this.#options;
    return { loss, weight, samples, metrics, ...(metricForms === undefined ? {} : { forms: metricForms }) };
  }
}
