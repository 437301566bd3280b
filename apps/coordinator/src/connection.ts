import { CLOSE_CODES } from "@tributary/protocol";
import type { RawData, WebSocket } from "ws";
import { CLOSE_MILLISECONDS_MAX, PING_MILLISECONDS, PINGS_MISSED_MAX } from "./limits.ts";

/** Characters of a reason for closing, all ASCII: a close frame has room for 123 bytes (RFC 6455, section 5.5). */
const REASON_LENGTH_MAX = 120;

/** What a connection tells and how much it bears. */
export interface ConnectionOptions {
  /** Who is at the other end, in the reason for closing: "worker", say. */
  readonly other: string;
  /** Bytes that may wait to be sent before the other end counts as one that does not read. */
  readonly waitingBytesMax: number;
  /** Only while the connection is open. */
  readonly onData: (data: RawData, isBinary: boolean) => void;
  /** Once, as soon as it is closed from either end. */
  readonly onClose: () => void;
}

/** A WebSocket that is alive or closed: it must give signs of life and read what it is sent, and is cut off when it does not close. */
export class Connection {
  readonly #socket: WebSocket;
  readonly #options: ConnectionOptions;
  readonly #pingTimer: NodeJS.Timeout;
  #heardMs = performance.now();
  #pingedMs: number | null = null;
  #roundTripMs: number | null = null;
  #pingsMissed = 0;
  #open = true;

  constructor(socket: WebSocket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.binaryType = "nodebuffer";
    socket.on("message", (data, isBinary) => this.#onData(data, isBinary));
    socket.on("pong", () => this.#onPong());
    socket.on("close", () => this.#onClosed());
    // ws closes the socket by itself after an error of its own (too large, bad UTF-8, ...), with the right code.
    socket.on("error", () => {});
    this.#pingTimer = setInterval(() => this.#askForLife(), PING_MILLISECONDS);
  }

  /** Bytes that were sent and not read. */
  get waitingBytes(): number {
    return this.#socket.bufferedAmount;
  }

  /** When the other end last gave a sign of life, by `performance.now()`. */
  get heardMs(): number {
    return this.#heardMs;
  }

  /** Of the last ping; null before the first answer. */
  get roundTripMilliseconds(): number | null {
    return this.#roundTripMs;
  }

  /**
   * Sends text, or bytes as a binary frame; closes instead if too much waits already.
   * @param gone called once, when the bytes may be written again: they are with the system, or will not be sent
   * @returns whether it is on its way
   */
  send(data: string | Uint8Array, gone: () => void = () => {}): boolean {
    const isOpen = this.#open && this.#socket.readyState === this.#socket.OPEN;
    if (isOpen && this.waitingBytes <= this.#options.waitingBytesMax) {
      this.#socket.send(data, () => gone());
      return true;
    }
    if (isOpen) this.close(CLOSE_CODES.busy.code, `the ${this.#options.other} reads too slowly`);
    gone();
    return false;
  }

  /** Measures a round trip at once. */
  ping(): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#pingedMs ??= performance.now();
    this.#socket.ping();
  }

  /** Closes once what was sent has gone; who does not answer is cut off. */
  close(code: number, reason: string): void {
    if (!this.#open) return;
    this.#socket.close(code, reason.slice(0, REASON_LENGTH_MAX));
    const cutOff = setTimeout(() => this.#socket.terminate(), CLOSE_MILLISECONDS_MAX).unref();
    this.#socket.once("close", () => clearTimeout(cutOff));
    this.#onClosed();
  }

  #onData(data: RawData, isBinary: boolean): void {
    if (!this.#open) return;
    this.#heardMs = performance.now();
    this.#options.onData(data, isBinary);
  }

  #askForLife(): void {
    if (this.#pingsMissed >= PINGS_MISSED_MAX) {
      this.#socket.terminate();
      return;
    }
    this.#pingsMissed += 1;
    this.ping();
  }

  #onPong(): void {
    this.#pingsMissed = 0;
    this.#heardMs = performance.now();
    if (this.#pingedMs !== null) this.#roundTripMs = this.#heardMs - this.#pingedMs;
    this.#pingedMs = null;
  }

  // Told at once, not when the closing handshake is over: a worker's leases must not wait for it.
  #onClosed(): void {
    if (!this.#open) return;
    this.#open = false;
    clearInterval(this.#pingTimer);
    this.#options.onClose();
  }
}
