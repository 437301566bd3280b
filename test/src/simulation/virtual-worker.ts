import { type HelloMessage, type LeaseMessage, PROTOCOL_VERSION, type WorkerId } from "@tributary/protocol";
import type { WorkerPlan } from "./plan.ts";
import type { SeededRandom } from "./seeded-random.ts";
import { type TinyParameters, type TinySums, tinyGradient } from "./tiny-model.ts";
import type { VirtualClock } from "./virtual-clock.ts";
import type { DownMessage, UpMessage } from "./virtual-messages.ts";

/** The worker's end of a connection. */
export interface WorkerSocket {
  send(message: UpMessage, bytes: number): void;
  /** The process is gone or the cable is pulled: the coordinator notices later. */
  vanish(): void;
  close(): void;
}

export interface WorkerWorld {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly microbatch: number;
  /** Bytes of a gradient on the wire. */
  readonly bytes: number;
  connect(worker: VirtualWorker): WorkerSocket;
}

interface HeldLease {
  readonly message: LeaseMessage;
  readonly receivedMs: number;
  state: "queued" | "computing" | "waiting";
  microbatches: number;
  sums: TinySums;
  finite: boolean;
}

const NO_SUMS = { first: 0, second: 0, samples: 0 };

/** A worker as the protocol describes it, with faults drawn from its plan. */
export class VirtualWorker {
  readonly plan: WorkerPlan;
  readonly #world: WorkerWorld;
  #socket: WorkerSocket | null = null;
  #id: WorkerId | null = null;
  /** Counts the connections: what was planned for an earlier one does not happen. */
  #life = 0;
  #heldStep = -1;
  #parameters: TinyParameters | null = null;
  #leases = new Map<number, HeldLease>();
  #transfer = 0;
  #frozenUntilMs = 0;
  #lastResult: Extract<UpMessage, { kind: "message" }> | null = null;
  #retired = false;

  constructor(plan: WorkerPlan, world: WorkerWorld) {
    this.plan = plan;
    this.#world = world;
    world.clock.at(plan.joinMs, () => this.#connect());
  }

  /** A message of the coordinator has arrived. */
  receive(message: DownMessage): void {
    this.#act(() => this.#onMessage(message));
  }

  /** The socket is closed by the other side. */
  closed(code: number): void {
    if (code === 4004 || code === 4005) this.#retired = true;
    this.#goneFor(this.plan.returnsAfterMs);
  }

  #connect(): void {
    if (this.#retired || this.#socket !== null) return;
    this.#socket = this.#world.connect(this);
    const hello: HelloMessage = {
      type: "hello",
      protocol: PROTOCOL_VERSION,
      programFormats: [1],
      operations: null,
      run: null,
      name: this.plan.name,
      backend: "tiny",
      kind: "node",
      adapter: null,
      arithmeticClass: "integers",
      threads: 1,
      codecs: ["float32"],
      resume: this.#id,
    };
    this.#send({ kind: "message", message: hello });
  }

  /** Does something now, or when the process thaws; never in a later life. */
  #act(action: () => void): void {
    const life = this.#life;
    const attempt = () => {
      if (life !== this.#life) return;
      if (this.#frozenUntilMs === Number.POSITIVE_INFINITY) return;
      if (this.#world.clock.nowMs < this.#frozenUntilMs) this.#world.clock.at(this.#frozenUntilMs, attempt);
      else action();
    };
    attempt();
  }

  #later(milliseconds: number, action: () => void): void {
    const life = this.#life;
    this.#world.clock.after(milliseconds, () => {
      if (life === this.#life) this.#act(action);
    });
  }

  #send(message: UpMessage, bytes = 100): void {
    this.#socket?.send(message, bytes);
  }

  #goneFor(milliseconds: number | null): void {
    this.#life += 1;
    this.#socket = null;
    this.#leases = new Map();
    this.#heldStep = -1;
    this.#parameters = null;
    this.#frozenUntilMs = 0;
    if (milliseconds !== null && !this.#retired) this.#world.clock.after(milliseconds, () => this.#connect());
  }

