import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { ensurePages } from "@tributary/browser";
import { decodeWatchRequest, WATCH_PATH, WATCH_SUBPROTOCOL, type WatchMessage } from "@tributary/protocol";
import { type WebSocket, WebSocketServer } from "ws";
import { activations, fakeAnswer } from "./fake-answers.ts";
import type { FakeRun } from "./fake-run.ts";

/** The pages' own policy: no other origin, nothing inline, no text that becomes markup or code. */
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; " +
  "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

/** Milliseconds between two updates. */
const UPDATE_MILLISECONDS = 250;

/** A coordinator of pages and played messages, on a free port of this machine. */
export interface FakeCoordinator {
  readonly url: string;
  /** What was offered in the handshakes: subprotocols, tokens among them. */
  readonly offered: readonly string[];
  /** Cuts every connection; new ones are refused until `accept`. */
  refuse(): void;
  accept(): void;
  close(): Promise<void>;
}

let pages: Promise<string> | undefined;

/** Built once for all tests of a file, so that all of them see the same pages. */
function pagesFolder(): Promise<string> {
  pages ??= ensurePages();
  return pages;
}

/** Starts it. @param advance whether steps go on while somebody watches */
export async function startFakeCoordinator(run: FakeRun, advance: boolean): Promise<FakeCoordinator> {
  const folder = await pagesFolder();
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    const file = path === "/" ? "index.html" : path.slice(1);
    response.setHeader("Content-Security-Policy", CONTENT_SECURITY_POLICY);
    readFile(join(folder, file)).then(
      (bytes) => response.writeHead(200, { "Content-Type": TYPES[extname(file)] ?? "text/plain" }).end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  const offered: string[] = [];
  let isOpen = true;
  const sockets = new WebSocketServer({
    server,
    path: WATCH_PATH,
    handleProtocols: (names) => {
      offered.push(...names);
      return WATCH_SUBPROTOCOL;
    },
  });
  sockets.on("connection", (socket) => {
    if (isOpen) serve(run, socket);
    else socket.terminate();
  });
  const timer = setInterval(() => {
    if (advance && run.state === "running" && run.step < run.run.totalSteps) run.step += 1;
    if (sockets.clients.size === 0) return;
    const text = JSON.stringify(run.update());
    for (const socket of sockets.clients) socket.send(text);
  }, UPDATE_MILLISECONDS);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const cut = () => {
    for (const socket of sockets.clients) socket.terminate();
  };
  return {
    url: `http://127.0.0.1:${port}/`,
    offered,
    refuse: () => {
      isOpen = false;
      cut();
    },
    accept: () => {
      isOpen = true;
    },
    close: async () => {
      clearInterval(timer);
      cut();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function serve(run: FakeRun, socket: WebSocket): void {
  const say = (message: WatchMessage) => socket.send(JSON.stringify(message));
  let follow: NodeJS.Timeout | undefined;
  say(run.snapshot());
  socket.on("message", (data) => {
    const request = decodeWatchRequest(data.toString());
    say(fakeAnswer(run, request));
    if (request.type !== "follow") return;
    clearInterval(follow);
    const { source } = request;
    if (source !== null)
      follow = setInterval(() => say({ ...activations(run, source), request: request.request }), 1_000);
  });
  socket.on("close", () => clearInterval(follow));
}
