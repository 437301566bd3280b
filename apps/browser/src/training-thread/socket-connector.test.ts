import { describe, expect, it } from "vitest";
import { type BrowserSocket, SocketConnector } from "./socket-connector.ts";
import { HandClock } from "./testing/hand-clock.ts";

type Listener = (event: { readonly data: unknown; readonly code: number; readonly reason: string }) => void;

/** A browser's WebSocket played by the test. */
class FakeSocket implements BrowserSocket {
  binaryType = "blob";
  bufferedAmount = 0;
  readonly sent: number[][] = [];
  /** Whether threads share the memory of what was sent last, which browsers refuse. */
  isShared = false;
  readonly closedWith: (number | undefined)[] = [];
  readonly #listeners = new Map<string, Listener[]>();

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  happen(type: "open" | "message" | "close", event: { data?: unknown; code?: number; reason?: string } = {}): void {
    const whole = { data: null, code: 0, reason: "", ...event };
    for (const listener of this.#listeners.get(type) ?? []) listener(whole);
  }

  send(data: Uint8Array): void {
    this.sent.push([...data]);
    this.isShared = !(data.buffer instanceof ArrayBuffer);
  }

  close(code?: number): void {
    this.closedWith.push(code);
  }
}

function bench(status: number | null = 404) {
  const socket = new FakeSocket();
  const clock = new HandClock();
  const opened: { url: string; subprotocols: string[] }[] = [];
  const heard: string[] = [];
  const connector = new SocketConnector({
    socketUrl: "ws://h:1/socket",
    token: "tok",
    clock,
    createSocket: (url, subprotocols) => {
      opened.push({ url, subprotocols });
      return socket;
    },
    askStatus: () => Promise.resolve(status),
  });
  const handlers = {
    onMessage: (frame: Uint8Array) => heard.push(`message ${[...frame]}`),
    onPing: () => heard.push("ping"),
    onClose: (code: number, reason: string) => heard.push(`close ${code} ${reason}`),
  };
  return { socket, clock, opened, heard, connector, connecting: connector.connect(handlers) };
}

async function connected() {
  const all = bench();
  all.socket.happen("open");
  return { ...all, transport: await all.connecting };
}

describe("a tab's way to the coordinator", () => {
  it("offers the subprotocol and the token, and hands frames over as they come", async () => {
    const { socket, opened, heard, transport } = await connected();
    expect(opened).toEqual([{ url: "ws://h:1/socket", subprotocols: ["tributary.v3", "t.tok"] }]);
    expect(socket.binaryType).toBe("arraybuffer");
    socket.happen("message", { data: Uint8Array.of(1, 2).buffer });
    await transport.send(Uint8Array.of(3));
    expect(heard).toEqual(["message 1,2"]);
    expect(socket.sent).toEqual([[3]]);
  });

  it.each([
    [401, "CONNECT_REFUSED", "check the token"],
    [404, "CONNECT_FAILED", "takes no more connections"],
    [null, "CONNECT_FAILED", "nobody answers"],
  ])("finds out why it was not let in: HTTP %s means %s", async (status, code, words) => {
    const { socket, connecting } = bench(status);
    socket.happen("close", { code: 1006 });
    await expect(connecting).rejects.toMatchObject({ code });
    await expect(connecting).rejects.toThrow(words);
  });

  it("takes a token that a browser refuses to send for a wrong one", async () => {
    const connector = new SocketConnector({
      socketUrl: "ws://h:1/socket",
      token: "tok)",
      clock: new HandClock(),
      createSocket: (_, subprotocols) => {
        throw new DOMException(`The subprotocol '${subprotocols[1]}' is invalid.`, "SyntaxError");
      },
      askStatus: () => Promise.resolve(404),
    });
    const handlers = { onMessage: () => {}, onPing: () => {}, onClose: () => {} };
    await expect(connector.connect(handlers)).rejects.toMatchObject({ code: "CONNECT_REFUSED" });
  });

  it("gives up a connection that does not open within 10 s", async () => {
    const { socket, clock, connecting } = bench(null);
    clock.advance(10_000);
    await expect(connecting).rejects.toMatchObject({ code: "CONNECT_FAILED" });
    // It would open behind the back of whoever gave it up, and count as one more device.
    expect(socket.closedWith).toEqual([undefined]);
  });

  it("[F1] closes on a text message, with 1003 for its owner and a code that a browser may send for the other side", async () => {
    const { socket, heard } = await connected();
    socket.happen("message", { data: "text" });
    expect(socket.closedWith).toEqual([3003]);
    socket.happen("close", { code: 3003, reason: "text" });
    expect(heard).toEqual(["close 1003 text"]);
  });

  it("passes the coordinator's close on, once", async () => {
    const { socket, heard } = await connected();
    socket.happen("close", { code: 4005, reason: "over" });
    socket.happen("close", { code: 1006 });
    expect(heard).toEqual(["close 4005 over"]);
  });

  it("waits 2 s for the other side's close, not longer", async () => {
    const { socket, clock, heard, transport } = await connected();
    transport.close(1000, "left");
    expect(socket.closedWith).toEqual([1000]);
    clock.advance(1_999);
    expect(heard).toEqual([]);
    clock.advance(1);
    expect(heard).toEqual(["close 1000 left"]);
  });

  it("can be taken for broken at once, when the network is gone", async () => {
    const { heard, connector, transport } = await connected();
    connector.break();
    expect(heard).toEqual(["close 1006 the network is gone"]);
    await transport.send(Uint8Array.of(1));
    connector.break();
    expect(heard).toHaveLength(1);
  });

  it("holds the next frame back while more than 4 MiB wait in the browser", async () => {
    const { socket, clock, transport } = await connected();
    socket.bufferedAmount = 4 * 1024 * 1024 + 1;
    let isSent = false;
    const sending = transport.send(Uint8Array.of(1)).then(() => {
      isSent = true;
    });
    clock.advance(20);
    await Promise.resolve();
    expect(isSent).toBe(false);
    socket.bufferedAmount = 0;
    clock.advance(20);
    await sending;
    expect(isSent).toBe(true);
  });

  it("holds nothing back for a connection that is over", async () => {
    const { socket, clock, transport } = await connected();
    socket.bufferedAmount = 4 * 1024 * 1024 + 1;
    const sending = transport.send(Uint8Array.of(1));
    socket.happen("close", { code: 1006 });
    clock.advance(20);
    await sending;
  });

  it("sends frames from memory that threads share, which browsers do not take, as copies", async () => {
    const { socket, transport } = await connected();
    const frame = new Uint8Array(new SharedArrayBuffer(2));
    frame.set([8, 9]);
    await transport.send(frame);
    expect([socket.sent, socket.isShared]).toEqual([[[8, 9]], false]);
  });
});
