import type { ControlMessage } from "@tributary/coordinator";
import {
  CLOSE_CODES,
  type ContributionMessage,
  closeCodeOf,
  decodeFrame,
  decodeWorkerMessage,
  encodeMessage,
  HELLO_WITHIN_MILLISECONDS,
  ProtocolError,
  Reassembly,
  type TensorMemory,
  type WorkerId,
  type WorkerMessage,
} from "@tributary/protocol";
import type { RawData, WebSocket } from "ws";
import { Connection } from "./connection.ts";
import { CHUNK_BURST_MAX, CHUNKS_PER_SECOND_MAX, MESSAGE_BURST_MAX, MESSAGES_PER_SECOND_MAX } from "./limits.ts";
import { TokenBucket } from "./token-bucket.ts";

/** A whole upload, its checksum not yet looked at. */
export interface ReceivedTransfer {
  readonly message: ContributionMessage;
  readonly bytes: Uint8Array;
}

/** What a socket tells the shell. Nothing of it throws back into the socket. */
export interface SocketHandlers {
  onMessage(socket: WorkerSocket, message: WorkerMessage): void;
  onTransfer(socket: WorkerSocket, transfer: ReceivedTransfer): void;
  onClose(socket: WorkerSocket): void;
  /** Bytes that broke the protocol: only this socket closes. */
  onViolation(socket: WorkerSocket, error: ProtocolError): void;
}

/** Bytes over all sockets. */
export interface Traffic {
  sent: number;
  received: number;
}

/** What a connection knows of itself. */
export interface WorkerLink {
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Of the last ping; null before the first answer. */
  readonly roundTripMilliseconds: number | null;
  /** When the worker last gave a sign of life, by `performance.now()`. */
  readonly heardMs: number;
}

/** One worker's connection: frames in and out, signs of life, limits. Only this socket suffers for what comes over it. */
export class WorkerSocket {
  readonly id: WorkerId;
  readonly address: string;
  readonly #connection: Connection;
  readonly #handlers: SocketHandlers;
  readonly #traffic: Traffic;
  readonly #memory: TensorMemory;
  readonly #bucket = new TokenBucket(MESSAGES_PER_SECOND_MAX, MESSAGE_BURST_MAX, performance.now());
  readonly #chunkBucket = new TokenBucket(CHUNKS_PER_SECOND_MAX, CHUNK_BURST_MAX, performance.now());
  // The checksum is taken on the compute thread, from the same shared memory.
  readonly #reassembly = new Reassembly({ crc32: null, allocate: (length) => this.#allocate(length) });
  readonly #contributions = new Map<number, ContributionMessage>();
  readonly #helloTimer: NodeJS.Timeout;
  #bytesIn = 0;
  #bytesOut = 0;
  #greeted = false;
  #discarding = false;

