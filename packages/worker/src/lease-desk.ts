import {
  CHUNK_BYTES_MAX,
  type DeclineReason,
  encodeChunkFrameInto,
  encodeMessage,
  FRAME_HEADER_BYTES,
  type LeaseMessage,
  type RejectedMessage,
  SENTENCE_LENGTH_MAX,
  TensorMemory,
  type WorkerMessage,
} from "@tributary/protocol";
import type { CodedGradient, Computation, LeaseOutcome } from "./computation.ts";
import { WorkerError, type WorkerErrorCode } from "./errors.ts";
import { type HeldLease, HeldLeases } from "./held-leases.ts";
import type { SessionEvent } from "./session-event.ts";
import type { Clock } from "./transport.ts";

/** After these this connection computes nothing more. */
const ENDING_CODES: readonly WorkerErrorCode[] = ["THREAD_FAILED", "DEVICE_CHANGED"];

/** What a desk needs of its connection. */
export interface LeaseDeskOptions {
  readonly computation: Computation;
  readonly clock: Clock;
  /** Sends a frame; resolves when it has left and may be written again. */
  readonly send: (frame: Uint8Array) => Promise<void>;
  readonly isOpen: () => boolean;
  /** Codec of the run; asked for after `welcome` only. */
  readonly codec: () => string;
  readonly onEvent: (event: SessionEvent) => void;
}

/** Where a connection's leases lie, from `lease` until their contribution is sent or they go back. Holds no queue of work. */
export class LeaseDesk {
  readonly #options: LeaseDeskOptions;
  readonly #leases = new HeldLeases();
  readonly #frames = new TensorMemory((byteLength) => new Uint8Array(byteLength));
  #lastTransfer = 0;
  #isLeaving = false;
  // Uploads run one after the other, beside the computation.
  #uploads: Promise<void> = Promise.resolve();

  constructor(options: LeaseDeskOptions) {
    this.#options = options;
  }

  /** Whether a lease is computed, or its result is sent. */
  get isBusy(): boolean {
    return this.#leases.all().some(({ stage }) => stage === "computing" || stage === "sending");
  }

  /** Resolves when no upload is under way. */
  get uploads(): Promise<void> {
    return this.#uploads;
  }

  /** Takes a lease, to be computed when its turn comes. Null: it went back. */
  take(lease: LeaseMessage): HeldLease | null {
    const held = this.#isLeaving ? null : this.#leases.add(lease, this.#options.clock.now());
    if (held === null) this.#sendDecline(lease, this.#isLeaving ? "leaving" : "busy", "");
    return held;
  }

