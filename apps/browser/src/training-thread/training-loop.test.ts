import type { Clock, DeviceComputation, LeaseOutcome } from "@tributary/worker";
import { describe, expect, it } from "vitest";
import type { StartSettings, ThreadMessage } from "./messages.ts";
import { type BrowserSocket, SocketConnector } from "./socket-connector.ts";
import { TrainingLoop } from "./training-loop.ts";

const SETTINGS: StartSettings = {
  socketUrl: "ws://h:1/socket",
  blobUrl: "http://h:1/blobs/",
  token: null,
  name: "Ada",
  backend: "auto",
  cap: { share: 1, threads: 2 },
  run: "r-1",
  resume: null,
};

type Listener = (event: { readonly data: unknown; readonly code: number; readonly reason: string }) => void;

/** A socket that opens by itself; the test closes it. */
class OpeningSocket implements BrowserSocket {
  binaryType = "blob";
  readonly bufferedAmount = 0;
  readonly #listeners = new Map<string, Listener>();

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, listener);
    if (type === "open") queueMicrotask(() => this.#happen("open", 0));
  }

  send(): void {
    // What is said is for the session's own tests.
  }

  close(code = 1005): void {
    queueMicrotask(() => this.#happen("close", code));
  }

  #happen(type: string, code: number): void {
    this.#listeners.get(type)?.({ data: null, code, reason: "" });
  }
}

interface BenchOptions {
  readonly backend?: "wasm" | "webgpu";
  readonly status?: number | null;
  readonly resume?: string | null;
  /** Sockets close instead of opening. */
  readonly isUnreachable?: boolean;
}

function bench({ backend = "wasm", status = 404, resume = null, isUnreachable = false }: BenchOptions = {}) {
  const posted: ThreadMessage[] = [];
  const happened: string[] = [];
  let sockets = 0;
  const clock: Clock = {
    now: () => 0,
    after: () => () => {},
  };
  const computation = (threads: number): DeviceComputation => ({
    backend,
    arithmeticClass: backend,
    adapter: null,
    prepare: async () => {},
    allocate: (byteLength) => new Uint8Array(byteLength),
    setParameters: async () => {},
    run: (): Promise<LeaseOutcome> => Promise.reject(new Error("No lease is given here")),
    release: () => {},
    stop: () => {},
    dispose: async () => void happened.push(`disposed of ${threads}`),
  });
  let answers = status;
  let latest: OpeningSocket | null = null;
  const askStatus = () => Promise.resolve(answers);
  const connector = new SocketConnector({
    ...SETTINGS,
    clock,
    createSocket: () => {
      sockets += 1;
      happened.push("socket");
      const socket = new OpeningSocket();
      if (isUnreachable) socket.close(1006);
      latest = socket;
      return socket;
    },
    askStatus,
  });
  const loop = new TrainingLoop({
    settings: { ...SETTINGS, resume },
    post: (message) => posted.push(message),
    clock,
    random: () => 0,
    connector,
    askStatus,
    open: async ({ threads, onDevice }) => {
      happened.push(`opened ${threads}`);
      onDevice({ type: "device", backend, adapter: null, sentence: "Computing" });
      return computation(threads);
    },
  });
  const types = () => posted.map((message) => (message.type === "session" ? message.event.type : message.type));
  /** The coordinator does not answer any more, and the open connection breaks. */
  const lose = () => {
    answers = null;
    latest?.close(1006);
  };
  return { loop, posted, happened, types, sockets: () => sockets, lose };
}

