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
import { Connection } from "../connection.ts";
import { WATCHER_WAITING_BYTES_MAX } from "../limits.ts";
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
  readonly #connection: Connection;
  readonly #handlers: WatcherHandlers;
  readonly #bucket = new TokenBucket(WATCH_REQUESTS_PER_SECOND_MAX, WATCH_REQUEST_BURST_MAX, performance.now());

  constructor(id: number, socket: WebSocket, role: WatchRole, handlers: WatcherHandlers) {
    this.id = id;
    this.role = role;
    this.#handlers = handlers;
    this.#connection = new Connection(socket, {
      other: "watcher",
      waitingBytesMax: WATCHER_WAITING_BYTES_MAX,
      onData: (data, isBinary) => this.#onData(data, isBinary),
      onClose: () => handlers.onClose(this),
    });
  }

  /** Whether it has read what was sent before, or nearly: to one that has not, no update is sent. */
  get keepsUp(): boolean {
    return this.#connection.waitingBytes <= WATCH_WAITING_BYTES_MAX;
  }

  send(message: WatchMessage): void {
    this.sendText(JSON.stringify(message));
  }

  /** Sends a message that is text already; several watchers may share it. */
  sendText(text: string): void {
    this.#connection.send(text);
  }

  /** Closes once what was sent has gone. */
  close(code: number, reason: string): void {
    this.#connection.close(code, reason);
  }

  #onData(data: RawData, isBinary: boolean): void {
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
}
