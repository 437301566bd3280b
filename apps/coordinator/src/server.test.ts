import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  decodeCoordinatorMessage,
  decodeFrame,
  encodeChunkFrame,
  encodeMessage,
  FRAME_BYTES_MAX,
  SUBPROTOCOL,
} from "@tributary/protocol";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { HELLO, openSocket, type Running, startBare } from "./testing/bare-server.ts";

const LEAVE = encodeMessage({ type: "leave", reason: "" });

function closeCode(socket: WebSocket): Promise<number> {
  socket.on("error", () => {});
  return new Promise((resolve) => socket.once("close", (code) => resolve(code)));
}

function nextMessage(socket: WebSocket): Promise<string> {
  return new Promise((resolve) => {
    socket.once("message", (data) => {
      const frame = decodeFrame(data as Uint8Array);
      resolve(frame.kind === "message" ? decodeCoordinatorMessage(frame.control).type : frame.kind);
    });
  });
}

/** Bytes in use on the heap and in buffers, after a collection. */
function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect === "function") collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Noise, a valid hello with some bytes changed (which gets further into the decoders), and cut-off hellos. */
function malformedFrames(): fc.Arbitrary<Uint8Array> {
  const change = fc.tuple(fc.nat(HELLO.byteLength - 1), fc.integer({ min: 1, max: 255 }));
  return fc.oneof(
    fc.uint8Array({ minLength: 0, maxLength: 300 }),
    fc.array(change, { minLength: 1, maxLength: 8 }).map((changes) => {
      const bytes = HELLO.slice();
      for (const [index, by] of changes) bytes[index] = (bytes[index] ?? 0) ^ by;
      return bytes;
    }),
    fc.nat(HELLO.byteLength - 1).map((length) => HELLO.slice(0, length)),
  );
}

describe("a coordinator's socket", () => {
  let running: Running;
  let honest: WebSocket;

  beforeAll(async () => {
    running = await startBare(null);
    honest = await openSocket(running.server.port);
    honest.send(HELLO);
    expect(await nextMessage(honest)).toBe("welcome");
  });

  afterAll(async () => {
    running.shell.dispose();
    await running.server.close();
  });

  it.each([
    ["[F1] a text message", (socket: WebSocket) => socket.send("hello"), 1003],
    ["bytes that are no frame", (socket: WebSocket) => socket.send(Uint8Array.of(1, 2, 3)), 1007],
    ["a message before hello", (socket: WebSocket) => socket.send(LEAVE), 1008],
    [
      "a chunk that was never announced",
      (socket: WebSocket) => socket.send(encodeChunkFrame(1, 0, new Uint8Array(8))),
      1007,
    ],
    ["a frame over the limit", (socket: WebSocket) => socket.send(new Uint8Array(FRAME_BYTES_MAX + 1)), 1009],
    ["a cut-off frame", (socket: WebSocket) => socket.send(HELLO.subarray(0, HELLO.byteLength - 8)), 1007],
  ])("[E1] %s closes that socket with a code", async (_, send, code) => {
    const socket = await openSocket(running.server.port);
    const closed = closeCode(socket);
    send(socket);
    expect(await closed).toBe(code);
  });

  it("[E1] 10,000 seeded malformed frames close 10,000 sockets, each with a code; the honest worker hears nothing of it", async () => {
    const before = running.shell.machine.sizes.workers;
    const frames = fc.sample(malformedFrames(), { numRuns: 10_000, seed: 20_261_121 });
    const codes = new Set<number>();
    const send = async (bytes: Uint8Array) => {
      const socket = await openSocket(running.server.port);
      const closed = closeCode(socket);
      socket.send(bytes);
      // A changed letter of the name leaves a hello valid; the second frame is then none.
      socket.send(Uint8Array.of(0));
      codes.add(await closed);
    };
    for (const bytes of frames.slice(0, 500)) await send(bytes);
    const settledBytes = heapBytes();
    for (const bytes of frames.slice(500)) await send(bytes);
    for (const code of codes) expect([1003, 1007, 1008, 1009, 4002, 4003]).toContain(code);
    // Flat: 9,500 sockets may not leave even a kilobyte each behind.
    expect(heapBytes() - settledBytes).toBeLessThan(9_500_000);
    expect(honest.readyState).toBe(WebSocket.OPEN);
    expect(running.shell.machine.sizes.workers).toBe(before);
    expect(running.faults).toEqual([]);
    const lease = nextMessage(honest);
    honest.send(encodeMessage({ type: "ready", step: 0 }));
    expect(await lease).toBe("lease");
  }, 180_000);

  it("[security] an announced upload that was never credited allocates nothing, and its chunks pass by", async () => {
    const worker = await openSocket(running.server.port);
    worker.send(HELLO);
    expect(await nextMessage(worker)).toBe("welcome");
    const tensor = { transfer: 1, byteLength: 2 ** 32 - 8, elements: 2 ** 30 - 2, codec: "float32", crc32: 0 };
    const sums = new Uint8Array(12);
    const rejected = nextMessage(worker);
    worker.send(encodeMessage({ type: "contribution", lease: 77, step: 0, microbatches: 1, tensor, sums }));
    worker.send(encodeChunkFrame(1, 0, new Uint8Array(512)));
    expect(await rejected).toBe("rejected");
    const closed = closeCode(worker);
    worker.send(LEAVE);
    expect(await closed).toBe(1000);
  });

  it("[security] chunks that go nowhere are counted: whoever floods with them is closed with 1008", async () => {
    const worker = await openSocket(running.server.port);
    worker.send(HELLO);
    expect(await nextMessage(worker)).toBe("welcome");
    const closed = closeCode(worker);
    const tensor = { transfer: 1, byteLength: 64, elements: 16, codec: "float32", crc32: 0 };
    worker.send(
      encodeMessage({ type: "contribution", lease: 77, step: 0, microbatches: 1, tensor, sums: new Uint8Array(12) }),
    );
    const chunk = encodeChunkFrame(1, 0, new Uint8Array(8));
    for (let sent = 0; worker.readyState === WebSocket.OPEN && sent < 1_000_000; sent += 5_000) {
      for (let index = 0; index < 5_000; index++) worker.send(chunk);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await closed).toBe(1008);
  });

  it("[security] permessage-deflate is not negotiated", async () => {
    const socket = await openSocket(running.server.port, [SUBPROTOCOL], { perMessageDeflate: true });
    expect(socket.extensions).toBe("");
    socket.terminate();
  });
});
