import { connect } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { DEFAULT_SETTINGS, type RunSettings } from "@tributary/coordinator";
import {
  decodeCoordinatorMessage,
  decodeFrame,
  encodeChunkFrame,
  encodeMessage,
  FRAME_BYTES_MAX,
  PROTOCOL_VERSION,
  SUBPROTOCOL,
} from "@tributary/protocol";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { AccessRules } from "./access.ts";
import { EffectShell } from "./effect-shell.ts";
import { type RunningServer, startServer } from "./server.ts";
import { WorkerSocket } from "./worker-socket.ts";

const HASH = "0".repeat(64);
const BLOB = "a".repeat(64);
const LARGE_BLOB = "b".repeat(64);

/** More than the systems of both ends keep for a reader that does not read. */
const LARGE_BYTES = 64 * 1024 * 1024;

const SETTINGS: RunSettings = {
  ...DEFAULT_SETTINGS,
  welcome: {
    protocol: PROTOCOL_VERSION,
    run: "small",
    term: 1,
    layout: { hash: HASH, parameterLength: 16, trainableLength: 16, statisticsLength: 0, bufferLength: 0 },
    programs: { gradient: HASH, evaluate: HASH },
    variants: [],
    manifest: HASH,
    microbatch: 1,
    seed: 0,
    heartbeat: { pingMilliseconds: 5_000, lostAfterMilliseconds: 10_000 },
  },
  programFormat: 1,
  operations: [],
  codecs: [{ name: "float32", bytes: 64, bytesMax: 64 }],
  trainSamples: 8,
  testSamples: 0,
  batchSize: 8,
  microbatch: 1,
  epochs: 1,
};

const HELLO = encodeMessage({
  type: "hello",
  protocol: PROTOCOL_VERSION,
  programFormats: [1],
  operations: null,
  run: null,
  name: "honest",
  backend: "wasm",
  kind: "node",
  adapter: null,
  arithmeticClass: "wasm",
  threads: 1,
  codecs: ["float32"],
  resume: null,
});

const LEAVE = encodeMessage({ type: "leave", reason: "" });

interface Running {
  readonly server: RunningServer;
  readonly shell: EffectShell;
  readonly faults: Error[];
}

async function start(token: string | null, idleMilliseconds = 30_000): Promise<Running> {
  const faults: Error[] = [];
  const shell = new EffectShell({
    settings: SETTINGS,
    compute: { request: () => new Promise(() => {}) },
    encoded: { step: 0, frames: [] },
    sumNames: ["loss", "weight", "samples"],
    persist: () => Promise.resolve(),
    checkpoint: () => Promise.resolve(""),
    onEvent: () => {},
    onFinish: () => {},
    onFault: (error) => faults.push(error),
    onViolation: () => {},
  });
  const server = await startServer({
    host: "127.0.0.1",
    port: 0,
    idleMilliseconds,
    access: new AccessRules("127.0.0.1", { join: token, admin: null }),
    content: {
      blobs: new Map([
        [BLOB, Uint8Array.of(1, 2, 3)],
        [LARGE_BLOB, new Uint8Array(LARGE_BYTES)],
      ]),
      run: "small",
      description: () => ({ run: "small" }),
      pages: new Map(),
      page: "<!doctype html><title>small</title>",
    },
    onWatcher: (socket) => socket.terminate(),
    onSocket: (socket, address) => {
      const { memory } = shell;
      const traffic = { sent: 0, received: 0 };
      const connection = { address, handlers: shell, traffic, waitingBytesMax: 1_000_000, memory };
      shell.addSocket(new WorkerSocket(shell.newWorkerId(), socket, connection));
    },
  });
  return { server, shell, faults };
}

