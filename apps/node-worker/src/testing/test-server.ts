import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  BLOB_PATH,
  type CoordinatorMessage,
  chunkFrames,
  crc32,
  decodeFrame,
  decodeWorkerMessage,
  encodeMessage,
  SUBPROTOCOL,
  TOKEN_SUBPROTOCOL_PREFIX,
  type WorkerMessage,
} from "@tributary/protocol";
import { type WebSocket, WebSocketServer } from "ws";
import type { CountingRun } from "./counting-run.ts";

type MessageOf<Type extends WorkerMessage["type"]> = Extract<WorkerMessage, { readonly type: Type }>;

/** A coordinator's server played by a test: real HTTP, real WebSocket; it says what it is told to. */
export class TestServer {
  /** What happened, in order: types of messages, "chunk", "pong", "open" and "close CODE". */
  readonly heard: string[] = [];
  readonly #messages: WorkerMessage[] = [];
  readonly #server: Server;
  #socket: WebSocket | null = null;
  #transfer = 0;
  #arrived: () => void = () => {};

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Listens on a free port of this machine. */
  static async listen(run: CountingRun, token: string): Promise<TestServer> {
    const server = createServer((request, response) => {
      const blob = run.blobs.get((request.url ?? "").slice(BLOB_PATH.length));
      if (request.headers.authorization !== `Bearer ${token}`) response.writeHead(401).end();
      else if (blob === undefined) response.writeHead(404).end();
      else response.writeHead(200, { "content-length": blob.byteLength }).end(blob);
    });
    const test = new TestServer(server);
    const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => SUBPROTOCOL });
    server.on("upgrade", (request, socket, head) => {
      const offered = (request.headers["sec-websocket-protocol"] ?? "").split(/, */);
      if (offered.includes(TOKEN_SUBPROTOCOL_PREFIX + token)) {
        sockets.handleUpgrade(request, socket, head, (opened) => test.#attach(opened));
      } else {
        socket.end("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
      }
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return test;
  }

  get port(): number {
    const address: AddressInfo | string | null = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  #attach(socket: WebSocket): void {
    this.#socket = socket;
    this.#note("open");
    socket.on("pong", () => this.#note("pong"));
    socket.on("close", (code) => this.#note(`close ${code}`));
    socket.on("message", (data) => {
      const decoded = data instanceof Uint8Array ? decodeFrame(data) : null;
      if (decoded?.kind !== "message") {
        this.#note("chunk");
        return;
      }
      const message = decodeWorkerMessage(decoded.control);
      this.#messages.push(message);
      this.#note(message.type);
    });
  }

  #note(what: string): void {
    this.heard.push(what);
    this.#arrived();
  }

  say(message: CoordinatorMessage): void {
    this.#socket?.send(encodeMessage(message));
  }

  /** Parameters that do not count: as many zeros as asked for. */
  sayParameters(step: number, elements: number): void {
    const bytes = new Uint8Array(4 * elements);
    this.#transfer += 1;
    const transfer = this.#transfer;
    const tensor = { transfer, byteLength: bytes.byteLength, elements, codec: "float32", crc32: crc32(bytes) };
    this.say({ type: "parameters", step, tensor });
    for (const frame of chunkFrames(transfer, bytes)) this.#socket?.send(frame);
  }

  ping(): void {
    this.#socket?.ping();
  }

  /** Breaks the connection without a close frame. */
  break(): void {
    this.#socket?.terminate();
  }

  closeSocket(code: number): void {
    this.#socket?.close(code);
  }

  /** The next message, which must be of this type. */
  async hear<Type extends WorkerMessage["type"]>(type: Type): Promise<MessageOf<Type>> {
    while (this.#messages.length === 0) await this.#next();
    const message = this.#messages.shift();
    if (!isOf(message, type)) throw new Error(`The worker said ${JSON.stringify(message)} instead of ${type}`);
    return message;
  }

  /** Resolves when this has been heard. */
  async until(what: string): Promise<void> {
    while (!this.heard.includes(what)) await this.#next();
  }

  #next(): Promise<void> {
    return new Promise((resolve) => {
      this.#arrived = resolve;
    });
  }

  close(): void {
    this.#socket?.terminate();
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

function isOf<Type extends WorkerMessage["type"]>(
  message: WorkerMessage | undefined,
  type: Type,
): message is MessageOf<Type> {
  return message?.type === type;
}
