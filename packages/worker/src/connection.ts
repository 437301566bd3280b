import {
  type ChunkFrame,
  CLOSE_CODES,
  type CoordinatorMessage,
  closeCodeOf,
  codecNamed,
  decodeCoordinatorMessage,
  decodeFrame,
  encodeMessage,
  type ParametersMessage,
  ProtocolError,
  Reassembly,
  type RefusedMessage,
  SENTENCE_LENGTH_MAX,
  type WelcomeMessage,
} from "@tributary/protocol";
import { WorkerError } from "./errors.ts";
import { LeaseDesk } from "./lease-desk.ts";
import type { SessionOptions } from "./session-options.ts";
import { SilenceWatch } from "./silence-watch.ts";
import type { Transport, TransportHandlers } from "./transport.ts";

/** How a connection ended, as the session sees it. */
export interface ConnectionEnd {
  /** Close code of the socket. */
  readonly code: number;
  readonly reason: string;
  readonly refused: RefusedMessage | null;
  /** The reason the coordinator gave for the end of the run. */
  readonly finished: string | null;
  /** Why this worker can do nothing for the run. */
  readonly failure: Error | null;
}

/** What a connection needs of its session. */
export interface ConnectionOptions
  extends Pick<SessionOptions, "computation" | "clock" | "crc32" | "hello" | "isThere" | "onEvent"> {
  /** Id of the session before, if any. */
  readonly resume: string | null;
  readonly onWelcome: (welcome: WelcomeMessage) => void;
  /** Makes the computation ready for this run, unless it is. */
  readonly prepare: (welcome: WelcomeMessage) => Promise<void>;
}

/**
 * One connection's life, from hello to close: what PROTOCOL.md draws for the worker. Messages are handled as they come;
 * what takes time (preparing, setting parameters, computing) runs one after the other behind them, uploads beside it.
 */
export class Connection implements TransportHandlers {
  readonly #options: ConnectionOptions;
  readonly #desk: LeaseDesk;
  readonly #reassembly: Reassembly;
  readonly #silence: SilenceWatch;
  readonly #closed = Promise.withResolvers<ConnectionEnd>();
  #transport: Transport | null = null;
  #welcome: WelcomeMessage | null = null;
  /** Parameters whose chunks are coming in. */
  #inbound: ParametersMessage | null = null;
  /** Step whose parameters the computation holds, or was given and will hold before anything else happens. */
  #step: number | null = null;
  #isOpen = true;
  #isLeaving = false;
  #refused: RefusedMessage | null = null;
  #finished: string | null = null;
  #failure: Error | null = null;
  /** End of the queue of what takes time. */
  #work: Promise<void> = Promise.resolve();
  /** Resolves when the parameters that came last are held, or could not be. */
  #held: Promise<void> = Promise.resolve();

