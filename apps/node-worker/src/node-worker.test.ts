import type { LeaseMessage } from "@tributary/protocol";
import type { SessionEvent } from "@tributary/worker";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runNodeWorker } from "./node-worker.ts";
import { createCountingRun } from "./testing/counting-run.ts";
import { TestServer } from "./testing/test-server.ts";
import { spawnNodeWorker } from "./worker-process.ts";

const TOKEN = "secret_token-1";
const LEASE: LeaseMessage = {
  type: "lease",
  lease: 1,
  step: 0,
  kind: "gradient",
  epoch: 0,
  start: 0,
  end: 10,
  milliseconds: 60_000,
};

const run = createCountingRun(400, 4);
let server: TestServer;

async function welcome(): Promise<void> {
  await server.hear("hello");
  server.say(run.welcome);
  server.sayParameters(0, 4);
  await server.hear("ready");
}

beforeEach(async () => {
  server = await TestServer.listen(run, TOKEN);
});

afterEach(() => server.close());

function link(token = TOKEN): string {
  return `http://127.0.0.1:${server.port}/join#t=${token}`;
}

describe("a Node worker", () => {
  it("[J1] [L4] joins by the link, computes a lease, sends it when it has credit, and ends with the run", async () => {
    const events: SessionEvent[] = [];
    const options = { url: link(), name: "Zoë's <box>" };
    const ended = runNodeWorker({ ...options, onEvent: (event) => events.push(event) });
    const hello = await server.hear("hello");
    expect(hello).toMatchObject({
      name: "Zoë-s -box-",
      backend: "wasm",
      threads: 1,
      codecs: ["float32", "float16"],
    });
    server.say(run.welcome);
    server.sayParameters(0, 4);
    await server.hear("ready");
    server.say(LEASE);
    expect(await server.hear("result")).toMatchObject({ lease: 1, microbatches: 3, byteLength: 16 });
    server.say({ type: "credit", lease: 1, step: 0 });
    const { sums, tensor } = await server.hear("contribution");
    expect([...new Float32Array(sums.slice().buffer)]).toEqual([10, 10, 10]);
    expect(tensor.elements).toBe(4);
    await server.until("chunk");
    server.say({ type: "finish", reason: "done" });
    expect(await ended).toMatchObject({ reason: "finished", message: "done" });
    expect(events.map((event) => event.type)).toEqual(["device", "connecting", "joined", "ready", "computed", "sent"]);
  });

  it("[J2] a token that the server refuses ends the worker at once", async () => {
    const end = await runNodeWorker({ url: link("wrong"), backend: "reference" });
    expect(end).toMatchObject({ reason: "refused", code: "CONNECT_REFUSED" });
  });

  it("[E4] comes back after a broken connection and computes again", async () => {
    const stop = new AbortController();
    const ended = runNodeWorker({ url: link(), backend: "reference", signal: stop.signal });
    await welcome();
    server.break();
    expect(await server.hear("hello")).toMatchObject({ resume: "w1" });
    server.say({ ...run.welcome, worker: "w2", step: 5 });
    server.sayParameters(5, 4);
    expect(await server.hear("ready")).toEqual({ type: "ready", step: 5 });
    server.say({ ...LEASE, step: 5 });
    await server.hear("result");
    stop.abort();
    expect(await server.hear("decline")).toMatchObject({ lease: 1, reason: "leaving" });
    await server.hear("leave");
    expect(await ended).toMatchObject({ reason: "left" });
    await server.until("close 1000");
  });

  it("[E2] answers pings while it computes", async () => {
    const busy = createCountingRun(400, 4, 200);
    const own = await TestServer.listen(busy, TOKEN);
    const url = `http://127.0.0.1:${own.port}/join#t=${TOKEN}`;
    const ended = runNodeWorker({ url, backend: "reference" });
    await own.hear("hello");
    own.say(busy.welcome);
    own.sayParameters(0, 4);
    await own.hear("ready");
    own.say(LEASE);
    own.ping();
    await own.hear("result");
    expect(own.heard.slice(-2)).toEqual(["pong", "result"]);
    own.closeSocket(4005);
    expect(await ended).toMatchObject({ reason: "finished", code: 4005 });
    own.close();
  });
});

describe("a Node worker as a process", () => {
  it("[J6] leaves when it is asked to, and says how it ended", async () => {
    const worker = spawnNodeWorker({ url: link("none"), token: TOKEN, backend: "reference", name: "child" });
    await welcome();
    server.say(LEASE);
    await server.hear("result");
    worker.leave();
    expect(await server.hear("decline")).toMatchObject({ reason: "leaving" });
    await server.hear("leave");
    expect(await worker.ended).toMatchObject({ reason: "left" });
    expect(worker.child.exitCode).toBe(0);
  });

  it("[J6] leaves on SIGTERM, but not on SIGINT: Ctrl-C reaches it too, and who started it decides", async () => {
    const worker = spawnNodeWorker({ url: link(), backend: "reference" });
    await welcome();
    worker.child.kill("SIGINT");
    server.say(LEASE);
    await server.hear("result");
    worker.child.kill("SIGTERM");
    await server.hear("decline");
    await server.hear("leave");
    expect(await worker.ended).toMatchObject({ reason: "left" });
  });

  // vitest.config.ts says so when there is no GPU in software.
  it.skipIf(process.env["SWIFTSHADER_FOLDER"] === undefined)(
    "computes on WebGPU when it is asked to, says so, and ends by itself",
    { timeout: 600_000 },
    async () => {
      const worker = spawnNodeWorker({ url: link(), backend: "webgpu", threads: 3 });
      const hello = await server.hear("hello");
      expect(hello).toMatchObject({ backend: "webgpu", threads: 1 });
      expect([hello.adapter, hello.arithmeticClass]).toEqual([
        expect.stringContaining("swiftshader"),
        expect.stringMatching(/^webgpu/),
      ]);
      server.say(run.welcome);
      server.sayParameters(0, 4);
      await server.hear("ready");
      server.say(LEASE);
      expect(await server.hear("result")).toMatchObject({ microbatches: 3 });
      server.closeSocket(4005);
      expect(await worker.ended).toMatchObject({ reason: "finished", code: 4005 });
      expect(worker.child.exitCode).toBe(0);
    },
  );

  it("a process that is killed ends as PROCESS_LOST, and its socket closes", async () => {
    const worker = spawnNodeWorker({ url: link(), backend: "reference" });
    await welcome();
    worker.child.kill("SIGKILL");
    expect(await worker.ended).toMatchObject({ reason: "failed", code: "PROCESS_LOST" });
    await server.until("close 1006");
  });

  it("its token is not among the words it is started with, which others of the machine can read", async () => {
    const worker = spawnNodeWorker({ url: link(), backend: "reference" });
    await welcome();
    expect(worker.child.spawnargs).toContain(`http://127.0.0.1:${server.port}/join`);
    expect(worker.child.spawnargs.join(" ")).not.toContain(TOKEN);
    worker.leave();
    expect(await worker.ended).toMatchObject({ reason: "left" });
  });

  it("an address that is none ends as failed, with its code", async () => {
    const worker = spawnNodeWorker({ url: "nowhere" });
    expect(await worker.ended).toMatchObject({ reason: "failed", code: "JOIN_ADDRESS" });
    expect(worker.child.exitCode).toBe(1);
  });
});
