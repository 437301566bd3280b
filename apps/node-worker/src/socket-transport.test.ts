import { createServer, type Server } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { parseJoinAddress } from "./join-address.ts";
import { createSocketConnect } from "./socket-transport.ts";

const HANDLERS = { onMessage: () => {}, onPing: () => {}, onClose: () => {} };

/** A server that answers each connection with this, and nothing more. @returns its port */
async function answering(text: string | null, onConnection: () => void = () => {}): Promise<number> {
  const server: Server = createServer((socket) => {
    socket.on("error", () => {});
    onTestFinished(() => void socket.destroy());
    if (text === null) onConnection();
    else socket.once("data", () => socket.end(text));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function failureAt(link: string, signal?: AbortSignal): Promise<unknown> {
  return await createSocketConnect(
    parseJoinAddress(link),
    signal,
  )(HANDLERS).then(
    () => null,
    (error: unknown) => error,
  );
}

describe("a connection that does not come about", () => {
  it("[J6] is given up by whoever leaves, although the other side never answers", async () => {
    const leaving = new AbortController();
    const port = await answering(null, () => leaving.abort());
    // Without the signal, the handshake's own time limit would end it with other words.
    expect(await failureAt(`http://127.0.0.1:${port}`, leaving.signal)).toMatchObject({
      code: "CONNECT_FAILED",
      message: expect.stringContaining("closed before the connection was established"),
    });
  });

  it.each([
    ["without a token", "", "asks for a token (HTTP 401): use the whole link"],
    ["with another token", "/join#t=old", "does not take this token (HTTP 401): use the newest link"],
  ])("[J2] %s: says so, and what to use", async (_, path, words) => {
    const port = await answering("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
    expect(await failureAt(`http://127.0.0.1:${port}${path}`)).toMatchObject({
      code: "CONNECT_REFUSED",
      message: expect.stringContaining(words),
    });
  });

  it("says that https and http are different ports where TLS meets none", async () => {
    const port = await answering("HTTP/1.1 400 Bad Request\r\n\r\n");
    expect(await failureAt(`https://127.0.0.1:${port}`)).toMatchObject({
      code: "CONNECT_FAILED",
      message: expect.stringContaining("https and http are different ports"),
    });
  });
});
