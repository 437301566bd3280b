import { performance } from "node:perf_hooks";
import {
  CLOSE_CODES,
  closeCodeOf,
  decodeWatchRequest,
  ProtocolError,
  WATCH_REQUEST_BURST_MAX,
  WATCH_REQUESTS_PER_SECOND_MAX,
  WATCH_WAITING_BYTES_MAX,
  type WatchMessage,
  type WatchRequest,
  type WatchRole,
} from "@tributary/protocol";
import type { RawData, WebSocket } from "ws";
import { CLOSE_MILLISECONDS_MAX, PING_MILLISECONDS, PINGS_MISSED_MAX, WATCHER_WAITING_BYTES_MAX } from "../limits.ts";
import { TokenBucket } from "../token-bucket.ts";

/** What a watcher's connection tells. Nothing of it throws back. */
export interface WatcherHandlers {
  onRequest(watcher: Watcher, request: WatchRequest): void;
  onClose(watcher: Watcher): void;
}

/** One watcher's connection: text messages in and out, limits. Only this socket suffers for what comes over it. */
export class Watcher {
  readonly id: number;
  readonly role: WatchRole;
  readonly #socket: WebSocket;
  readonly #handlers: WatcherHandlers;
  readonly #bucket = new TokenBucket(WATCH_REQUESTS_PER_SECOND_MAX, WATCH_REQUEST_BURST_MAX, performance.now());
  readonly #pingTimer: NodeJS.Timeout;
  #pingsMissed = 0;
  #open = true;

  constructor(id: number, socket: WebSocket, role: WatchRole, handlers: WatcherHandlers) {
    this.id = id;
    this.role = role;
    this.#socket = socket;
    this.#handlers = handlers;
    socket.on("message", (data, isBinary) => this.#onData(data, isBinary));
    socket.on("pong", () => {
      this.#pingsMissed = 0;
    });
    socket.on("close", () => this.#onClosed());
    // ws closes the socket by itself after an error of its own (too large, bad UTF-8, ...), with the right code.
    socket.on("error", () => {});
    this.#pingTimer = setInterval(() => this.#ping(), PING_MILLISECONDS);
  }

  /** Whether it has read what was sent before, or nearly: to one that has not, no update is sent. */
  get keepsUp(): boolean {
    return this.#socket.bufferedAmount <= WATCH_WAITING_BYTES_MAX;
  }

  send(message: WatchMessage): void {
    this.sendText(JSON.stringify(message));
  }

  /** Sends a message that is text already; several watchers may share it. */
  sendText(text: string): void {
    if (!this.#open || this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > WATCHER_WAITING_BYTES_MAX) {
      this.close(CLOSE_CODES.busy.code, "the watcher reads too slowly");
      return;
    }
    this.#socket.send(text);
  }

  /** Closes once what was sent has gone. */
  close(code: number, reason: string): void {
    if (!this.#open) return;
    this.#socket.close(code, reason.slice(0, 120));
    const cutOff = setTimeout(() => this.#socket.terminate(), CLOSE_MILLISECONDS_MAX).unref();
    this.#socket.once("close", () => clearTimeout(cutOff));
    this.#onClosed();
  }

  #onData(data: RawData, isBinary: boolean): void {
    if (!this.#open) return;
    if (isBinary || !Buffer.isBuffer(data)) {
      this.close(CLOSE_CODES.textFrame.code, "watchers send text");
      return;
    }
    if (!this.#bucket.take(performance.now())) {
      this.close(CLOSE_CODES.policy.code, "too many messages");
      return;
    }
    try {
      this.#handlers.onRequest(this, decodeWatchRequest(data.toString("utf8")));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.close(closeCodeOf(error), error.code);
    }
  }

  #ping(): void {
    if (this.#pingsMissed >= PINGS_MISSED_MAX) {
      this.#socket.terminate();
      return;
    }
    this.#pingsMissed += 1;
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping();
  }

  #onClosed(): void {
    if (!this.#open) return;
    this.#open = false;
    clearInterval(this.#pingTimer);
    this.#handlers.onClose(this);
  }
}
