import { CLOSE_CODES, HELLO_WITHIN_MILLISECONDS, SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX } from "@tributary/protocol";
import { type Clock, type Connect, type Transport, type TransportHandlers, WorkerError } from "@tributary/worker";

/** Milliseconds after which a socket whose other side does not answer the close is given up. */
const CLOSE_MILLISECONDS = 2_000;

/** Milliseconds a connection may take to open. */
const OPEN_MILLISECONDS = 2 * HELLO_WITHIN_MILLISECONDS;

/** Bytes that may wait in the browser before the next frame is held back. */
const WAITING_BYTES_MAX = 4 * 1024 * 1024;

/** Milliseconds between two looks at how much still waits; the browser has no event for that. */
const WAITING_LOOK_MILLISECONDS = 20;

/** A browser lets a page close a socket with 1000 and 3000 to 4999 alone: another code is sent as itself and this much more. */
const OWN_CODE_OFFSET = 2_000;

/** HTTP statuses with which a server says no for good. */
const REFUSING_STATUSES: ReadonlySet<number> = new Set([400, 401, 403, 421]);

/** The part of the browser's WebSocket that is used. */
export interface BrowserSocket {
  binaryType: string;
  readonly bufferedAmount: number;
  addEventListener(type: "open", listener: () => void): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: "close", listener: (event: { readonly code: number; readonly reason: string }) => void): void;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
}

/** What a connector needs. */
export interface SocketConnectorOptions {
  readonly socketUrl: string;
  readonly token: string | null;
  readonly clock: Clock;
  readonly createSocket: (url: string, subprotocols: string[]) => BrowserSocket;
  /**
   * HTTP status of a request that brings the token along, null when nobody answers: a browser does not say why a socket
   * could not be opened.
   */
  readonly askStatus: () => Promise<number | null>;
}

/** Opens WebSockets to a coordinator, one at a time, with the means of a browser. */
export class SocketConnector {
  readonly #options: SocketConnectorOptions;
  #break: (() => void) | null = null;

  constructor(options: SocketConnectorOptions) {
    this.#options = options;
  }

  /** For the session. */
  readonly connect: Connect = async (handlers) => {
    const { socketUrl, token, createSocket, clock } = this.#options;
    const subprotocols = token === null ? [SUBPROTOCOL] : [SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX + token];
    let socket: BrowserSocket;
    try {
      socket = createSocket(socketUrl, subprotocols);
    } catch (cause) {
      // A bracket or a quotation mark that came along when the link was copied is nothing that a subprotocol may hold.
      const message = "The token in the link has characters that no token has: check the link";
      throw new WorkerError("CONNECT_REFUSED", message, { cause });
    }
    socket.binaryType = "arraybuffer";
    if (!(await hasOpened(socket, clock))) throw await this.#whyNot();
    const transport = new SocketTransport(socket, handlers, clock);
    this.#break = () => transport.close(CLOSE_CODES.abnormal.code, "the network is gone");
    return transport;
  };

  /** Takes the open connection, if there is one, for broken. */
  break(): void {
    this.#break?.();
  }

  async #whyNot(): Promise<WorkerError> {
    const { socketUrl, askStatus } = this.#options;
    const status = await askStatus();
    if (status !== null && REFUSING_STATUSES.has(status)) {
      return new WorkerError(
        "CONNECT_REFUSED",
        `${socketUrl} answered with HTTP ${status}: check the token in the link`,
      );
    }
    const why =
      status === null
        ? "nobody answers: check the address, and that the coordinator is running"
        : "the coordinator is there but takes no more connections, or this page is of another version: load it again";
    return new WorkerError("CONNECT_FAILED", `Cannot connect to ${socketUrl} (${why})`);
  }
}

function hasOpened(socket: BrowserSocket, clock: Clock): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const cancel = clock.after(OPEN_MILLISECONDS, () => {
    resolve(false);
    socket.close();
  });
  socket.addEventListener("open", () => resolve(true));
  socket.addEventListener("close", () => resolve(false));
  promise.finally(cancel);
  return promise;
}

/** An open socket. Frames that come before its owner has it are handed over as they come: handlers are there already. */
class SocketTransport implements Transport {
  // Browsers answer pings without telling the page.
  readonly seesPings = false;
  readonly #socket: BrowserSocket;
  readonly #handlers: TransportHandlers;
  readonly #clock: Clock;
  /** How this side closed; what a browser reports then is another code. */
  #closing: { readonly code: number; readonly reason: string } | null = null;
  #isOver = false;

  constructor(socket: BrowserSocket, handlers: TransportHandlers, clock: Clock) {
    this.#socket = socket;
    this.#handlers = handlers;
    this.#clock = clock;
    socket.addEventListener("message", ({ data }) => {
      if (this.#isOver) return;
      if (data instanceof ArrayBuffer) handlers.onMessage(new Uint8Array(data));
      else this.close(CLOSE_CODES.textFrame.code, "text");
    });
    socket.addEventListener("close", ({ code, reason }) =>
      this.#end(this.#closing?.code ?? code, this.#closing?.reason ?? reason),
    );
  }

  async send(frame: Uint8Array): Promise<void> {
    if (this.#isOver || this.#closing !== null) return;
    // The browser copies at once: the frame may be written again.
    this.#socket.send(asBytes(frame));
    while (!this.#isOver && this.#socket.bufferedAmount > WAITING_BYTES_MAX) {
      await new Promise<void>((resolve) => this.#clock.after(WAITING_LOOK_MILLISECONDS, resolve));
    }
  }

  close(code: number, reason: string): void {
    if (this.#isOver || this.#closing !== null) return;
    this.#closing = { code, reason };
    this.#socket.close(code === CLOSE_CODES.normal.code || code >= 3_000 ? code : code + OWN_CODE_OFFSET, reason);
    // 1006 stands for a connection that broke: nobody is waited for.
    if (code === CLOSE_CODES.abnormal.code) this.#end(code, reason);
    else this.#clock.after(CLOSE_MILLISECONDS, () => this.#end(code, reason));
  }

  #end(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#handlers.onClose(code, reason);
  }
}

/** The same bytes; a browser takes none of shared memory. */
function asBytes(frame: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = frame;
  return buffer instanceof ArrayBuffer ? new Uint8Array(buffer, byteOffset, byteLength) : Uint8Array.from(frame);
}