  /**
   * Computes a lease and announces the result, unless it is gone by then. An error gives the lease back.
   * @param step whose parameters are held
   * @throws WorkerError THREAD_FAILED, DEVICE_CHANGED: no other lease can be computed either
   */
  async compute(held: HeldLease, step: number | null): Promise<void> {
    if (!this.#leases.holds(held)) return;
    const { lease } = held;
    if (lease.step !== step) {
      this.#decline(held, "stale", `The parameters here are of step ${step ?? "none"}`);
      return;
    }
    const { computation, clock } = this.#options;
    held.stage = "computing";
    try {
      const waitedMs = clock.now() - held.receivedMs;
      const outcome = await computation.run(lease, lease.milliseconds - waitedMs);
      if (this.#leases.holds(held)) this.#announce(held, outcome);
    } catch (error) {
      if (this.#leases.holds(held)) this.#decline(held, declineReason(error), messageOf(error));
      if (error instanceof WorkerError && ENDING_CODES.includes(error.code)) throw error;
    }
  }

  /** Sends a result that waits. Credit for a lease that is gone is late, not wrong: a decline of ours crossed it. */
  onCredit(lease: number): void {
    const held = this.#leases.get(lease);
    const outcome = held?.outcome ?? null;
    const gradient = outcome?.gradient ?? null;
    if (held?.stage !== "waiting" || outcome === null || gradient === null) return;
    held.stage = "sending";
    this.#uploads = this.#uploads.then(() => this.#upload(held, outcome, gradient));
  }

  onCancel(lease: number, reason: string): void {
    const held = this.#leases.get(lease);
    if (held === undefined || held.stage === "sending") return;
    if (held.stage === "computing") this.#options.computation.stop();
    this.#decline(held, "cancelled", reason);
  }

  onRejected(message: RejectedMessage): void {
    const held = this.#leases.get(message.lease);
    if (held?.stage === "computing") this.#options.computation.stop();
    if (held !== undefined && held.stage !== "sending") this.#leases.remove(held);
    this.#options.onEvent({ type: "rejected", lease: message.lease, code: message.code, step: message.step });
  }

  /** Gives back all leases that are not being sent, and takes no more. Resolves when what is being sent has gone. */
  async leave(reason: string): Promise<void> {
    this.#isLeaving = true;
    for (const held of this.#leases.all()) {
      if (held.stage !== "sending") this.#decline(held, "leaving", reason);
    }
    this.#options.computation.stop();
    await this.#uploads;
  }

  /** The connection is gone, and with it every lease. */
  close(): void {
    for (const held of this.#leases.all()) this.#leases.remove(held);
    this.#options.computation.stop();
  }

  #announce(held: HeldLease, outcome: LeaseOutcome): void {
    const { lease, step, kind, start, end } = held.lease;
    const { microbatches, milliseconds, gradient, sums } = outcome;
    if (gradient === null) {
      this.#leases.remove(held);
      this.#say({ type: "evaluation", lease, step, microbatches, milliseconds, sums });
    } else {
      held.stage = "waiting";
      held.outcome = outcome;
      const byteLength = gradient.bytes.byteLength;
      this.#say({ type: "result", lease, step, microbatches, milliseconds, codec: this.#options.codec(), byteLength });
    }
    this.#options.onEvent({ type: "computed", lease, kind, step, microbatches, leased: end - start, milliseconds });
  }

  async #upload(held: HeldLease, outcome: LeaseOutcome, gradient: CodedGradient): Promise<void> {
    const { isOpen, send, codec, onEvent } = this.#options;
    const { lease, step } = held.lease;
    const { microbatches, sums } = outcome;
    const { bytes, elements, crc32 } = gradient;
    this.#lastTransfer += 1;
    const transfer = this.#lastTransfer;
    const tensor = { transfer, byteLength: bytes.byteLength, elements, codec: codec(), crc32 };
    await this.#say({ type: "contribution", lease, step, microbatches, tensor, sums });
    for (let offset = 0; offset < bytes.byteLength; offset += CHUNK_BYTES_MAX) {
      if (!isOpen()) return;
      const chunk = bytes.subarray(offset, offset + CHUNK_BYTES_MAX);
      const frame = this.#frames.take(FRAME_HEADER_BYTES + chunk.byteLength);
      encodeChunkFrameInto(transfer, offset, chunk, frame);
      await send(frame);
      this.#frames.giveBack(frame);
    }
    this.#options.computation.release(outcome);
    this.#leases.remove(held);
    if (isOpen()) onEvent({ type: "sent", lease, bytes: bytes.byteLength });
  }

  #decline(held: HeldLease, reason: DeclineReason, detail: string): void {
    this.#leases.remove(held);
    this.#sendDecline(held.lease, reason, detail);
  }

  #sendDecline({ lease, step }: LeaseMessage, reason: DeclineReason, detail: string): void {
    this.#say({ type: "decline", lease, step, reason, detail: detail.slice(0, SENTENCE_LENGTH_MAX) });
    this.#options.onEvent({ type: "declined", lease, reason, detail });
  }

  #say(message: WorkerMessage): Promise<void> {
    return this.#options.send(encodeMessage(message));
  }
}

function declineReason(error: unknown): DeclineReason {
  if (error instanceof WorkerError) {
    if (error.code === "BLOB_UNREACHABLE" || error.code === "BLOB_HASH") return "data";
    if (error.code === "STALE_STEP") return "stale";
    if (error.code === "LEASE_STOPPED") return "cancelled";
    if (error.code === "DEVICE_CHANGED") return "leaving";
  }
  return error instanceof Error && error.name === "DataError" ? "data" : "failed";
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
