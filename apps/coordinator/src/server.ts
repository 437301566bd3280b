import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { performance } from "node:perf_hooks";
import type { Duplex } from "node:stream";
import {
  FRAME_BYTES_MAX,
  SOCKET_PATH,
  SUBPROTOCOL,
  WATCH_PATH,
  WATCH_REQUEST_BYTES_MAX,
  WATCH_SUBPROTOCOL,
  type WatchRole,
} from "@tributary/protocol";
import { type WebSocket, WebSocketServer } from "ws";
import { type AccessRules, offeredSubprotocols, tokenAmong } from "./access.ts";
import { CoordinatorAppError } from "./errors.ts";
import {
  BUFFERED_CHUNKS_MAX,
  CONNECTION_CHECK_MILLISECONDS,
  CONNECTIONS_MAX,
  FRAGMENTS_MAX,
  HEADER_BYTES_MAX,
  HEADERS_TIMEOUT_MILLISECONDS,
  IDLE_MILLISECONDS_MAX,
  REQUEST_TIMEOUT_MILLISECONDS,
  REQUESTS_PER_SOCKET_MAX,
  SOCKETS_PER_ADDRESS_MAX,
} from "./limits.ts";
import { replyText, type ServedContent, serveContent } from "./routes.ts";
import { WrongTokens } from "./wrong-tokens.ts";

/** What a server shows to prove who it is. */
export interface TlsIdentity {
  /** Private key, PEM. */
  readonly key: string;
  /** Certificate, and behind it those up to its authority's, PEM. */
  readonly cert: string;
}

/** What the HTTP and WebSocket server needs. */
export interface ServerOptions {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  /** Given: HTTPS and wss, TLS 1.2 or newer, and nothing else on this port. */
  readonly tls?: TlsIdentity;
  readonly access: AccessRules;
  /** Milliseconds after which an HTTP connection over which nothing moves is cut off. Default IDLE_MILLISECONDS_MAX. */
  readonly idleMilliseconds?: number;
  readonly content: ServedContent;
  readonly onSocket: (socket: WebSocket, address: string) => void;
  readonly onWatcher: (socket: WebSocket, role: WatchRole) => void;
  /** Hears, once a minute at most, that many wrong tokens come from one address. */
  readonly onWrongTokens?: () => void;
}

/** A server that listens. */
export interface RunningServer {
  readonly port: number;
  /** Stops listening and cuts what is still open. */
  close(): Promise<void>;
}

/** Listens for workers and requests. @throws CoordinatorAppError CANNOT_BIND */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const wrongTokens = createWrongTokens(options);
  const server = createListener(options, wrongTokens);
  server.maxConnections = CONNECTIONS_MAX;
  server.maxRequestsPerSocket = REQUESTS_PER_SOCKET_MAX;
  // Ends with the upgrade to a WebSocket: those have pings.
  server.timeout = options.idleMilliseconds ?? IDLE_MILLISECONDS_MAX;
  const workers = socketServer(SUBPROTOCOL, FRAME_BYTES_MAX);
  const watchers = socketServer(WATCH_SUBPROTOCOL, WATCH_REQUEST_BYTES_MAX);
  const perAddress = new Map<string, number>();
  server.on("upgrade", (request, stream, head) => {
    // A reset of the stream during the handshake is the stranger's affair.
    stream.on("error", () => stream.destroy());
    const admission = admit(options.access, request, perAddress);
    const address = addressOf(request);
    if (admission.to === "nobody") {
      const answer = () => refuse(stream, admission.status);
      if (admission.wrongToken) wrongTokens.refuse(address, { answer, cut: () => stream.destroy() });
      else answer();
      return;
    }
    perAddress.set(address, (perAddress.get(address) ?? 0) + 1);
    stream.once("close", () => release(perAddress, address));
    const sockets = admission.to === "workers" ? workers : watchers;
    sockets.handleUpgrade(request, stream, head, (socket) => {
      // ws closes by itself after an error of its own; without a listener the error would end this process.
      socket.on("error", () => {});
      if (admission.to === "workers") options.onSocket(socket, address);
      else options.onWatcher(socket, admission.role);
    });
  });
  server.on("clientError", (_error: Error, stream: Duplex) => stream.destroy());
  const port = await listen(server, options);
  const close = () => {
    wrongTokens.dispose();
    return closeServer(server, [workers, watchers]);
  };
  return { port, close };
}