  constructor(options: ConnectionOptions) {
    const { computation, clock, crc32, onEvent, isThere } = options;
    this.#options = options;
    this.#reassembly = new Reassembly({ crc32, allocate: (byteLength) => computation.allocate(byteLength) });
    this.#desk = new LeaseDesk({
      computation,
      clock,
      send: (frame) => this.#send(frame),
      isOpen: () => this.#isOpen,
      codec: () => this.#welcomed().codec,
      onEvent,
    });
    this.#silence = new SilenceWatch({
      clock,
      isThere,
      isBusy: () => this.#desk.isBusy,
      onLost: () => this.#transport?.close(CLOSE_CODES.abnormal.code, "no sign of life"),
    });
  }

  /** Says hello on an open transport. @returns when the connection is closed and nothing of it computes any more */
  async serve(transport: Transport): Promise<ConnectionEnd> {
    this.#transport = transport;
    const { hello, resume } = this.#options;
    void this.#send(encodeMessage({ type: "hello", ...hello, resume }));
    const end = await this.#closed.promise;
    await this.#work;
    await this.#held;
    await this.#desk.uploads;
    return end;
  }

  /** Gives back what is not being sent, finishes what is, says goodbye and closes. */
  async leave(reason: string): Promise<void> {
    if (!this.#isOpen || this.#isLeaving) return;
    this.#isLeaving = true;
    await this.#desk.leave(reason);
    this.#goodbye(reason, CLOSE_CODES.normal.code);
  }

  /** Takes the connection for broken if it is silent for too long: see {@link SilenceWatch.doubt}. */
  doubt(): void {
    this.#silence.doubt();
  }

  onPing(): void {
    this.#silence.heard();
  }

  onMessage(frame: Uint8Array): void {
    if (!this.#isOpen) return;
    this.onPing();
    try {
      const decoded = decodeFrame(frame);
      if (decoded.kind === "chunk") this.#onChunk(decoded);
      else this.#onControl(decodeCoordinatorMessage(decoded.control));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#transport?.close(closeCodeOf(error), error.code);
    }
  }

  onClose(code: number, reason: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#silence.end();
    this.#desk.close();
    this.#closed.resolve({
      code,
      reason,
      refused: this.#refused,
      finished: this.#finished,
      failure: this.#failure,
    });
  }

  #onControl(message: CoordinatorMessage): void {
    if (this.#welcome === null && message.type !== "welcome" && message.type !== "refused") {
      throw new ProtocolError("MESSAGE_UNEXPECTED", `A coordinator said ${message.type} before welcome`);
    }
    switch (message.type) {
      case "welcome":
        this.#onWelcome(message);
        break;
      case "parameters":
        this.#onParameters(message);
        break;
      case "lease": {
        const held = this.#desk.take(message);
        if (held !== null) this.#enqueue(() => this.#desk.compute(held, this.#step));
        break;
      }
      case "credit":
        this.#desk.onCredit(message.lease);
        break;
      case "cancel":
        this.#desk.onCancel(message.lease, message.reason);
        break;
      case "rejected":
        this.#desk.onRejected(message);
        break;
      case "finish":
        this.#finished = message.reason;
        this.#transport?.close(CLOSE_CODES.normal.code, "finished");
        break;
      case "refused":
        this.#refused = message;
        this.#transport?.close(CLOSE_CODES.normal.code, "refused");
        break;
      default:
        message satisfies never;
    }
  }

  #onWelcome(welcome: WelcomeMessage): void {
    if (this.#welcome !== null) throw new ProtocolError("MESSAGE_UNEXPECTED", "A coordinator said welcome twice");
    const { hello, onWelcome, prepare, onEvent } = this.#options;
    if (!hello.codecs.includes(welcome.codec)) {
      throw new ProtocolError(
        "CODEC_UNKNOWN",
        `The coordinator chose the codec ${welcome.codec}, which was not offered`,
      );
    }
    this.#welcome = welcome;
    onWelcome(welcome);
    onEvent({ type: "joined", worker: welcome.worker, run: welcome.run, step: welcome.step });
    this.#silence.begin(welcome.heartbeat.lostAfterMilliseconds, this.#transport?.seesPings === true);
    this.#enqueue(() => prepare(welcome));
  }

  #onParameters(message: ParametersMessage): void {
    const { parameterLength, bufferLength } = this.#welcomed().layout;
    const { codec, elements } = message.tensor;
    const expected = parameterLength + bufferLength;
    if (elements !== expected) {
      throw new ProtocolError(
        "TRANSFER_SIZE",
        `Parameters of ${elements} elements were announced, but the layout has ${expected}`,
      );
    }
    if (this.#inbound !== null) this.#reassembly.abandon(this.#inbound.tensor.transfer);
    this.#inbound = message;
    const completed = this.#reassembly.begin(message.tensor, codecNamed(codec).encodedByteLength(elements));
    if (completed !== null) this.#onParametersComplete(message, completed.bytes);
  }

  #onChunk(chunk: ChunkFrame): void {
    const completed = this.#reassembly.accept(chunk);
    if (completed !== null && this.#inbound !== null) this.#onParametersComplete(this.#inbound, completed.bytes);
  }

  #onParametersComplete(message: ParametersMessage, bytes: Uint8Array): void {
    this.#inbound = null;
    this.#enqueue(async () => {
      await this.#held;
      this.#step = message.step;
      // Not waited for: a lease that came behind the parameters is computed right after them.
      this.#held = this.#hold(message, bytes);
    });
  }

  async #hold({ step, tensor }: ParametersMessage, bytes: Uint8Array): Promise<void> {
    try {
      await this.#options.computation.setParameters(step, tensor.codec, bytes);
    } catch (error) {
      this.#onTaskFailed(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    void this.#send(encodeMessage({ type: "ready", step }));
    this.#options.onEvent({ type: "ready", step });
  }

  /** Appends to the queue of what takes time. */
  #enqueue(task: () => Promise<void>): void {
    this.#work = this.#work.then(async () => {
      if (!this.#isOpen || this.#failure !== null) return;
      try {
        await task();
      } catch (error) {
        this.#onTaskFailed(error instanceof Error ? error : new Error(String(error)));
      }
    });
  }

  // What could not be fetched may be there later, and a changed device joins as what it is now; anything else makes this
  // worker useless for the run.
  #onTaskFailed(error: Error): void {
    const mayRetry =
      error instanceof WorkerError && (error.code === "BLOB_UNREACHABLE" || error.code === "DEVICE_CHANGED");
    if (!mayRetry) this.#failure = error;
    this.#goodbye(error.message, CLOSE_CODES.goingAway.code);
  }

  #goodbye(reason: string, code: number): void {
    void this.#send(encodeMessage({ type: "leave", reason: reason.slice(0, SENTENCE_LENGTH_MAX) }));
    this.#transport?.close(code, "left");
  }

  #welcomed(): WelcomeMessage {
    if (this.#welcome === null) throw new ProtocolError("MESSAGE_UNEXPECTED", "There was no welcome yet");
    return this.#welcome;
  }

  #send(frame: Uint8Array): Promise<void> {
    if (!this.#isOpen || this.#transport === null) return Promise.resolve();
    return this.#transport.send(frame);
  }
}
