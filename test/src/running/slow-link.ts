import { connect, createServer, type Server, type Socket } from "node:net";

/** Bytes of one piece above which it is taken for a part of a gradient, not a message. */
const GRADIENT_PIECE_BYTES = 4_096;

/** A way to a coordinator on which everything that a worker says comes late. */
export class SlowLink {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  /**
   * Opens a port of this machine that leads to the coordinator at `url`.
   * @param delayMs how late the worker's bytes come; their order stays
   * @param onGradient called when a part of a gradient is passed on
   */
  static async open(url: string, delayMs: number, onGradient: () => void): Promise<SlowLink> {
    const { hostname, port } = new URL(url);
    const server = createServer();
    const link = new SlowLink(server);
    server.on("connection", (near) => {
      const far = connect(Number(port), hostname);
      near.on("data", (bytes) => {
        setTimeout(() => {
          if (bytes.byteLength >= GRADIENT_PIECE_BYTES) onGradient();
          far.write(bytes);
        }, delayMs);
      });
      far.on("data", (bytes) => near.write(bytes));
      link.#join(near, far, delayMs);
      link.#join(far, near, 0);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return link;
  }

  /** What a worker opens instead of the coordinator's address. */
  get joinUrl(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === "object" ? address?.port : address}/join`;
  }

  /** Cuts everything off. */
  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(from: Socket, to: Socket, delayMs: number): void {
    this.#sockets.add(from);
    from.on("end", () => setTimeout(() => to.end(), delayMs));
    from.on("error", () => to.destroy());
    from.on("close", () => this.#sockets.delete(from));
  }
}
