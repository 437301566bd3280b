import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { onTestFinished } from "vitest";

/** One answer of an HTTP server. */
export interface Transfer {
  /** Path of what was asked for, without what stands behind. */
  readonly path: string;
  /** Codings that the browser takes, in its words. */
  readonly accepted: string;
  /** Bytes written to the socket for it: status line, headers and body, as they go over the network. */
  readonly bytes: number;
}

/** What Node says of a request, https://nodejs.org/api/diagnostics_channel.html: of the parts of it that are used, what they are is checked by use. */
interface HttpMessage {
  readonly request: IncomingMessage;
  readonly socket: Socket;
}

/**
 * Counts what HTTP servers of this process write, until the test ends: a browser's own figures leave out the script that a thread
 * begins with. What a browser has in its cache is not asked for, and so not counted.
 */
export function countTransfers(port: number): readonly Transfer[] {
  const found: Transfer[] = [];
  const writtenBefore = new WeakMap<IncomingMessage, number>();
  const onStart = (message: unknown) => {
    const { request, socket } = message as HttpMessage;
    if (socket.localPort === port) writtenBefore.set(request, socket.bytesWritten);
  };
  const onFinish = (message: unknown) => {
    const { request, socket } = message as HttpMessage;
    const before = writtenBefore.get(request);
    if (before === undefined) return;
    const [path = ""] = (request.url ?? "").split("?");
    const accepted = String(request.headers["accept-encoding"] ?? "");
    found.push({ path, accepted, bytes: socket.bytesWritten - before });
  };
  subscribe("http.server.request.start", onStart);
  subscribe("http.server.response.finish", onFinish);
  onTestFinished(() => {
    unsubscribe("http.server.request.start", onStart);
    unsubscribe("http.server.response.finish", onFinish);
  });
  return found;
}
