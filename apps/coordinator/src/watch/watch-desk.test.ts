import { WATCH_REQUEST_BURST_MAX, WATCH_REQUEST_BYTES_MAX, WATCH_SUBPROTOCOL, WATCHERS_MAX } from "@tributary/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { QUIET_RUN, startWatchedServer, type WatchedServer, WatchingSocket } from "./testing/watched-server.ts";

const PAUSE = { type: "command", request: 1, command: { command: "pause" } };

describe("who may watch", () => {
  let watched: WatchedServer;
  const open = (token?: string, options = {}) => WatchingSocket.open(watched.server.port, token, options);

  beforeAll(async () => {
    watched = await startWatchedServer("joinsecret");
  });

  afterAll(() => watched.close());

  it.each([
    ["no token", undefined, {}, "401"],
    ["a wrong token", "other", {}, "401"],
    ["an empty token", "", {}, "401"],
    ["a page of another site", "joinsecret", { origin: "http://evil.example" }, "403"],
    ["a page of another site with the admin token", "adminsecret", { origin: "https://evil.example" }, "403"],
    ["another name in Host", "adminsecret", { headers: { host: "evil.example" } }, "421"],
  ])("[security] %s is refused before the handshake", async (_, token, options, status) => {
    await expect(open(token, options)).rejects.toThrow(status);
  });

  it("[security] a socket of another subprotocol is refused, also one of a worker", async () => {
    for (const protocols of [["t.joinsecret"], ["tributary.v3", "t.joinsecret"], []]) {
      const socket = new WebSocket(`ws://127.0.0.1:${watched.server.port}/watch`, protocols);
      await expect(
        new Promise((_, reject) => {
          socket.once("error", reject);
        }),
      ).rejects.toThrow("426");
    }
  });

  it("[W3] the token for joining lets watch, and not steer; no message to it holds the admin token", async () => {
    const viewer = await open("joinsecret", { origin: `http://127.0.0.1:${watched.server.port}` });
    expect(viewer.socket.protocol).toBe(WATCH_SUBPROTOCOL);
    expect(await viewer.until("snapshot")).toMatchObject({ role: "viewer", run: QUIET_RUN });
    const commands = ["pause", "resume", "checkpoint"].map((command) => ({ command }));
    const others = [
      { command: "stop", reason: "" },
      { command: "learningRateFactor", factor: 2 },
    ];
    for (const [request, command] of [...commands, ...others].entries()) {
      viewer.send({ type: "command", request, command });
      expect(await viewer.until("failed", (failed) => failed.request === request)).toMatchObject({
        code: "NOT_ALLOWED",
      });
    }
    expect(watched.commands).toEqual([]);
    expect(JSON.stringify(viewer.messages)).not.toContain("adminsecret");
    viewer.socket.terminate();
  });

  it("[W3] the admin token lets steer", async () => {
    const admin = await open("adminsecret");
    expect(await admin.until("snapshot")).toMatchObject({ role: "admin" });
    admin.send(PAUSE);
    expect(await admin.until("done")).toEqual({ type: "done", request: 1 });
    expect(watched.commands).toEqual([{ command: "pause" }]);
    const { events } = await admin.until("update", (update) => update.events.length > 0);
    expect(events[0]).toMatchObject({ kind: "command", level: "info", text: "Somebody who watches asked for: pause" });
    admin.socket.terminate();
  });
});