/** Refuses a WebSocket. */
function refuse(stream: Duplex, status: string): void {
  // HTTP's time limits ended with the upgrade: whoever keeps its half open would keep the connection.
  stream.once("finish", () => stream.destroy());
  stream.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function createWrongTokens({ onWrongTokens = () => {} }: ServerOptions): WrongTokens {
  const after = (milliseconds: number, callback: () => void) => {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  };
  return new WrongTokens({ now: () => performance.now(), after, onMany: onWrongTokens });
}

function createListener(options: ServerOptions, wrongTokens: WrongTokens): Server {
  const limits = {
    headersTimeout: HEADERS_TIMEOUT_MILLISECONDS,
    requestTimeout: REQUEST_TIMEOUT_MILLISECONDS,
    connectionsCheckingInterval: CONNECTION_CHECK_MILLISECONDS,
    maxHeaderSize: HEADER_BYTES_MAX,
  };
  const answer = (request: IncomingMessage, response: ServerResponse) =>
    onRequest(options, wrongTokens, request, response);
  if (options.tls === undefined) return createServer(limits, answer);
  const secure = { ...options.tls, minVersion: "TLSv1.2", handshakeTimeout: HEADERS_TIMEOUT_MILLISECONDS } as const;
  return createTlsServer({ ...limits, ...secure }, answer);
}

function socketServer(subprotocol: string, maxPayload: number): WebSocketServer {
  const limits = { perMessageDeflate: false, maxPayload, ...WS_LIMITS };
  return new WebSocketServer({ noServer: true, clientTracking: true, handleProtocols: () => subprotocol, ...limits });
}

// Not in the types of ws 8.18 yet; ws 8.23 takes them.
const WS_LIMITS: object = { maxFragments: FRAGMENTS_MAX, maxBufferedChunks: BUFFERED_CHUNKS_MAX };

function onRequest(
  { access, content }: ServerOptions,
  wrongTokens: WrongTokens,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (!access.hostAllowed(request)) {
    replyText(request, response, 421, "This server has another name");
  } else if (!access.originAllowed(request)) {
    replyText(request, response, 403, "This page may not ask here");
  } else {
    const isForWatchers = pathOf(request) === WATCH_PATH;
    const isTrusted = isForWatchers ? access.mayWatch(request) : access.bearerAllowed(request);
    const answer = () => {
      if (!isForWatchers) serveContent(content, isTrusted, request, response);
      else if (isTrusted) replyText(request, response, 426, "This is for WebSockets");
      else replyText(request, response, 401, "The token is missing or wrong");
    };
    const isWrong = !isTrusted && request.headers.authorization !== undefined;
    if (isWrong) wrongTokens.refuse(addressOf(request), { answer, cut: () => request.socket.destroy() });
    else answer();
  }
}

function pathOf(request: IncomingMessage): string | undefined {
  return (request.url ?? "").split("?", 1)[0];
}

/** Whose a WebSocket is; or why it is refused before the handshake, as a status line. */
type Admission =
  | { readonly to: "workers" }
  | { readonly to: "watchers"; readonly role: WatchRole }
  | { readonly to: "nobody"; readonly status: string; readonly wrongToken: boolean };

function admit(access: AccessRules, request: IncomingMessage, perAddress: Map<string, number>): Admission {
  const refused = (status: string, wrongToken = false): Admission => ({ to: "nobody", status, wrongToken });
  if (!access.hostAllowed(request)) return refused("421 Misdirected Request");
  if (!access.originAllowed(request)) return refused("403 Forbidden");
  const path = pathOf(request);
  if (path !== SOCKET_PATH && path !== WATCH_PATH) return refused("404 Not Found");
  const offered = offeredSubprotocols(request);
  if (!offered.includes(path === WATCH_PATH ? WATCH_SUBPROTOCOL : SUBPROTOCOL)) return refused("426 Upgrade Required");
  const role = path === WATCH_PATH ? access.watchRole(offered) : null;
  if (path === WATCH_PATH ? role === null : !access.subprotocolsAllowed(offered)) {
    return refused("401 Unauthorized", tokenAmong(offered) !== undefined);
  }
  if ((perAddress.get(addressOf(request)) ?? 0) >= SOCKETS_PER_ADDRESS_MAX) return refused("429 Too Many Requests");
  return role === null ? { to: "workers" } : { to: "watchers", role };
}

/** IPv6 addresses count by their /64: one household has more addresses than there are IPv4 ones. */
function addressOf(request: IncomingMessage): string {
  const address = request.socket.remoteAddress ?? "unknown";
  if (!address.includes(":") || address.startsWith("::ffff:")) return address;
  return address.split(":").slice(0, 4).join(":");
}

function release(perAddress: Map<string, number>, address: string): void {
  const left = (perAddress.get(address) ?? 1) - 1;
  if (left > 0) perAddress.set(address, left);
  else perAddress.delete(address);
}

function listen(server: Server, { host, port }: ServerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const message = `Cannot listen on ${host}:${port} (${cause.code ?? cause.message}): take another --port or --host`;
      reject(new CoordinatorAppError("CANNOT_BIND", message, { cause }));
    });
    server.listen(port, host, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

function closeServer(server: Server, all: readonly WebSocketServer[]): Promise<void> {
  for (const sockets of all) {
    for (const socket of sockets.clients) socket.terminate();
    sockets.close();
  }
  server.closeAllConnections();
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