function open(port: number, protocols = [SUBPROTOCOL], options = {}): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`, protocols, options);
  return new Promise((resolve, reject) => {
    socket.once("open", () => resolve(socket));
    socket.once("error", reject);
  });
}

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
    running = await start(null);
    honest = await open(running.server.port);
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
    const socket = await open(running.server.port);
    const closed = closeCode(socket);
    send(socket);
    expect(await closed).toBe(code);
  });

  it("[E1] 10,000 seeded malformed frames close 10,000 sockets, each with a code; the honest worker hears nothing of it", async () => {
    const before = running.shell.machine.sizes.workers;
    const frames = fc.sample(malformedFrames(), { numRuns: 10_000, seed: 20_261_121 });
    const codes = new Set<number>();
    const send = async (bytes: Uint8Array) => {
      const socket = await open(running.server.port);
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
    const worker = await open(running.server.port);
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

  it("[security] permessage-deflate is not negotiated", async () => {
    const socket = await open(running.server.port, [SUBPROTOCOL], { perMessageDeflate: true });
    expect(socket.extensions).toBe("");
    socket.terminate();
  });
});

describe("who may talk to a coordinator", () => {
  let running: Running;
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(`http://127.0.0.1:${running.server.port}${path}`, { headers });

  beforeAll(async () => {
    running = await start("secret");
  });

  afterAll(async () => {
    running.shell.dispose();
    await running.server.close();
  });

  it.each([
    ["no token", [SUBPROTOCOL], {}, "401"],
    ["a wrong token", [SUBPROTOCOL, "t.other"], {}, "401"],
    ["another subprotocol", ["t.secret"], {}, "426"],
    ["a page of another site", [SUBPROTOCOL, "t.secret"], { origin: "http://evil.example" }, "403"],
    ["another name in Host", [SUBPROTOCOL, "t.secret"], { headers: { host: "evil.example" } }, "421"],
  ])("[security] %s is refused before the handshake", async (_, protocols, options, status) => {
    await expect(open(running.server.port, protocols, options)).rejects.toThrow(status);
  });

  it("[security] the token opens the socket", async () => {
    const socket = await open(running.server.port, [SUBPROTOCOL, "t.secret"]);
    expect(socket.protocol).toBe(SUBPROTOCOL);
    socket.terminate();
  });

  it("[security] blobs need the token; pages and descriptions give nothing away", async () => {
    expect((await get(`/blobs/${BLOB}`)).status).toBe(401);
    const blob = await get(`/blobs/${BLOB}`, { authorization: "Bearer secret" });
    expect(new Uint8Array(await blob.arrayBuffer())).toEqual(Uint8Array.of(1, 2, 3));
    expect(blob.headers.get("cache-control")).toContain("immutable");
    expect((await get(`/blobs/${HASH}`, { authorization: "Bearer secret" })).status).toBe(404);
    expect(await (await get("/runs/small")).json()).toEqual({ run: "small" });
    expect(await (await get("/join")).text()).not.toContain("secret");
  });

  it("[security] every answer carries the security headers, and only GET and HEAD are answered", async () => {
    const page = await get("/");
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(page.headers.get("x-content-type-options")).toBe("nosniff");
    const post = await fetch(`http://127.0.0.1:${running.server.port}/`, { method: "POST" });
    expect(post.status).toBe(405);
    expect((await get("/../../etc/passwd")).status).toBe(404);
  });

  it("[security] bytes that are no HTTP close that connection", async () => {
    const socket = connect(running.server.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write("\u0000\u0001 garbage\r\n\r\n");
    await new Promise((resolve) => socket.once("close", resolve));
    expect((await get("/")).status).toBe(200);
  });

  it("[security] whoever is refused a WebSocket does not keep the connection by keeping its own half open", async () => {
    const { port } = running.server;
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    const answer = new Promise<string>((resolve) => socket.once("data", (bytes) => resolve(String(bytes))));
    const gone = new Promise<string>((resolve) => socket.once("error", ({ message }) => resolve(message)));
    const lines = [
      "GET /socket HTTP/1.1",
      `Host: 127.0.0.1:${port}`,
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      `Sec-WebSocket-Protocol: ${SUBPROTOCOL}, t.wrong`,
    ];
    socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    expect(await answer).toContain("401");
    // A connection that is still there would take bytes in silence.
    const more = setInterval(() => socket.write("more"), 20);
    expect(await gone).toMatch(/EPIPE|ECONNRESET/);
    clearInterval(more);
  });

  it("[security] a connection over which nothing moves is cut off, in the middle of an answer too", async () => {
    const { server, shell } = await start("secret", 200);
    const socket = connect(server.port, "127.0.0.1");
    socket.on("error", () => {});
    const gone = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    const lines = [
      `GET /blobs/${LARGE_BLOB} HTTP/1.1`,
      `Host: 127.0.0.1:${server.port}`,
      "Authorization: Bearer secret",
    ];
    let bytes = 0;
    socket.on("data", (piece) => {
      bytes += piece.byteLength;
    });
    socket.pause();
    socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    // Reads again only after the time is up: what the system had kept comes, and then the end.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    socket.resume();
    await gone;
    expect(bytes).toBeLessThan(LARGE_BYTES);
    shell.dispose();
    await server.close();
  });
});