  /** @param waitingBytesMax bytes that may wait to be sent before the worker counts as one that does not read */
  constructor(
    id: WorkerId,
    socket: WebSocket,
    options: {
      readonly address: string;
      readonly handlers: SocketHandlers;
      readonly traffic: Traffic;
      readonly waitingBytesMax: number;
      /** Memory uploads are put together in; whoever hears of a whole one gives it back. */
      readonly memory: TensorMemory;
    },
  ) {
    this.id = id;
    this.address = options.address;
    this.#handlers = options.handlers;
    this.#traffic = options.traffic;
    this.#memory = options.memory;
    this.#connection = new Connection(socket, {
      other: "worker",
      waitingBytesMax: options.waitingBytesMax,
      onData: (data, isBinary) => this.#onData(data, isBinary),
      onClose: () => this.#onClosed(),
    });
    this.#helloTimer = setTimeout(() => this.#onSilent(), HELLO_WITHIN_MILLISECONDS);
  }

  /** Bytes allocated for uploads that are not complete. */
  get pendingBytes(): number {
    return this.#reassembly.pendingBytes;
  }

  /** What is known of the connection, for people. */
  get link(): WorkerLink {
    const { roundTripMilliseconds, heardMs } = this.#connection;
    return { bytesIn: this.#bytesIn, bytesOut: this.#bytesOut, roundTripMilliseconds, heardMs };
  }

  send(message: ControlMessage): void {
    this.sendFrame(encodeMessage(message));
  }

  /**
   * Sends a frame; several sockets may share it.
   * @param gone called once, when the frame may be written again: it is with the system, or will not be sent
   */
  sendFrame(frame: Uint8Array, gone?: () => void): void {
    if (!this.#connection.send(frame, gone)) return;
    this.#traffic.sent += frame.byteLength;
    this.#bytesOut += frame.byteLength;
  }

  /** Takes the chunks of a contribution in. @throws ProtocolError, to be given to {@link violate} */
  acceptTransfer(message: ContributionMessage): void {
    this.#contributions.set(message.tensor.transfer, message);
    const whole = this.#reassembly.begin(message.tensor, message.tensor.byteLength);
    if (whole !== null) this.#onWhole(whole.descriptor.transfer, whole.bytes);
  }

  /** Lets the chunks of a contribution pass by: nothing is allocated for them. */
  ignoreTransfer(message: ContributionMessage): void {
    this.#discarding = true;
    try {
      this.#reassembly.begin(message.tensor, message.tensor.byteLength);
      this.#reassembly.abandon(message.tensor.transfer);
    } finally {
      this.#discarding = false;
    }
  }

  /** Forgets an upload that has begun. */
  abandonTransfer(lease: number): void {
    for (const [transfer, message] of this.#contributions) {
      if (message.lease !== lease) continue;
      this.#contributions.delete(transfer);
      this.#reassembly.abandon(transfer);
    }
  }

  /** Closes the socket for what came over it. */
  violate(error: ProtocolError): void {
    this.#handlers.onViolation(this, error);
    this.close(closeCodeOf(error), error.code);
  }

  /** Closes once what was sent has gone; a worker that does not answer is cut off. */
  close(code: number, reason: string): void {
    this.#connection.close(code, reason);
  }

  #onData(data: RawData, isBinary: boolean): void {
    if (!isBinary || !Buffer.isBuffer(data)) {
      this.close(CLOSE_CODES.textFrame.code, "only binary frames are used");
      return;
    }
    this.#traffic.received += data.byteLength;
    this.#bytesIn += data.byteLength;
    try {
      const frame = decodeFrame(data);
      const bucket = frame.kind === "chunk" ? this.#chunkBucket : this.#bucket;
      if (!bucket.take(this.#connection.heardMs)) {
        this.close(CLOSE_CODES.policy.code, "too many messages");
      } else if (frame.kind === "chunk") {
        const whole = this.#reassembly.accept(frame);
        if (whole !== null) this.#onWhole(whole.descriptor.transfer, whole.bytes);
      } else {
        this.#onControl(frame.control);
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.violate(error);
    }
  }

  #onControl(control: Uint8Array): void {
    const message = decodeWorkerMessage(control);
    if (!this.#greeted && message.type !== "hello") {
      throw new ProtocolError("MESSAGE_UNEXPECTED", `A worker said ${message.type} before hello`);
    }
    // A first round trip is measured at once, not only with the next ping of the clock.
    if (!this.#greeted) this.#connection.ping();
    this.#greeted = true;
    clearTimeout(this.#helloTimer);
    this.#handlers.onMessage(this, message);
  }

  #onWhole(transfer: number, bytes: Uint8Array): void {
    const message = this.#contributions.get(transfer);
    this.#contributions.delete(transfer);
    if (message !== undefined) this.#handlers.onTransfer(this, { message, bytes });
  }

  #allocate(byteLength: number): Uint8Array {
    return this.#discarding ? new Uint8Array(0) : this.#memory.take(byteLength);
  }

  #onSilent(): void {
    this.close(CLOSE_CODES.policy.code, "no hello in time");
  }

  #onClosed(): void {
    clearTimeout(this.#helloTimer);
    this.#contributions.clear();
    this.#handlers.onClose(this);
  }
}
