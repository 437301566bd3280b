import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Connection } from "./connection.ts";
import { StillSocket } from "./testing/still-socket.ts";

const WAITING_BYTES_MAX = 100;

/** Milliseconds between two pings. */
const PING_MS = 5_000;

function bench() {
  const socket = new StillSocket();
  const heard: string[] = [];
  const connection = new Connection(socket.socket, {
    other: "watcher",
    waitingBytesMax: WAITING_BYTES_MAX,
    onData: (data) => heard.push(String(data)),
    onClose: () => heard.push("closed"),
  });
  return { socket, heard, connection };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "setTimeout", "clearTimeout"] });
});

afterEach(() => {
  vi.useRealTimers();
});

describe("a connection", () => {
  it("[E2] is cut off when two pings in a row had no answer; an answer makes up for those before", () => {
    const { socket, heard } = bench();
    vi.advanceTimersByTime(2 * PING_MS);
    socket.emit("pong");
    vi.advanceTimersByTime(2 * PING_MS);
    expect(socket.done).toEqual(["ping", "ping", "ping", "ping"]);
    vi.advanceTimersByTime(PING_MS);
    expect(socket.done.at(-1)).toBe("cut");
    expect(heard).toEqual(["closed"]);
  });

  it("asks for no sign of life any more once it is closed", () => {
    const { socket } = bench();
    socket.emit("close", 1000);
    vi.advanceTimersByTime(10 * PING_MS);
    expect(socket.done).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is cut off when the other end does not close within 2 s, and only then", () => {
    const { socket, connection } = bench();
    connection.close(1000, "over");
    vi.advanceTimersByTime(1_999);
    expect(socket.done).toEqual(["close 1000 over"]);
    vi.advanceTimersByTime(1);
    expect(socket.done).toEqual(["close 1000 over", "cut"]);
    const honest = bench();
    honest.connection.close(1000, "over");
    honest.socket.emit("close", 1000);
    vi.advanceTimersByTime(2_000);
    expect(honest.socket.done).toEqual(["close 1000 over"]);
  });

  it("is told once that it is closed, at once, and hears nothing afterwards", () => {
    const { socket, heard, connection } = bench();
    socket.emit("message", Buffer.from("a"), false);
    connection.close(1000, "over");
    socket.emit("message", Buffer.from("b"), false);
    connection.close(1001, "again");
    socket.emit("close", 1000);
    expect(heard).toEqual(["a", "closed"]);
    expect(socket.done).toEqual(["close 1000 over"]);
  });

  it("[E3] is closed with 1013 when more waits to be read than may, and what was to be sent is free again", () => {
    const { socket, heard, connection } = bench();
    let free = 0;
    const gone = () => {
      free += 1;
    };
    socket.bufferedAmount = WAITING_BYTES_MAX;
    expect(connection.send("a", gone)).toBe(true);
    socket.bufferedAmount = WAITING_BYTES_MAX + 1;
    expect(connection.send("b", gone)).toBe(false);
    expect(connection.send("c", gone)).toBe(false);
    expect([socket.sent, free]).toEqual([["a"], 3]);
    expect([socket.done, heard]).toEqual([["close 1013 the watcher reads too slowly"], ["closed"]]);
  });

  it("closes with a reason that a close frame has room for", () => {
    const { socket, connection } = bench();
    connection.close(1000, "r".repeat(200));
    expect(socket.done).toEqual([`close 1000 ${"r".repeat(120)}`]);
  });
});