describe("a watcher's socket", () => {
  let watched: WatchedServer;
  const open = (token?: string) => WatchingSocket.open(watched.server.port, token);

  beforeAll(async () => {
    watched = await startWatchedServer(null);
  });

  afterAll(() => watched.close());

  it("[W3] on this machine alone watching takes no token; a wrong one is refused all the same", async () => {
    const viewer = await open();
    expect(await viewer.until("snapshot")).toMatchObject({ role: "viewer" });
    viewer.send(PAUSE);
    expect(await viewer.until("failed")).toMatchObject({ code: "NOT_ALLOWED" });
    viewer.socket.terminate();
    await expect(open("other")).rejects.toThrow("401");
  });

  it.each([
    ["text that is no JSON", "hello", 1007],
    ["JSON that is no request", "{}", 1007],
    ["a request with markup for a number", '{"type":"sample","request":"<b>","index":0}', 1007],
    ["a binary message", Uint8Array.of(1, 2, 3), 1003],
    ["a message over the limit", " ".repeat(WATCH_REQUEST_BYTES_MAX + 1), 1009],
    ["text that is no UTF-8", Buffer.from([0xff, 0xfe]), 1007],
  ])("[W1] %s closes that socket with a code, and no other", async (_, message, code) => {
    const honest = await open();
    const bad = await open();
    await bad.until("snapshot");
    bad.socket.send(message, { binary: message instanceof Uint8Array && !Buffer.isBuffer(message) });
    expect(await bad.closed).toBe(code);
    await honest.until("update");
    expect(honest.socket.readyState).toBe(WebSocket.OPEN);
    honest.socket.terminate();
  });

  it.each([
    ["classroom", undefined, 401],
    ["classroom", "wrong", 401],
    ["classroom", "classroom", 426],
    ["classroom", "adminsecret", 426],
    [null, undefined, 426],
    [null, "wrong", 401],
  ])(
    "[W3] a page can ask why it was refused: joining takes %s, it has %s, the answer is %d",
    async (join, token, status) => {
      const watched = await startWatchedServer(join);
      const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
      expect((await fetch(`http://127.0.0.1:${watched.server.port}/watch`, { headers })).status).toBe(status);
      await watched.close();
    },
  );

  it("[W1] a flood of requests closes the socket", async () => {
    const flood = await open();
    for (let request = 0; request <= 2 * WATCH_REQUEST_BURST_MAX; request += 1) flood.send({ ...PAUSE, request });
    expect(await flood.closed).toBe(1008);
    expect(watched.commands).toEqual([]);
  });

  it("[W1] as many as may watch; a further one is told so", async () => {
    const all = [];
    for (let index = watched.desk.watchers; index < WATCHERS_MAX; index += 1) all.push(await open());
    const further = await open();
    expect(await further.closed).toBe(1013);
    const admin = await open("adminsecret");
    expect(await admin.until("snapshot")).toMatchObject({ role: "admin" });
    admin.socket.terminate();
    for (const { socket } of all) socket.terminate();
  });

  it("[W4] updates hold what is new, once, and say where the run is", async () => {
    const viewer = await open();
    await viewer.until("snapshot");
    const step = { event: "step", step: 1, epoch: 1, samples: 8, loss: 0.5, samplesPerSecond: 1, workers: 1 } as const;
    watched.desk.onEvent({ ...step, gradientNorm: 2 });
    const update = await viewer.until("update", ({ steps }) => steps.length > 0);
    expect(update.steps).toMatchObject([{ step: 1, samples: 8, loss: 0.5, gradientNorm: 2, metrics: {} }]);
    expect(update.progress).toMatchObject({ state: "waiting", stepSamples: 8, stepSamplesIn: 2 });
    expect(update.progress.why).toBe("Step 1 waits for a worker: none is there");
    const before = new Set(viewer.messages);
    const next = await viewer.until("update", (message) => !before.has(message));
    expect(next.steps).toEqual([]);
    viewer.socket.terminate();
  });

  it("[W4] a name with markup travels as the text it is", async () => {
    const viewer = await open();
    const text = '<img src=x onerror="alert(1)">';
    watched.desk.onEvent({ event: "error", code: "X", message: text, remedy: "None" });
    const { events } = await viewer.until("update", (update) => update.events.length > 0);
    expect(events.at(-1)?.text).toBe(`${text}. None`);
    viewer.socket.terminate();
  });

  it.each([
    ["a sample that is not there", { type: "sample", index: 4 }, "BAD_INPUT", "Test samples 0 to 3"],
    ["inputs of another size", { type: "predict", inputs: "AAEC" }, "BAD_INPUT", "have 2 bytes, but 3 came"],
    ["a class that is none", { type: "samples", label: 2, predicted: 0 }, "BAD_INPUT", "Classes are 0 to 1"],
  ])("[W5] %s is refused in words", async (_, request, code, message) => {
    const viewer = await open();
    viewer.send({ ...request, request: 5 });
    const failed = await viewer.until("failed");
    expect(failed).toMatchObject({ request: 5, code });
    expect(failed.message).toContain(message);
    viewer.socket.terminate();
  });

  it("[W5] of looks that wait only the latest of a kind is done", async () => {
    const viewer = await open();
    for (let request = 1; request <= 4; request += 1) viewer.send({ type: "sample", request, index: 0 });
    // The first is being done (and never will be), the last waits.
    for (const request of [2, 3]) {
      expect(await viewer.until("failed", (failed) => failed.request === request)).toMatchObject({
        code: "SUPERSEDED",
      });
    }
    viewer.socket.terminate();
  });
});

describe("a run that ends", () => {
  it("[W4] tells its watchers how, and lets them go with 4005", async () => {
    const watched = await startWatchedServer(null, { view: { phase: "over", why: "The run is over" } });
    const viewer = await WatchingSocket.open(watched.server.port);
    await viewer.until("snapshot");
    void watched.desk.finish({ outcome: "stopped", reason: "enough" });
    expect((await viewer.until("update", ({ progress }) => progress.outcome !== null)).progress).toMatchObject({
      state: "finished",
      outcome: "stopped: enough",
    });
    expect(await viewer.closed).toBe(4005);
    await watched.close();
  });

  it("[W4] does not wait for good for what the last model takes for what", async () => {
    const view = { phase: "over", step: 3 } as const;
    const watched = await startWatchedServer(null, { view, lastJudgementMilliseconds: 1 });
    const viewer = await WatchingSocket.open(watched.server.port);
    await viewer.until("snapshot");
    await watched.desk.finish({ outcome: "stopped", reason: "" });
    expect(await viewer.closed).toBe(4005);
    await watched.close();
  });
});

describe("a watcher that does not read", () => {
  it("[W4] misses updates, which are not kept for it, and afterwards gets all that is new, once", async () => {
    // Updates of 4 MB fill whatever the system keeps for a connection within a few of them.
    const watched = await startWatchedServer(null, { view: { why: "w".repeat(4_000_000) } });
    const stalled = await WatchingSocket.open(watched.server.port);
    const reader = await WatchingSocket.open(watched.server.port);
    await stalled.until("snapshot");
    stalled.socket.pause();
    const given = { event: "step", epoch: 1, samples: 8, loss: 0.5, samplesPerSecond: 1, workers: 1 } as const;
    const steps = Array.from({ length: 16 }, (_, index) => index + 1);
    for (const step of steps) {
      watched.desk.onEvent({ ...given, step, gradientNorm: 1 });
      await reader.until("update", (update) => update.steps.some((point) => point.step === step));
    }
    stalled.socket.resume();
    await stalled.until("update", (update) => update.steps.some(({ step }) => step === 16));
    const updates = stalled.messages.flatMap((message) => (message.type === "update" ? [message] : []));
    expect(updates.flatMap((update) => update.steps.map(({ step }) => step))).toEqual(steps);
    expect(updates.length).toBeLessThan(reader.messages.length - 1);
    await watched.close();
  });
});
