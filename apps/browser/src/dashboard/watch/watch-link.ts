import {
  parseWatchMessage,
  WATCH_SUBPROTOCOL,
  type WatchActivations,
  type WatchFailed,
  type WatchMessage,
  type WatchRequest,
  type WatchSnapshot,
  type WatchUpdate,
} from "@tributary/protocol";
import { Backoff } from "@tributary/worker";
import type { LinkState } from "../state/dashboard-state.ts";

/** Requests that may wait for an answer at a time. */
const REQUESTS_WAITING_MAX = 32;

/** HTTP's status for a token that is missing or wrong. */
const UNAUTHORIZED = 401;

const UNKNOWN_TOKEN =
  "The coordinator does not know the token of this link: it may be of an earlier start. Open the link that it printed when it started.";

const MISSING_TOKEN =
  "Watching this run takes a token. Open the whole link that the coordinator printed when it started, with what stands behind the #; or the link for joining, whose page leads here.";

/** Close codes after which another attempt is of no use, in words. */
const FINAL_CODES: Readonly<Record<number, string>> = { 4001: UNKNOWN_TOKEN };

/** The part of a WebSocket that is needed. */
export interface WatchSocket {
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: ((event: { readonly code: number }) => void) | null;
  send(text: string): void;
  close(code: number, reason: string): void;
}

/** What a link needs of its surroundings. */
export interface WatchLinkOptions {
  /** Opens a socket to the coordinator with these subprotocols. */
  readonly open: (subprotocols: string[]) => WatchSocket;
  readonly token: string | null;
  /** HTTP status of a request with the token where watchers connect, null when nobody answers: a browser does not say why a socket was refused. */
  readonly askStatus: () => Promise<number | null>;
  /** Calls back once after so many milliseconds. */
  readonly later: (callback: () => void, milliseconds: number) => void;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly onLink: (link: LinkState) => void;
  readonly onNews: (message: WatchSnapshot | WatchUpdate) => void;
  /** A set of activations of a followed sample. */
  readonly onActivations: (message: WatchActivations) => void;
}

type WithoutNumber<Request> = Request extends WatchRequest ? Omit<Request, "request"> : never;

/** A request; the link gives it its number. */
export type WatchQuestion = WithoutNumber<WatchRequest>;

/** What answers a question. */
export type WatchAnswer = Exclude<WatchMessage, WatchSnapshot | WatchUpdate>;

/**
 * The one WebSocket of the page. It connects again after a random, growing time, and says how it stands. Questions that
 * are open when the connection breaks are answered with `failed`.
 */
export class WatchLink {
  readonly #options: WatchLinkOptions;
  readonly #backoff: Backoff;
  readonly #waiting = new Map<number, (answer: WatchAnswer) => void>();
  #socket: WatchSocket | null = null;
  #open = false;
  #everOpen = false;
  #attempts = 0;
  #lastRequest = 0;
  #followed = 0;
  #retry = 0;

  constructor(options: WatchLinkOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.random);
  }

  /** Connects now, whatever it is waiting for. Does nothing while there is a connection. */
  connect(): void {
    if (this.#socket !== null) return;
    this.#retry += 1;
    const { token, open, onLink } = this.#options;
    if (!this.#everOpen && this.#attempts === 0) onLink({ state: "connecting" });
    const socket = open(token === null ? [WATCH_SUBPROTOCOL] : [WATCH_SUBPROTOCOL, `t.${token}`]);
    this.#socket = socket;
    socket.onopen = () => {
      this.#open = true;
      this.#everOpen = true;
      this.#attempts = 0;
      onLink({ state: "open" });
    };
    socket.onmessage = ({ data }) => this.#onMessage(socket, data);
    socket.onclose = ({ code }) => this.#onClose(socket, code);
  }

  /** Asks the coordinator. The promise is always kept: with `failed` where there is no connection. */
  ask(question: WatchQuestion): Promise<WatchAnswer> {
    this.#lastRequest += 1;
    const request = this.#lastRequest;
    if (question.type === "follow") this.#followed = request;
    const socket = this.#socket;
    if (socket === null || !this.#open)
      return Promise.resolve(failure(request, "There is no connection at the moment"));
    if (this.#waiting.size >= REQUESTS_WAITING_MAX) {
      return Promise.resolve(failure(request, "Too many questions are open: try again in a moment"));
    }
    return new Promise((resolve) => {
      this.#waiting.set(request, resolve);
      socket.send(JSON.stringify({ ...question, request }));
    });
  }

  #onMessage(socket: WatchSocket, data: unknown): void {
    if (socket !== this.#socket) return;
    let message: WatchMessage;
    try {
      message = parseWatchMessage(typeof data === "string" ? data : "");
    } catch (error) {
      this.#end(error instanceof Error ? error.message : String(error));
      return;
    }
    if (message.type === "snapshot" || message.type === "update") {
      // Only a coordinator that speaks counts as reached: one that closes each socket at once is not asked faster and faster.
      this.#backoff.reset();
      this.#options.onNews(message);
      return;
    }
    if (message.type === "activations" && message.request === this.#followed) this.#options.onActivations(message);
    const resolve = this.#waiting.get(message.request);
    this.#waiting.delete(message.request);
    resolve?.(message);
  }

  #onClose(socket: WatchSocket, code: number): void {
    if (socket !== this.#socket) return;
    const wasRefused = !this.#open;
    this.#socket = null;
    this.#open = false;
    for (const [request, resolve] of this.#waiting) resolve(failure(request, "The connection was lost"));
    this.#waiting.clear();
    const reason = FINAL_CODES[code];
    if (reason !== undefined) {
      this.#options.onLink({ state: "ended", reason });
      return;
    }
    this.#attempts += 1;
    const retryMilliseconds = this.#backoff.next();
    this.#options.onLink({ state: "lost", attempts: this.#attempts, retryMilliseconds, everOpen: this.#everOpen });
    const retry = this.#retry;
    this.#options.later(() => {
      if (retry === this.#retry) this.connect();
    }, retryMilliseconds);
    if (wasRefused) void this.#askWhy();
  }

  /** Whoever has no token, or a wrong one, is told so, and does not try it again. */
  async #askWhy(): Promise<void> {
    const { askStatus, token, onLink } = this.#options;
    const status = await askStatus();
    if (status !== UNAUTHORIZED || this.#open) return;
    this.#retry += 1;
    this.#socket?.close(1000, "refused");
    this.#socket = null;
    onLink({ state: "ended", reason: token === null ? MISSING_TOKEN : UNKNOWN_TOKEN });
  }

  #end(reason: string): void {
    const socket = this.#socket;
    this.#socket = null;
    this.#open = false;
    for (const [request, resolve] of this.#waiting) resolve(failure(request, reason));
    this.#waiting.clear();
    socket?.close(1000, "not understood");
    this.#options.onLink({ state: "ended", reason });
  }
}

function failure(request: number, message: string): WatchFailed {
  return { type: "failed", request, code: "FAILED", message };
}