  #vanish(): void {
    this.#socket?.vanish();
    this.#goneFor(this.plan.returnsAfterMs);
  }

  #onMessage(message: DownMessage): void {
    switch (message.type) {
      case "welcome":
        this.#id = message.worker;
        return;
      case "parameters":
        this.#heldStep = message.step;
        this.#parameters = message.values;
        this.#send({ kind: "message", message: { type: "ready", step: message.step } });
        return;
      case "lease":
        this.#onLease(message);
        return;
      case "credit":
        this.#onCredit(message.lease);
        return;
      case "cancel":
        if (this.#leases.delete(message.lease)) this.#decline(message.lease, message.step, "cancelled");
        this.#computeNext();
        return;
      case "rejected":
        this.#leases.delete(message.lease);
        this.#computeNext();
        return;
      case "refused":
      case "finish":
        return;
      default:
        message satisfies never;
    }
  }

  #decline(lease: number, step: number, reason: "stale" | "busy" | "data" | "failed" | "cancelled"): void {
    this.#send({ kind: "message", message: { type: "decline", lease, step, reason, detail: "" } });
  }

  #onLease(message: LeaseMessage): void {
    const { random, clock } = this.#world;
    if (message.step !== this.#heldStep) {
      this.#decline(message.lease, message.step, "stale");
    } else if (this.#leases.size >= 4 || random.chance(this.plan.decline)) {
      this.#decline(message.lease, message.step, random.pick(["busy", "data"]));
    } else if (random.chance(this.plan.failed)) {
      this.#decline(message.lease, message.step, "failed");
    } else {
      const held = { message, receivedMs: clock.nowMs, microbatches: 0, sums: NO_SUMS, finite: true };
      this.#leases.set(message.lease, { ...held, state: "queued" });
      this.#computeNext();
    }
  }

  #computeNext(): void {
    const held = [...this.#leases.values()];
    const next = held.find(({ state }) => state === "queued");
    if (next === undefined || held.some(({ state }) => state === "computing")) return;
    const { random, clock, microbatch } = this.#world;
    const { start, end, milliseconds } = next.message;
    const whole = Math.ceil((end - start) / microbatch);
    const each = this.plan.microbatchMs * random.between(0.8, 1.3);
    const left = next.receivedMs + milliseconds - clock.nowMs;
    const inTime = Math.max(1, Math.floor(left / each));
    next.microbatches = Math.min(whole, inTime, random.chance(this.plan.partial) ? random.integer(1, whole) : whole);
    next.state = "computing";
    const duration = each * next.microbatches;
    this.#drawAccident(duration);
    this.#later(duration, () => this.#computed(next));
  }

  #drawAccident(duration: number): void {
    const { random } = this.#world;
    const at = random.between(0, duration);
    if (random.chance(this.plan.crash)) this.#later(at, () => this.#vanish());
    if (random.chance(this.plan.hang)) {
      this.#later(at, () => {
        this.#frozenUntilMs = Number.POSITIVE_INFINITY;
      });
    }
    if (random.chance(this.plan.freeze)) {
      this.#later(at, () => {
        this.#frozenUntilMs = this.#world.clock.nowMs + random.between(10, random.chance(0.3) ? 60_000 : 3_000);
      });
    }
    if (random.chance(this.plan.leave)) {
      this.#later(at, () => {
        this.#send({ kind: "message", message: { type: "leave", reason: "drawn" } });
        this.#socket?.close();
        this.#goneFor(this.plan.returnsAfterMs);
      });
    }
  }

  #computed(held: HeldLease): void {
    const { message, microbatches } = held;
    const { random, microbatch } = this.#world;
    // Cancelled or rejected meanwhile.
    if (this.#leases.get(message.lease) !== held || this.#parameters === null) return;
    const end = Math.min(message.end, message.start + microbatches * microbatch);
    // An evaluation has an "epoch" of its own, so that its sums tell it from training.
    const epoch = message.kind === "evaluate" ? 1_000 : message.epoch;
    held.sums = tinyGradient(this.#parameters, epoch, message.start, end);
    held.finite = !random.chance(this.plan.notFinite);
    const { lease, step } = message;
    if (message.kind === "evaluate") {
      this.#leases.delete(lease);
      const { sums, finite } = held;
      const copies = random.chance(this.plan.duplicate) ? 2 : 1;
      for (let copy = 0; copy < copies; copy += 1) {
        this.#send({ kind: "evaluation", lease: message, microbatches, sums, finite });
      }
    } else {
      held.state = "waiting";
      const result = {
        type: "result",
        lease,
        step,
        microbatches,
        codec: "float32",
        byteLength: this.#world.bytes,
      } as const;
      const up: UpMessage = {
        kind: "message",
        message: { ...result, milliseconds: this.plan.microbatchMs * microbatches },
      };
      this.#send(up);
      if (random.chance(this.plan.duplicate)) this.#send(up);
      if (random.chance(this.plan.nonsense)) this.#sendNonsense(up);
    }
    this.#computeNext();
  }

  /** Replays, results for steps that are not there yet, and for leases of somebody else. */
  #sendNonsense(up: Extract<UpMessage, { kind: "message" }>): void {
    const { random } = this.#world;
    if (this.#lastResult !== null) this.#send(this.#lastResult);
    this.#lastResult = up;
    if (up.message.type !== "result") return;
    this.#send({ kind: "message", message: { ...up.message, step: up.message.step + random.integer(1, 3) } });
    this.#send({ kind: "message", message: { ...up.message, lease: random.integer(1, 50) } });
    this.#send({ kind: "message", message: { type: "ready", step: up.message.step + 1 } });
  }

  #onCredit(lease: number): void {
    const held = this.#leases.get(lease);
    if (held?.state !== "waiting") return;
    const { random, bytes } = this.#world;
    const { step } = held.message;
    const copies = random.chance(this.plan.duplicate) ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      this.#transfer += 1;
      const tensor = { transfer: this.#transfer, byteLength: bytes, elements: bytes / 4, codec: "float32", crc32: 0 };
      const { microbatches, sums, finite } = held;
      this.#send({ kind: "message", message: { type: "contribution", lease, step, microbatches, tensor } });
      const damaged = random.chance(this.plan.damaged);
      this.#send({ kind: "lastChunk", lease, transfer: this.#transfer, sums, finite, damaged }, bytes);
    }
    this.#leases.delete(lease);
    if (random.chance(this.plan.crashInUpload))
      this.#later(random.between(0, bytes / this.plan.bytesPerMs), () => this.#vanish());
    this.#computeNext();
  }
}
