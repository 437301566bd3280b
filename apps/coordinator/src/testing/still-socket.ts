import { EventEmitter } from "node:events";
import type { WebSocket } from "ws";

/** A WebSocket without a network: what is done to it is written down, and the test says what comes over it. */
export class StillSocket extends EventEmitter {
  readonly OPEN = 1;
  readyState = 1;
  binaryType = "";
  bufferedAmount = 0;
  readonly sent: string[] = [];
  /** Pings, closes and cuts, in order. */
  readonly done: string[] = [];

  /** The socket, as its users' type. */
  get socket(): WebSocket {
    // Of a WebSocket only what stands here is used.
    return this as unknown as WebSocket;
  }

  send(data: string | Uint8Array, gone: () => void): void {
    this.sent.push(String(data));
    gone();
  }

  ping(): void {
    this.done.push("ping");
  }

  close(code: number, reason: string): void {
    this.readyState = 2;
    this.done.push(`close ${code} ${reason}`);
  }

  terminate(): void {
    this.done.push("cut");
    this.readyState = 3;
    this.emit("close", 1006);
  }
}