/** Lets everything that is ready to happen, happen. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await Promise.resolve();
}

describe("a tab's training loop", () => {
  it("opens a device, connects, and ends when the page says stop", async () => {
    const { loop, types, happened, posted } = bench();
    const running = loop.run();
    await settle();
    expect(types()).toEqual(["device", "connecting"]);
    expect(posted[0]).toMatchObject({ device: { backend: "wasm", threads: 2 } });
    loop.receive({ type: "stop" });
    await running;
    expect(posted.at(-1)).toEqual({ type: "ended", end: { reason: "left", message: "stopped", code: null } });
    // Compute threads go with the training thread.
    expect(happened).toEqual(["opened 2", "socket"]);
  });

  it("gives a GPU back before it says that it has ended", async () => {
    const { loop, posted, happened } = bench({ backend: "webgpu" });
    const running = loop.run();
    await settle();
    loop.receive({ type: "stop" });
    await running;
    expect(happened.at(-1)).toBe("disposed of 2");
    expect(posted.at(-1)?.type).toBe("ended");
  });

  it("keeps the device open through a pause, and connects again afterwards", async () => {
    const { loop, types, happened } = bench();
    const running = loop.run();
    await settle();
    loop.receive({ type: "pause", reason: "person" });
    await settle();
    expect(types().at(-1)).toBe("paused");
    loop.receive({ type: "resume" });
    await settle();
    expect(happened).toEqual(["opened 2", "socket", "socket"]);
    loop.receive({ type: "stop" });
    await running;
  });

  it("opens nothing when it was paused before it began", async () => {
    const { loop, types, happened } = bench();
    loop.receive({ type: "pause", reason: "person" });
    const running = loop.run();
    await settle();
    expect([types(), happened]).toEqual([["paused"], []]);
    loop.receive({ type: "stop" });
    await running;
    expect(types()).toEqual(["paused", "ended"]);
  });

  it("opens the device anew for another number of threads, but not for another share, nor on a GPU", async () => {
    const onCpu = bench();
    const running = onCpu.loop.run();
    await settle();
    onCpu.loop.receive({ type: "cap", cap: { share: 0.5, threads: 2 } });
    await settle();
    expect(onCpu.happened).toEqual(["opened 2", "socket"]);
    onCpu.loop.receive({ type: "cap", cap: { share: 0.5, threads: 1 } });
    await settle();
    expect(onCpu.happened).toEqual(["opened 2", "socket", "disposed of 2", "opened 1", "socket"]);
    onCpu.loop.receive({ type: "stop" });
    await running;
    const onGpu = bench({ backend: "webgpu" });
    void onGpu.loop.run();
    await settle();
    onGpu.loop.receive({ type: "cap", cap: { share: 1, threads: 1 } });
    await settle();
    expect(onGpu.happened).toEqual(["opened 2", "socket"]);
  });

  it("takes the connection for broken when the network is gone and the coordinator does not answer", async () => {
    const { loop, posted, types } = bench({ status: null });
    void loop.run();
    await settle();
    loop.receive({ type: "network", online: false });
    await settle();
    expect(posted).toContainEqual({ type: "obstacle", code: "OFFLINE", detail: "" });
    expect(types()).toContain("disconnected");
    loop.receive({ type: "network", online: true });
    await settle();
    expect(posted).toContainEqual({ type: "cleared", code: "OFFLINE" });
    expect(types().at(-1)).toBe("connecting");
  });

  it("says that it is offline as soon as the connection breaks, where the coordinator had answered just before", async () => {
    const { loop, posted, types, lose } = bench({ status: 404 });
    void loop.run();
    await settle();
    loop.receive({ type: "network", online: false });
    await settle();
    expect(types()).toEqual(["device", "connecting"]);
    lose();
    await settle();
    expect(types()).toContain("disconnected");
    expect(posted).toContainEqual({ type: "obstacle", code: "OFFLINE", detail: "" });
  });

  it("gives up on a coordinator that it never reached, but waits for one that this tab was at before", async () => {
    const ends = async (resume: string | null) => {
      const { loop, types, sockets } = bench({ status: null, isUnreachable: true, resume });
      void loop.run();
      for (let attempt = 0; attempt < 10; attempt++) {
        await settle();
        loop.receive({ type: "wake" });
      }
      await settle();
      return [types().at(-1), sockets()];
    };
    expect(await ends(null)).toEqual(["ended", 6]);
    expect(await ends("w1")).toEqual(["disconnected", 11]);
  });

  it("stays connected to a coordinator that answers without a network, on this very machine", async () => {
    const { loop, types } = bench({ status: 404 });
    void loop.run();
    await settle();
    loop.receive({ type: "network", online: false });
    await settle();
    expect(types()).toEqual(["device", "connecting"]);
  });

  it("ends with words when no device can be opened", async () => {
    const { posted } = bench();
    const failing = new TrainingLoop({
      settings: SETTINGS,
      post: (message) => posted.push(message),
      clock: { now: () => 0, after: () => () => {} },
      random: () => 0,
      connector: new SocketConnector({
        ...SETTINGS,
        clock: { now: () => 0, after: () => () => {} },
        createSocket: () => new OpeningSocket(),
        askStatus: async () => null,
      }),
      askStatus: async () => null,
      open: () => Promise.reject(Object.assign(new Error("No memory"), { code: "OUT_OF_MEMORY" })),
    });
    await failing.run();
    expect(posted).toEqual([{ type: "ended", end: { reason: "failed", message: "No memory", code: "OUT_OF_MEMORY" } }]);
  });
});
